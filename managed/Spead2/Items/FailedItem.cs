// SPDX-License-Identifier: MIT

namespace Spead2;

/// <summary>What an update of a group could not interpret: a descriptor, or a value.</summary>
/// <param name="Id">Identifier of the item; null if it is not known.</param>
/// <param name="Name">Name of the item; null if it is not known.</param>
/// <param name="Reason">Which rule is broken, and what was found.</param>
/// <param name="Item">
/// The item, which has the bytes as they were sent (<see cref="Spead2.Item.RawBytes"/>) if there was a value; null if
/// there is no such item.
/// </param>
public readonly record struct FailedItem(long? Id, string? Name, string Reason, Item? Item)
{
    /// <summary>Identifier, name and reason.</summary>
    public override string ToString() => Id is long id
        ? Name is null ? $"Item 0x{id:x}: {Reason}" : $"Item 0x{id:x} '{Name}': {Reason}"
        : Reason;
}
