// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>
/// A heap, from its first packet to its release. While it is assembled one thread at a time changes it, under its
/// stream's lock; then it is finished, waits in the ring, and is frozen when a consumer takes it. Its records are used
/// again for later heaps.
/// </summary>
internal sealed unsafe class LiveHeap
{
    public ulong Cnt;

    /// <summary>Or <see cref="Wire.LengthUnknown"/>.</summary>
    public ulong HeapLength;

    public ulong ReceivedLength;

    /// <summary>Smallest length that the heap can have, by all that is known.</summary>
    public ulong MinLength;

    public byte* Payload;

    /// <summary>Bytes at <see cref="Payload"/>.</summary>
    public ulong Capacity;

    /// <summary>The user's memory that it lives in; null for the default memory.</summary>
    public PayloadMemory? Memory;

    /// <summary>Where it lives in the user's memory.</summary>
    private MemoryBlock _block;

    /// <summary>One more than the largest offset received.</summary>
    public ulong ReceivedEnd;

    public NextPacket NextPacket;

    public int AddressBits;

    public BugCompat BugCompat;

    /// <summary>The rule that its packets obeyed.</summary>
    public bool InOrder;

    /// <summary>A packet was accepted, perhaps without payload.</summary>
    public bool HasPackets;

    /// <summary><see cref="Ranges"/> says what was received; else it is [0, <see cref="ReceivedLength"/>).</summary>
    public bool OutOfOrder;

    /// <summary>An immediate stream control item says stop.</summary>
    public bool StopItemSeen;

    /// <summary>Once finished.</summary>
    public HeapState State;

    /// <summary>The assembler's: index of the slot it lives in.</summary>
    public int Slot;

    /// <summary>The assembler's chain, later the list of waiting heaps, later the pool's.</summary>
    public LiveHeap? Next;

    /// <summary>The pool's: heaps in the list that this one begins.</summary>
    public int ListLength;

    /// <summary>Finished and incomplete: what users see.</summary>
    public PayloadRange[]? RangeCopies;

    public readonly ReceivedRanges Ranges = new();

    public readonly ItemPointers Pointers = new();

    /// <summary>The length is known and all of it has arrived.</summary>
    public bool IsComplete => ReceivedLength == HeapLength && MinLength == HeapLength;

    /// <summary>Everything that is known to belong to the heap has arrived.</summary>
    public bool IsContiguous => ReceivedLength == MinLength;

    /// <summary>Makes the record of another heap ready for this packet, which is not accepted yet.</summary>
    public void Begin(in Packet packet, BugCompat bugCompat, PayloadMemory? memory)
    {
        Memory = memory;
        Cnt = packet.Cnt;
        HeapLength = Wire.LengthUnknown;
        ReceivedLength = 0;
        MinLength = 0;
        ReceivedEnd = 0;
        NextPacket.Header = 0;
        AddressBits = packet.AddressBits;
        BugCompat = bugCompat;
        HasPackets = false;
        OutOfOrder = false;
        StopItemSeen = false;
        State = HeapState.None;
        RangeCopies = null;
    }

    /// <summary>
    /// Takes the next packet of the heap undecoded, if it is in order and brings nothing new but payload, as most are.
    /// There must be at least <see cref="Wire.UsualPrefix"/> bytes; <paramref name="exact"/> says that none may follow
    /// the packet.
    /// </summary>
    /// <returns>
    /// The length of the payload, or <see cref="Wire.LengthUnknown"/>, and no change, for all other packets.
    /// </returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong TakeNext(ReadOnlySpan<byte> bytes, bool exact, PayloadCopy copy)
    {
        ulong offset = ReceivedLength;
        ulong rest = (ulong)bytes.Length - Wire.UsualPrefix;
        ulong lengthPointer = BinaryPrimitives.ReadUInt64BigEndian(bytes[32..]);

        // Where the length is known already, the copy need not wait for the packet's own word on it.
        ulong length = exact ? rest : lengthPointer - NextPacket.PayloadLengthPointer;
        ulong differences =
            (BinaryPrimitives.ReadUInt64LittleEndian(bytes) ^ NextPacket.Header) |
            (BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]) ^ NextPacket.CntPointer) |
            (BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]) ^ NextPacket.HeapLengthPointer) |
            (BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]) ^ (NextPacket.PayloadOffsetPointer + offset)) |
            (lengthPointer ^ (NextPacket.PayloadLengthPointer + length));
        if (differences != 0 || NextPacket.Header == 0 || length > HeapLength - offset || length > rest)
        {
            return Wire.LengthUnknown;
        }

        ReceivedLength = offset + length;
        ReceivedEnd = offset + length;
        copy.Copy(bytes.Slice(Wire.UsualPrefix, (int)length), Payload + offset, Capacity);
        return length;
    }

    /// <summary>
    /// Ends the assembly. Of an incomplete heap, ranges and payload are kept only if asked for; if there is no memory
    /// for the ranges, they are lost.
    /// </summary>
    public void Finish(bool keepRanges, bool keepPayload)
    {
        if (IsComplete)
        {
            State = HeapState.Complete | HeapState.Contiguous;
        }
        else if (IsContiguous)
        {
            State = HeapState.Contiguous;
        }
        else
        {
            if (keepRanges)
            {
                KeepRanges();
            }

            if (!keepPayload)
            {
                FreePayload();
            }
        }

        if (OutOfOrder)
        {
            Ranges.Clear();
        }
    }

    /// <summary>Gives the heap and its memory back.</summary>
    public void Free()
    {
        FreePayload();
        if (OutOfOrder)
        {
            Ranges.Clear();
        }

        Pointers.Clear();
        Memory = null;
        LiveHeapPool.Return(this);
    }

    /// <summary>Moves the payload to a block of at least this many bytes; false if there is no memory.</summary>
    public bool TryMovePayload(ulong capacity, in Packet packet)
    {
        MemoryBlock block = default;
        byte* payload;
        if (Memory is null)
        {
            payload = Recycler.Allocate(capacity);
        }
        else
        {
            block = Memory.Allocate(capacity, packet);
            payload = (byte*)block.Address;
        }

        if (payload is null)
        {
            return false;
        }

        Buffer.MemoryCopy(Payload, payload, capacity, ReceivedEnd);
        FreePayload();
        Payload = payload;
        Capacity = capacity;
        _block = block;
        return true;
    }

    private void FreePayload()
    {
        if (Memory is null)
        {
            Recycler.Free(Payload, Capacity);
        }
        else if (Payload is not null)
        {
            Memory.Free(_block);
            _block = default;
        }

        Payload = null;
        Capacity = 0;
    }

    private void KeepRanges()
    {
        // An empty packet leaves an empty range, in in-order mode nothing.
        bool hasPrefix = ReceivedLength != 0 || (HasPackets && !InOrder);
        int count = OutOfOrder ? Ranges.Count : hasPrefix ? 1 : 0;
        if (count == 0)
        {
            return;
        }

        try
        {
            RangeCopies = new PayloadRange[count];
        }
        catch (OutOfMemoryException)
        {
            return;
        }

        if (OutOfOrder)
        {
            Ranges.CopyTo(RangeCopies);
        }
        else
        {
            RangeCopies[0] = new(0, (long)ReceivedLength);
        }
    }
}
