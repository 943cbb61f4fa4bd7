// SPDX-License-Identifier: MIT

using System.Numerics;

namespace Spead2.Managed;

/// <summary>The distinct item pointers of a heap in order of arrival.</summary>
internal sealed class ItemPointers
{
    /// <summary>Pointers that are found without a table, and that a recycled heap has room for.</summary>
    private const int Few = 8;

    private const int SmallestTableBits = 5;

    private ItemPointer[] _items = new ItemPointer[Few];

    // Indices + 1 by hash, once there are more than a few.
    private int[]? _table;

    // Where the next pointer is, if it repeats those of an earlier packet.
    private int _expected;

    public int Count { get; private set; }

    /// <summary>The pointers.</summary>
    public ReadOnlySpan<ItemPointer> All => _items.AsSpan(0, Count);

    /// <summary>Forgets all pointers.</summary>
    public void Clear()
    {
        Count = 0;
        if (_table is not null)
        {
            _table = null;
            _items = new ItemPointer[Few];
        }
    }

    /// <summary>Makes room for further pointers; false, and no change, if there is no memory.</summary>
    public bool TryReserve(int more)
    {
        if (more <= _items.Length - Count)
        {
            return true;
        }

        try
        {
            Grow(Count + more);
            return true;
        }
        catch (OutOfMemoryException)
        {
            return false;
        }
    }

    /// <summary>Says that the pointers of another packet follow.</summary>
    public void BeginPacket() => _expected = 0;

    /// <summary>Adds a pointer unless it is there already. There must be room.</summary>
    public void Add(ulong pointer)
    {
        if (_expected < Count && _items[_expected].Wire == pointer)
        {
            _expected++;
            return;
        }

        int known;
        if (_table is null)
        {
            known = FindAmongFew(pointer);
        }
        else
        {
            ref int slot = ref FindSlot(_table, pointer);
            known = slot == 0 ? Count : slot - 1;
            slot = known + 1;
        }

        if (known == Count)
        {
            _items[Count] = new(pointer, Count);
            Count++;
        }

        _expected = known + 1;
    }

    /// <summary>
    /// Puts the pointers in the order in which users see items: by address, then the immediates by value; the
    /// identifier takes no part, and equals keep their order of arrival. Nothing may be added after that.
    /// </summary>
    public void Sort(int addressBits)
    {
        ItemPointerOrder order = ItemPointerOrder.For(addressBits);
        for (int i = 1; i < Count; i++)
        {
            if (order.Compare(_items[i - 1], _items[i]) > 0)
            {
                _items.AsSpan(0, Count).Sort(order);
                return;
            }
        }
    }

    private void Grow(int needed)
    {
        int bits = _table is null ? SmallestTableBits : BitOperations.Log2((uint)_table.Length);
        while ((1 << bits) / 2 < needed)
        {
            bits++;
        }

        ItemPointer[] items = new ItemPointer[(1 << bits) / 2];
        int[] table = new int[1 << bits];
        All.CopyTo(items);
        _items = items;
        _table = table;
        for (int i = 0; i < Count; i++)
        {
            FindSlot(table, items[i].Wire) = i + 1;
        }
    }

    private int FindAmongFew(ulong pointer)
    {
        int i = 0;
        while (i < Count && _items[i].Wire != pointer)
        {
            i++;
        }

        return i;
    }

    /// <summary>The table's slot that holds the pointer, or the empty one where it belongs.</summary>
    private ref int FindSlot(int[] table, ulong pointer)
    {
        uint mask = (uint)table.Length - 1;
        uint slot = (uint)Hash(pointer) & mask;
        while (table[slot] != 0 && _items[table[slot] - 1].Wire != pointer)
        {
            slot = (slot + 1) & mask;
        }

        return ref table[slot];
    }

    /// <summary>
    /// Mixes all bits of a pointer into all bits of the hash (two rounds of xor, shift, multiply), which no sender can
    /// know.
    /// </summary>
    private static ulong Hash(ulong pointer)
    {
        ulong x = pointer ^ Secret.OfItemPointers;
        x = (x ^ (x >> 33)) * 0xff51afd7ed558ccd;
        x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53;
        return x ^ (x >> 33);
    }
}
