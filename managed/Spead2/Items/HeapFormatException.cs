// SPDX-License-Identifier: MIT

namespace Spead2;

/// <summary>
/// A complete heap has content that breaks a rule: a descriptor that means nothing, or a value that does not fit its
/// descriptor (spead2: errors in interpreting a fully assembled heap). The message names the item, the rule and
/// what was found.
/// </summary>
public sealed class HeapFormatException : FormatException
{
    /// <summary>Makes an exception.</summary>
    /// <param name="message">What failed, the value, and the rule.</param>
    /// <param name="itemId">Identifier of the item, if it is known.</param>
    /// <param name="itemName">Name of the item, if it is known.</param>
    /// <param name="innerException">What failed underneath.</param>
    public HeapFormatException(
        string message, long? itemId = null, string? itemName = null, Exception? innerException = null)
        : base(message, innerException)
    {
        ItemId = itemId;
        ItemName = itemName;
    }

    /// <summary>Identifier of the item that failed; null if it is not known.</summary>
    public long? ItemId { get; }

    /// <summary>Name of the item that failed; null if it is not known.</summary>
    public string? ItemName { get; }

    /// <summary>The same failure, with the item that it is about.</summary>
    internal HeapFormatException About(long id, string? name) => new(
        name is null ? $"Item 0x{id:x}: {Message}" : $"Item 0x{id:x} '{name}': {Message}", id, name, this);
}
