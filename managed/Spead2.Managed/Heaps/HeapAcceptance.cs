// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>Makes packets part of a heap.</summary>
internal static unsafe class HeapAcceptance
{
    /// <summary>Makes a packet of this cnt part of the heap, or says why not and changes nothing.</summary>
    public static Verdict Accept(LiveHeap heap, in Packet packet, in HeapRules rules, PayloadCopy copy)
    {
        ulong needed = packet.HasHeapLength ? packet.HeapLength : packet.PayloadEnd;
        Verdict verdict = Check(heap, packet, needed, rules);
        if (verdict != Verdict.Accepted)
        {
            return verdict;
        }

        // Whatever can fail comes first.
        if ((heap.Placer is null && !HeapPayload.TryMakeRoom(heap, packet, rules, copy)) ||
            !heap.Pointers.TryReserve(packet.ItemCount + (heap.Unpointed != 0 ? 1 : 0)) ||
            (heap.OutOfOrder && !heap.Ranges.TryAdd(packet.PayloadOffset, packet.PayloadEnd)))
        {
            return Verdict.NoMemory;
        }

        if (heap.Placer is not null && heap.Placer.Bind(heap, packet) == Verdict.Waits)
        {
            return Verdict.Waits;
        }

        if (packet.ItemCount != 0)
        {
            ApplyItems(heap, packet);
        }

        heap.InOrder = rules.InOrder;
        heap.HasPackets = true;
        heap.HeapLength = packet.HasHeapLength ? packet.HeapLength : heap.HeapLength;
        heap.MinLength = Math.Max(heap.MinLength, needed);
        heap.ReceivedLength += packet.PayloadLength;
        if (packet.PayloadLength != 0)
        {
            heap.LastEnd = Math.Max(heap.LastEnd, packet.PayloadEnd);
            CopyPayload(heap, packet, copy);

            // A heap of unknown length may have a block that is larger than any heap may be.
            heap.StepEnd = Math.Min(heap.StepEnd, rules.MaxHeapSize);
        }

        if (packet.PayloadOffset != 0 && packet.PayloadEnd != packet.HeapLength)
        {
            heap.NoteLength(packet.PayloadLength);
        }

        ExpectNext(heap, packet);
        return Verdict.Accepted;
    }

    private static void CopyPayload(LiveHeap heap, in Packet packet, PayloadCopy copy)
    {
        if (heap.Placer is null)
        {
            HeapPayload.Advance(heap);
        }
        else if (heap.Payload is null)
        {
            return;
        }
        else
        {
            heap.StepEnd = heap.HeapLength;
            heap.Placer.NotePacket(heap, packet.PayloadOffset);
        }

        copy.Copy(packet, heap.Payload, heap.IsNonTemporal);
    }

    private static Verdict Check(LiveHeap heap, in Packet packet, ulong needed, in HeapRules rules)
    {
        if (packet.HasHeapLength &&
            (packet.HeapLength < heap.MinLength ||
                (heap.HeapLength != Wire.LengthUnknown && packet.HeapLength != heap.HeapLength)))
        {
            return Verdict.RejectedLength;
        }

        if (packet.AddressBits != heap.AddressBits)
        {
            return Verdict.RejectedFlavour;
        }

        if (needed > rules.MaxHeapSize)
        {
            return Verdict.TooLarge;
        }

        if (!packet.HasHeapLength && LeavesTooLargeGap(heap, packet, rules.MaxUnsizedGap))
        {
            return Verdict.GapTooLarge;
        }

        Verdict verdict = CheckPosition(heap, packet, rules.InOrder);
        return verdict == Verdict.Accepted && heap.Pointers.Count + packet.ItemCount > HeapRules.MaxParts
            ? CheckItems(heap, packet)
            : verdict;
    }

    private static Verdict CheckPosition(LiveHeap heap, in Packet packet, bool inOrder)
    {
        ulong offset = packet.PayloadOffset;
        if (!heap.OutOfOrder && offset == heap.ReceivedLength)
        {
            return Verdict.Accepted;
        }

        if (inOrder)
        {
            return offset < heap.ReceivedLength ? Verdict.RejectedBehind : Verdict.RejectedAhead;
        }

        if (!heap.OutOfOrder && offset < heap.ReceivedLength)
        {
            return Verdict.RejectedDuplicate;
        }

        return CheckRanges(heap, packet);
    }

    private static Verdict CheckRanges(LiveHeap heap, in Packet packet)
    {
        if (!heap.OutOfOrder && !TryStartRanges(heap))
        {
            return Verdict.NoMemory;
        }

        return heap.Ranges.Check(packet.PayloadOffset, packet.PayloadEnd) switch
        {
            RangesVerdict.Duplicate => Verdict.RejectedDuplicate,
            RangesVerdict.Overlap => Verdict.RejectedOverlap,
            RangesVerdict.New when heap.Ranges.Count >= HeapRules.MaxParts => Verdict.TooLarge,
            _ => Verdict.Accepted,
        };
    }

    /// <summary>From now on the ranges say what was received.</summary>
    private static bool TryStartRanges(LiveHeap heap)
    {
        if (heap.HasPackets)
        {
            heap.Ranges.Check(0, heap.ReceivedLength);
            if (!heap.Ranges.TryAdd(0, heap.ReceivedLength))
            {
                return false;
            }
        }

        heap.LastEnd = heap.ReceivedLength;
        heap.OutOfOrder = true;
        heap.NextPacket.Header = 0;
        return true;
    }

    /// <summary>
    /// Whether a packet that does not say how long its heap is lies too far behind what there is.
    /// </summary>
    private static bool LeavesTooLargeGap(LiveHeap heap, in Packet packet, ulong maxGap)
    {
        ulong length = heap.HeapLength != Wire.LengthUnknown ? heap.HeapLength : 0;
        ulong end = Math.Max(length, heap.ReceivedEnd);
        return packet.PayloadOffset > end && packet.PayloadOffset - end > maxGap;
    }

    /// <summary>Whether a heap that has almost as many items as it may have has room for those of a packet.</summary>
    private static Verdict CheckItems(LiveHeap heap, in Packet packet)
    {
        int before = heap.Pointers.Count;
        if (!heap.Pointers.TryReserve(packet.ItemCount))
        {
            return Verdict.NoMemory;
        }

        bool fits = TryAddItems(heap, packet);
        heap.Pointers.Shorten(before);
        return fits ? Verdict.Accepted : Verdict.TooLarge;
    }

    /// <summary>Adds the items of a packet to the heap's; false if there is no room for them.</summary>
    private static bool TryAddItems(LiveHeap heap, in Packet packet)
    {
        Span<ulong> batch = stackalloc ulong[ItemPointers.Batch];
        int count = 0;
        heap.Pointers.BeginPacket();
        for (ReadOnlySpan<byte> items = packet.Items; !items.IsEmpty; items = items[Wire.PointerSize..])
        {
            ulong pointer = BinaryPrimitives.ReadUInt64BigEndian(items);
            if (Wire.Id(pointer, packet.AddressBits) is ItemId.Null or > ItemId.PayloadLength)
            {
                batch[count++] = pointer;
            }

            if (count == batch.Length)
            {
                if (!heap.Pointers.TryAdd(batch))
                {
                    return false;
                }

                count = 0;
            }
        }

        return heap.Pointers.TryAdd(batch[..count]);
    }

    private static void ApplyItems(LiveHeap heap, in Packet packet)
    {
        for (ReadOnlySpan<byte> items = packet.Items; !items.IsEmpty; items = items[Wire.PointerSize..])
        {
            ulong pointer = BinaryPrimitives.ReadUInt64BigEndian(items);
            ulong value = Wire.Value(pointer, packet.AddressBits);
            if ((pointer & Wire.ImmediateBit) == 0)
            {
                heap.MinLength = Math.Max(heap.MinLength, value);
            }
            else if (value == Wire.StreamStop && Wire.Id(pointer, packet.AddressBits) == ItemId.StreamControl)
            {
                heap.StopItemSeen = true;
            }
        }

        // There is room.
        int before = heap.Pointers.Count;
        TryAddItems(heap, packet);
        if (before != 0 && heap.Pointers.Count != before)
        {
            LookForContradiction(heap, before);
        }
    }

    /// <summary>
    /// Whether a packet gives another value to an item of the packets before it, which brought so many pointers. No two
    /// are equal.
    /// </summary>
    private static void LookForContradiction(LiveHeap heap, int before)
    {
        ReadOnlySpan<ulong> earlier = heap.Pointers.All[..Math.Min(before, HeapRules.PointersCompared)];
        foreach (ulong pointer in heap.Pointers.All[before..])
        {
            if ((heap.State & HeapState.Contradictory) != 0)
            {
                return;
            }

            if ((pointer & Wire.ImmediateBit) == 0 || Wire.Id(pointer, heap.AddressBits) <= ItemId.StreamControl)
            {
                continue;
            }

            foreach (ulong other in earlier)
            {
                if ((pointer ^ other) >> heap.AddressBits == 0)
                {
                    heap.State |= HeapState.Contradictory;
                }
            }
        }
    }

    /// <summary>
    /// Says what packet may be taken undecoded: none, if what would not be looked at is unusual. A further special pointer
    /// is: it overrides one of the first.
    /// </summary>
    private static void ExpectNext(LiveHeap heap, in Packet packet)
    {
        ref NextPacket next = ref heap.NextPacket;
        ulong immediate = Wire.ImmediateBit >> heap.AddressBits;
        next.Header = 0;
        if (heap.OutOfOrder || heap.ReceivedLength == 0 || heap.HasReturned || heap.Payload is null)
        {
            return;
        }

        next.PayloadOffsetPointer = (immediate | ItemId.PayloadOffset) << heap.AddressBits;
        next.PayloadLengthPointer = (immediate | ItemId.PayloadLength) << heap.AddressBits;
        int special = FindSpecial(heap, packet);
        if (special == 0 || heap.StopItemSeen || HasSpecial(packet) || !heap.TryRepeat(packet.Items))
        {
            return;
        }

        next.Header = BinaryPrimitives.ReadUInt64LittleEndian(packet.Bytes);
        next.CntPointer = BinaryPrimitives.ReadUInt64LittleEndian(packet.Bytes[Wire.HeaderSize..]);
        next.HeapLengthPointer = BinaryPrimitives.ReadUInt64LittleEndian(packet.Bytes[(special - Wire.PointerSize)..]);
        next.Special = special;
        next.Prefix = packet.Bytes.Length - packet.Payload.Length;
    }

    /// <summary>
    /// Where a packet has the pointers of its offset and length, if those of its cnt and, in a heap whose length is known,
    /// HEAP_LENGTH come before them, in the order of the identifiers; else 0.
    /// </summary>
    private static int FindSpecial(LiveHeap heap, in Packet packet)
    {
        const int Sized = Wire.HeaderSize + 2 * Wire.PointerSize;
        const int Unsized = Wire.HeaderSize + Wire.PointerSize;
        int items = packet.Bytes.Length - packet.Payload.Length - packet.Items.Length;
        if (packet.HasUsualPrefix)
        {
            return heap.MinLength == heap.HeapLength && items == Sized + 2 * Wire.PointerSize ? Sized : 0;
        }

        bool matches = heap.HeapLength == Wire.LengthUnknown && items == Unsized + 2 * Wire.PointerSize &&
            BinaryPrimitives.ReadUInt64BigEndian(packet.Bytes[Unsized..]) ==
                heap.NextPacket.PayloadOffsetPointer + packet.PayloadOffset &&
            BinaryPrimitives.ReadUInt64BigEndian(packet.Bytes[(Unsized + Wire.PointerSize)..]) ==
                heap.NextPacket.PayloadLengthPointer + packet.PayloadLength;
        return matches ? Unsized : 0;
    }

    /// <summary>Whether a special pointer comes after the first other one.</summary>
    private static bool HasSpecial(in Packet packet)
    {
        for (int i = 0; i < packet.Items.Length; i += Wire.PointerSize)
        {
            ulong pointer = BinaryPrimitives.ReadUInt64BigEndian(packet.Items[i..]);
            if (Wire.Id(pointer, packet.AddressBits) is not 0 and <= ItemId.PayloadLength)
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>What limits the packets that a heap accepts.</summary>
internal readonly record struct HeapRules(bool InOrder, ulong MaxHeapSize, ulong MaxUnsizedGap)
{
    /// <summary>
    /// Most distinct item pointers, and most received ranges, that one heap may have. No sender needs this many, and
    /// memory stays bounded whatever the network sends. A packet whose payload lies next to what was received, or whose
    /// item pointers are known, brings none.
    /// </summary>
    public const int MaxParts = 1 << 20;

    /// <summary>Item pointers of a heap that those of later packets are compared with.</summary>
    public const int PointersCompared = 64;
}
