// SPDX-License-Identifier: MIT

using Spead2.Managed.Linux;

namespace Spead2.Managed;

/// <summary>
/// The memory of a heap's payload. It follows what has arrived, not what is announced: of a block of the default memory
/// only what packets have reached is committed, and huge pages back at most twice of what has arrived without a gap.
/// </summary>
internal static unsafe class HeapPayload
{
    // A heap of unknown length moves to blocks of twice the size up to this one, and then to one that grows where it is.
    private const ulong MostMoved = 64 << 10;

    // Most address space for a heap of unknown length, unless it comes to need more.
    private const ulong MostReserved = 64UL << 30;

    // Pages that a separate range of bytes may touch beyond those that it fills.
    private const ulong RangeSlack = 2 * 4096;

    /// <summary>Makes room for a packet that was not accepted yet; false if there is no memory.</summary>
    public static bool TryMakeRoom(LiveHeap heap, in Packet packet, in HeapRules rules, PayloadCopy copy)
    {
        ulong room = RoomFor(heap, packet, copy);
        if (room <= heap.Block.Usable)
        {
            return true;
        }

        ulong length = packet.HasHeapLength ? packet.HeapLength : heap.HeapLength;
        bool isSized = length != Wire.LengthUnknown && length >= room;
        if (heap.Memory is null && room <= heap.Block.Size)
        {
            return TryWiden(heap, room, isSized, copy);
        }

        if (!(isSized
            ? TryMove(heap, length, room, packet, copy)
            : TryMoveUnsized(heap, room, packet, rules.MaxHeapSize, copy)))
        {
            return false;
        }

        heap.IsNonTemporal = copy.Take(heap.Payload, isSized ? length : heap.Block.Usable);
        return true;
    }

    /// <summary>
    /// What is due when a packet with payload was accepted, before it is copied: more of the block is made usable, and
    /// of huge pages; and how far in-order packets need nothing of that kind is found out.
    /// </summary>
    public static void Advance(LiveHeap heap)
    {
        heap.StepEnd = Math.Min(heap.HeapLength, heap.Block.Usable);
        if (heap.Block.Size >= HugePages.Size && heap.Memory is not { BacksBlocks: false } &&
            SystemMemory.CanReserve(heap.Block.Size))
        {
            AdvanceLarge(heap);
        }
    }

    /// <summary>Notes what of the block was written to, while the ranges are still known.</summary>
    public static void Settle(LiveHeap heap)
    {
        if (heap.Memory is not null || (heap.OutOfOrder && heap.Ranges.Count == 0))
        {
            return;
        }

        ulong prefix = heap.Prefix;
        int others = heap.OutOfOrder ? heap.Ranges.Count - (prefix != 0 ? 1 : 0) : 0;
        heap.Block.Warm = Math.Max(heap.Block.Warm, prefix);
        heap.Block.Sparse += heap.ReceivedLength - prefix + (ulong)others * RangeSlack;
    }

    /// <summary>Gives the payload's memory back.</summary>
    public static void Free(LiveHeap heap)
    {
        if (heap.Block.Memory is not null)
        {
            if (heap.Memory is null)
            {
                Recycler.Give(heap.Block);
            }
            else
            {
                heap.Memory.Free(heap.UserBlock);
                heap.UserBlock = default;
            }
        }

        heap.Block = default;
        heap.Payload = null;
    }

    /// <summary>Bytes that must be usable before a packet is copied.</summary>
    private static ulong RoomFor(LiveHeap heap, in Packet packet, PayloadCopy copy)
    {
        // A user's copy function may write anywhere in a heap whose length is known; and other memory than the default
        // one is asked for only once.
        if (packet.HasHeapLength && (heap.Memory is not null || !copy.IsPlain))
        {
            return packet.HeapLength;
        }

        return packet.PayloadLength != 0 ? packet.PayloadEnd : 0;
    }

    private static bool TryWiden(LiveHeap heap, ulong room, bool isSized, PayloadCopy copy)
    {
        if (!Recycler.TryWiden(ref heap.Block, room))
        {
            return false;
        }

        if (!isSized)
        {
            heap.IsNonTemporal |= copy.Widen(heap.Block.Usable);
        }

        return true;
    }

    /// <summary>Moves a heap whose length nobody knows.</summary>
    private static bool TryMoveUnsized(
        LiveHeap heap, ulong room, in Packet packet, ulong maxHeapSize, PayloadCopy copy)
    {
        ulong size = Math.Max(room, Math.Min(heap.Block.Size * 2, maxHeapSize));
        ulong reserve = Math.Max(size, Math.Min(maxHeapSize, MostReserved));
        return (heap.Memory is null && size > MostMoved && SystemMemory.CanReserve(reserve) &&
                TryMove(heap, reserve, room, packet, copy)) ||
            TryMove(heap, size, room, packet, copy);
    }

    /// <summary>
    /// Moves the payload to a block that may come to have so many bytes. Only what was received is copied: what nobody
    /// has sent costs nothing.
    /// </summary>
    private static bool TryMove(LiveHeap heap, ulong size, ulong usable, in Packet packet, PayloadCopy copy)
    {
        Receive.MemoryBlock userBlock = default;
        if (!(heap.Memory is null
            ? Recycler.TryTake(size, usable, out PayloadBlock block)
            : heap.Memory.TryTake(size, packet, out block, out userBlock)))
        {
            return false;
        }

        if (heap.Payload is not null)
        {
            // The old block is somebody else's next.
            copy.Fence();
            if (heap.OutOfOrder)
            {
                heap.Ranges.CopyBytes(heap.Payload, block.Memory);
            }
            else
            {
                Buffer.MemoryCopy(heap.Payload, block.Memory, heap.ReceivedLength, heap.ReceivedLength);
            }

            Settle(heap);
            Free(heap);
        }

        heap.Block = block;
        heap.UserBlock = userBlock;
        heap.Payload = block.Memory;
        return true;
    }

    private static void AdvanceLarge(LiveHeap heap)
    {
        ulong prefix = heap.Prefix;
        ulong limit = SystemMemory.WholePages((nuint)Math.Min(heap.Block.Size, heap.HeapLength));
        ulong due = NextStep(heap, limit);
        if (prefix > due)
        {
            Back(heap, Math.Min(2 * prefix, limit));
            due = NextStep(heap, limit);
        }

        heap.StepEnd = Math.Min(Math.Min(heap.HeapLength, heap.Block.Usable), Math.Max(due, prefix));
    }

    /// <summary>
    /// With which prefix huge pages are to reach further: before in-order packets, and such as are not much out of
    /// order, come to the end of those that there are.
    /// </summary>
    private static ulong NextStep(LiveHeap heap, ulong limit)
    {
        ulong end = heap.Block.Warm & ~(HugePages.Size - 1UL);
        return end >= limit ? ulong.MaxValue : end == 0 ? HugePages.Size : end - end / 4;
    }

    /// <summary>Lets huge pages back the block up to an end, and makes it usable as far as that.</summary>
    private static void Back(LiveHeap heap, ulong end)
    {
        if (heap.Memory is null)
        {
            // If there is no memory for that the packets that need it will find out.
            _ = Recycler.TryWiden(ref heap.Block, end);
            Recycler.Back(ref heap.Block, end);
            return;
        }

        ulong whole = end & ~(HugePages.Size - 1UL);
        if (whole > heap.Block.Warm)
        {
            heap.Memory.Allocator.Back(heap.UserBlock, (long)whole);
            heap.Block.Warm = whole;
        }
    }
}
