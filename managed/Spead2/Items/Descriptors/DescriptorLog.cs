// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;

namespace Spead2.Items.Descriptors;

/// <summary>Log messages about descriptors that are left out.</summary>
internal static partial class DescriptorLog
{
    [LoggerMessage(
        EventId = 1,
        Level = LogLevel.Information,
        Message = "The last {Bytes} bytes of a descriptor are no packet and are ignored.")]
    public static partial void NoPacket(ILogger logger, int bytes);

    [LoggerMessage(
        EventId = 2,
        Level = LogLevel.Information,
        Message = "A descriptor is ignored because it does not say which item it describes.")]
    public static partial void NoIdentifier(ILogger logger);

    [LoggerMessage(
        EventId = 3,
        Level = LogLevel.Information,
        Message = "Item 0x{Id:x} of a descriptor is not known, or not as it is sent, and is ignored.")]
    public static partial void UnknownPart(ILogger logger, long id);

    [LoggerMessage(
        EventId = 4,
        Level = LogLevel.Information,
        Message = "A descriptor is ignored because a part of it is missing.")]
    public static partial void CutShort(ILogger logger);

    [LoggerMessage(
        EventId = 5,
        Level = LogLevel.Information,
        Message = "A descriptor is ignored because it is an immediate, which has no room for one.")]
    public static partial void Immediate(ILogger logger);
}
