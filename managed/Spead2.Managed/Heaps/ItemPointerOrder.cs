// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>The order in which users see the items of a flavour.</summary>
internal sealed class ItemPointerOrder : IComparer<ItemPointer>
{
    // By address bytes. Made once, so that sorting allocates nothing.
    private static readonly ItemPointerOrder[] Orders =
        [.. Enumerable.Range(0, Wire.PointerSize).Select(addressBytes => new ItemPointerOrder(addressBytes * 8))];

    private readonly ulong _keyMask;

    private ItemPointerOrder(int addressBits)
    {
        _keyMask = Wire.ImmediateBit | ((1UL << addressBits) - 1);
    }

    public static ItemPointerOrder For(int addressBits) => Orders[addressBits / 8];

    public int Compare(ItemPointer x, ItemPointer y)
    {
        int order = (x.Wire & _keyMask).CompareTo(y.Wire & _keyMask);
        return order != 0 ? order : x.Arrival.CompareTo(y.Arrival);
    }
}
