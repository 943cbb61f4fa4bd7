// SPDX-License-Identifier: MIT

namespace Spead2;

/// <summary>
/// The value that an item has, without a type: to be shown, or taken as an object. It is read on demand. After the item
/// has been updated again, removed, or its group disposed, every member throws
/// <see cref="ObjectDisposedException"/>. The default is that of an item without a value.
/// </summary>
public readonly struct ItemValue
{
    private readonly Item? _item;
    private readonly long _version;

    internal ItemValue(Item item)
    {
        _item = item;
        _version = item.Version;
    }

    /// <summary>
    /// A copy as an object. A scalar is one of the type's <see cref="ItemType.NativeType"/> (a character is a
    /// <see cref="char"/>; times are <see cref="DateTime"/> or <see cref="TimeSpan"/> if all are exactly that), a text is
    /// a string, an array is a flat array in row-major order, whatever its rank. Null if there is no value.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The item has another value now, or none.</exception>
    public object? ToObject() => Current?.ReadObject();

    /// <summary>
    /// The value in words: arrays in nested brackets, shortened if they are long. Empty if there is none.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The item has another value now, or none.</exception>
    public override string ToString() => Current?.ReadDisplayText() ?? "";

    private Item? Current => _item is null || _item.Version == _version
        ? _item
        : throw new ObjectDisposedException(
            nameof(ItemValue), $"This is no longer the value of item 0x{_item.Id:x} '{_item.Name}'.");
}
