// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using Spead2.Managed;

namespace Spead2.Aot;

/// <summary>
/// The objects behind the pointers that C programs hold. A pointer's value has the kind (5 bits), the generation (32
/// bits) and the index (27 bits) of a slot; a slot's generation changes whenever it is taken or given up, and is odd
/// while it is taken. So a value that is stale, of another kind or no handle at all finds nothing. Any thread.
/// </summary>
internal static class HandleTable
{
    private const int IndexBits = 27;
    private const int GenerationBits = 32;
    private const int KindShift = IndexBits + GenerationBits;
    private const uint IndexMask = (1u << IndexBits) - 1;

    // Slots are made in blocks that never move, so that looking one up needs no lock.
    private const int BlockBits = 10;
    private const int BlockSize = 1 << BlockBits;
    private const int NoSlot = -1;

    private static readonly Lock TakerLock = new();

    // Under the lock: slots that have been given up, and slots that there are.
    private static int _firstFree = NoSlot;
    private static int _count;

    private static Slot[][] _blocks = [];

    /// <summary>Takes a slot; gives the value of its pointer.</summary>
    /// <exception cref="Spead2Exception">There is none.</exception>
    public static unsafe void* Add(HandleKind kind, object target)
    {
        int index;
        lock (TakerLock)
        {
            index = _firstFree == NoSlot ? AddSlot() : _firstFree;
            ref Slot free = ref SlotAt(index);
            _firstFree = free.NextFree;
        }

        ref Slot slot = ref SlotAt(index);
        slot.Target = target;
        uint generation = slot.Generation + 1;
        Volatile.Write(ref slot.Generation, generation);
        return (void*)((ulong)kind << KindShift | (ulong)generation << IndexBits | (uint)index);
    }

    /// <summary>The object, or null if the value is not the handle of one.</summary>
    public static unsafe T? Find<T>(HandleKind kind, void* handle)
        where T : class
    {
        ref Slot slot = ref SlotOf(kind, handle, out uint generation);
        if (Unsafe.IsNullRef(ref slot) || Volatile.Read(ref slot.Generation) != generation)
        {
            return null;
        }

        // Both are read in this order, so that the object is that of the generation.
        object? target = Volatile.Read(ref slot.Target);
        return Volatile.Read(ref slot.Generation) == generation ? target as T : null;
    }

    /// <summary>Gives the slot up; gives the object, or null if the value is not the handle of one, any more.</summary>
    public static unsafe T? Remove<T>(HandleKind kind, void* handle)
        where T : class
    {
        ref Slot slot = ref SlotOf(kind, handle, out uint generation);
        if (Unsafe.IsNullRef(ref slot) || Volatile.Read(ref slot.Generation) != generation)
        {
            return null;
        }

        object? target = Volatile.Read(ref slot.Target);
        if (target is not T found ||
            Interlocked.CompareExchange(ref slot.Generation, generation + 1, generation) != generation)
        {
            return null;
        }

        slot.Target = null;
        lock (TakerLock)
        {
            slot.NextFree = _firstFree;
            _firstFree = IndexOf(handle);
        }

        return found;
    }

    private static unsafe int IndexOf(void* handle) => (int)((ulong)handle & IndexMask);

    /// <summary>The slot that a value names; none if it is of another kind, or there is none.</summary>
    private static unsafe ref Slot SlotOf(HandleKind kind, void* handle, out uint generation)
    {
        ulong value = (ulong)handle;
        int index = IndexOf(handle);
        generation = (uint)(value >> IndexBits);
        Slot[][] blocks = Volatile.Read(ref _blocks);
        if ((HandleKind)(value >> KindShift) != kind || generation % 2 == 0 || index >> BlockBits >= blocks.Length)
        {
            return ref Unsafe.NullRef<Slot>();
        }

        return ref blocks[index >> BlockBits][index % BlockSize];
    }

    private static ref Slot SlotAt(int index) => ref _blocks[index >> BlockBits][index % BlockSize];

    /// <summary>A new slot. Under the lock.</summary>
    private static int AddSlot()
    {
        if (_count > IndexMask)
        {
            throw StatusException.NoMemory("more handles");
        }

        if (_count >> BlockBits == _blocks.Length)
        {
            Slot[] block = new Slot[BlockSize];
            block.AsSpan().Fill(new Slot { NextFree = NoSlot });
            Volatile.Write(ref _blocks, [.. _blocks, block]);
        }

        return _count++;
    }

    private struct Slot
    {
        public uint Generation;
        public int NextFree;
        public object? Target;
    }
}
