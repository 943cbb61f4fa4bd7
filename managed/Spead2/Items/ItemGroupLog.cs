// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;

namespace Spead2;

/// <summary>Log messages of item groups.</summary>
internal static partial class ItemGroupLog
{
    [LoggerMessage(
        EventId = 11,
        Level = LogLevel.Warning,
        Message = "Item 0x{Id:x} has no descriptor and is ignored, now and in later heaps until there is one.")]
    public static partial void UnknownItem(ILogger logger, long id);

    [LoggerMessage(
        EventId = 12,
        Level = LogLevel.Information,
        Message = "Item 0x{OldId:x} '{OldName}' is replaced by item 0x{NewId:x} '{NewName}'.")]
    public static partial void Replaced(ILogger logger, long oldId, string oldName, long newId, string newName);

    [LoggerMessage(
        EventId = 13,
        Level = LogLevel.Warning,
        Message = "{Count} more messages about the items of a heap are left out.")]
    public static partial void LeftOut(ILogger logger, long count);

    [LoggerMessage(
        EventId = 14,
        Level = LogLevel.Warning,
        Message = "Item 0x{Id:x} '{Name}' has an unknown type, and its values are bytes only: {Reason}")]
    public static partial void UnknownType(ILogger logger, long id, string name, string reason);
}
