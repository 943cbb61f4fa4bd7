// SPDX-License-Identifier: MIT

using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Spead2.Items;

namespace Spead2.Managed;

/// <summary>The distinct item pointers of a heap, as numbers, in order of arrival.</summary>
internal sealed class ItemPointers
{
    /// <summary>Most pointers that are added at a time.</summary>
    public const int Batch = 64;

    /// <summary>Pointers that are found without a table, and that a recycled heap has room for.</summary>
    private const int Few = 8;

    // Slots of tables, which are at most half full: of the smallest, of the largest, which has room for all that a heap
    // may have, and how much larger one is than the one before at least.
    private const int LeastTableBits = 5;
    private const int MostTableBits = 21;
    private const int TableBitsStep = 2;

    // Longest array that is recycled, so that a flood of heaps with many pointers makes no garbage: a quarter MiB.
    private const int MostPooled = 1 << 15;

    private readonly ulong[] _few = new ulong[Few];
    private ulong[] _items;

    // Pointers by hash, xor the one that is never added, so that 0 is an empty slot; once there are more than a few.
    private ulong[]? _table;
    private int _tableBits;
    private ulong _neverAdded;

    // Where the next pointer is, if it repeats those of an earlier packet.
    private int _expected;

    public ItemPointers() => _items = _few;

    public int Count { get; private set; }

    /// <summary>The pointers.</summary>
    public ReadOnlySpan<ulong> All => _items.AsSpan(0, Count);

    /// <summary>Says of which flavour the pointers will be.</summary>
    public void Begin(int addressBits)
    {
        // HEAP_CNT is no item, whatever its mode.
        _neverAdded = (ulong)ItemId.HeapCnt << addressBits;
    }

    /// <summary>Forgets all pointers.</summary>
    public void Clear()
    {
        Count = 0;
        if (_table is not null)
        {
            Return(_items);
            Return(_table);
            _table = null;
            _items = _few;
        }
    }

    /// <summary>
    /// Makes room for further pointers, but for no more than a heap may have; false, and no change, if there is no memory.
    /// </summary>
    public bool TryReserve(int more)
    {
        int wanted = Math.Min(Count + more, HeapRules.MaxParts);
        if (wanted <= _items.Length)
        {
            return true;
        }

        try
        {
            Grow(wanted);
            return true;
        }
        catch (OutOfMemoryException)
        {
            return false;
        }
    }

    /// <summary>Says that the pointers of another packet follow.</summary>
    public void BeginPacket() => _expected = 0;

    /// <summary>
    /// Adds those of at most <see cref="Batch"/> pointers that are not there yet. False if there was no room for one of
    /// them.
    /// </summary>
    public bool TryAdd(ReadOnlySpan<ulong> added)
    {
        added = added[CountExpected(added)..];
        if (_table is null)
        {
            return TryAddToFew(added);
        }

        Span<uint> slots = stackalloc uint[Batch];
        Fetch(_table, added, slots);
        for (int i = 0; i < added.Length;)
        {
            if (!TryAddToTable(_table, added[i], slots[i]))
            {
                return false;
            }

            i++;
            i += CountExpected(added[i..]);
        }

        return true;
    }

    /// <summary>Takes out again all but the first pointers.</summary>
    public void Shorten(int count)
    {
        // Last come, first gone: the slots of those that stay have never looked past these.
        while (Count > count)
        {
            ulong pointer = _items[--Count];
            if (_table is not null)
            {
                FindSlot(_table, pointer, FirstSlot(pointer)) = 0;
            }
        }
    }

    /// <summary>
    /// Puts the pointers in the order in which users see items: by address, then the immediates by value; the
    /// identifier takes no part, and equals keep their order of arrival. Nothing may be added after that.
    /// </summary>
    public void Sort(int addressBits) => ItemPointerSort.Sort(_items.AsSpan(0, Count), addressBits);

    /// <summary>
    /// Adds the pointer of payload that no pointer points to, if that is so and there is room. To be sorted after that.
    /// </summary>
    public void AddUnlessAddressed(ulong pointer)
    {
        foreach (ulong known in All)
        {
            if ((known & Wire.ImmediateBit) == 0)
            {
                return;
            }
        }

        TryAppend(pointer);
    }

    private void Grow(int wanted)
    {
        int bits = _table is null ? LeastTableBits : Math.Min(_tableBits + TableBitsStep, MostTableBits);
        bits = Math.Max(bits, BitOperations.Log2((uint)wanted * 2 - 1) + 1);
        ulong[] table = Take(1 << bits);
        ulong[] items = Take((1 << bits) / 2);
        Array.Clear(table);
        All.CopyTo(items);
        if (_table is not null)
        {
            Return(_items);
            Return(_table);
        }

        _items = items;
        _table = table;
        _tableBits = bits;
        Span<uint> slots = stackalloc uint[Batch];
        for (int i = 0; i < Count; i += Batch)
        {
            ReadOnlySpan<ulong> batch = All[i..Math.Min(i + Batch, Count)];
            Fetch(table, batch, slots);
            for (int k = 0; k < batch.Length; k++)
            {
                FindSlot(table, batch[k], slots[k]) = batch[k] ^ _neverAdded;
            }
        }
    }

    // At least so many: the table may be longer than its mask says.
    private static ulong[] Take(int length) =>
        length <= MostPooled ? ArrayPool<ulong>.Shared.Rent(length) : new ulong[length];

    private static void Return(ulong[] array)
    {
        if (array.Length <= MostPooled)
        {
            ArrayPool<ulong>.Shared.Return(array);
        }
    }

    /// <summary>How many pointers repeat those of an earlier packet in their order.</summary>
    private int CountExpected(ReadOnlySpan<ulong> added)
    {
        int count = All[_expected..].CommonPrefixLength(added);
        _expected += count;
        return count;
    }

    private bool TryAddToFew(ReadOnlySpan<ulong> added)
    {
        foreach (ulong pointer in added)
        {
            int known = All.IndexOf(pointer);
            if (known < 0 && !TryAppend(pointer))
            {
                return false;
            }

            _expected = known < 0 ? Count : known + 1;
        }

        return true;
    }

    /// <summary>Begins to load the slots that a batch of pointers will need.</summary>
    private unsafe void Fetch(ulong[] table, ReadOnlySpan<ulong> batch, Span<uint> slots)
    {
        for (int i = 0; i < batch.Length; i++)
        {
            slots[i] = FirstSlot(batch[i]);
            if (Sse.IsSupported)
            {
                // If a collection moves the table meanwhile something else is loaded, which changes nothing.
                Sse.Prefetch0(Unsafe.AsPointer(ref table[slots[i]]));
            }
        }
    }

    private bool TryAddToTable(ulong[] table, ulong pointer, uint firstSlot)
    {
        ref ulong slot = ref FindSlot(table, pointer, firstSlot);
        if (slot != 0)
        {
            return true;
        }

        if (!TryAppend(pointer))
        {
            return false;
        }

        slot = pointer ^ _neverAdded;
        return true;
    }

    private bool TryAppend(ulong pointer)
    {
        if (Count == _items.Length)
        {
            return false;
        }

        _items[Count++] = pointer;
        return true;
    }

    /// <summary>
    /// The table's slot that holds the pointer, or the empty one where it belongs, from its first slot on.
    /// </summary>
    private ref ulong FindSlot(ulong[] table, ulong pointer, uint slot)
    {
        ulong kept = pointer ^ _neverAdded;
        uint mask = (1u << _tableBits) - 1;
        while (table[slot] != 0 && table[slot] != kept)
        {
            slot = (slot + 1) & mask;
        }

        return ref table[slot];
    }

    /// <summary>The slot where a search for a pointer begins: a hash that no sender can know.</summary>
    private uint FirstSlot(ulong pointer)
    {
        ulong x = (pointer ^ Secret.OfItemPointers) * (Secret.OfItemPointers | 1);
        x = (x ^ (x >> 32)) * 0xc4ceb9fe1a85ec53;
        return (uint)(x >> (64 - _tableBits));
    }
}
