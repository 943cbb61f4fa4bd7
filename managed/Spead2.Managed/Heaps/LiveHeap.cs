// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Spead2.Chunks;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>
/// A heap, from its first packet to its release. While it is assembled one thread at a time changes it, under its
/// stream's lock; then it is finished, waits in the ring, and is frozen when a consumer takes it. Its records are used
/// again for later heaps.
/// </summary>
internal sealed unsafe class LiveHeap
{
    private RepeatedPointers _repeated;

    public ulong Cnt;

    /// <summary>Or <see cref="Wire.LengthUnknown"/>.</summary>
    public ulong HeapLength;

    public ulong ReceivedLength;

    /// <summary>Smallest length that the heap can have, by all that is known.</summary>
    public ulong MinLength;

    public byte* Payload;

    /// <summary>Payload is copied by non-temporal stores.</summary>
    public bool IsNonTemporal;

    /// <summary>In-order packets up to here need nothing but their copy.</summary>
    public ulong StepEnd;

    /// <summary>Largest payload of a packet but the first and the last; or 0.</summary>
    public uint PacketLength;

    /// <summary>The user's memory that it lives in; null for the default memory.</summary>
    public PayloadMemory? Memory;

    /// <summary>The memory at <see cref="Payload"/>.</summary>
    public PayloadBlock Block;

    /// <summary>The same as the user's allocator gave it.</summary>
    public MemoryBlock UserBlock;

    /// <summary>Out of order: one more than the largest offset received.</summary>
    public ulong LastEnd;

    public NextPacket NextPacket;

    /// <summary>Item pointer of the payload, if none points to it; 0: there is no such item.</summary>
    public ulong Unpointed;

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

    /// <summary>Who sent its first packet; nobody: not known.</summary>
    public SenderAddress Sender;

    /// <summary>The same as a number, the assembler's; 0: nobody.</summary>
    public ulong SenderNumber;

    /// <summary>While it is live, the last two only.</summary>
    public HeapState State;

    /// <summary>What gives the payload its place; null if it has memory of its own.</summary>
    public PayloadPlacer? Placer;

    /// <summary>The placer's: number of the chunk that the heap belongs to, and where; and the chunk, if it was there.</summary>
    public long PlaceId;

    /// <inheritdoc cref="PlaceId"/>
    public ulong PlaceIndex;

    /// <inheritdoc cref="PlaceId"/>
    public ulong PlaceOffset;

    /// <inheritdoc cref="PlaceId"/>
    public Chunk? Chunk;

    /// <summary>The placer's: when it found the chunk.</summary>
    public long PlaceEpoch;

    /// <summary>The assembler's: index of the slot it lives in.</summary>
    public int Slot;

    /// <summary>The assembler's, of one that has no slot: who keeps it, and its neighbours among these.</summary>
    public object? Keeper;

    /// <inheritdoc cref="Keeper"/>
    public LiveHeap? KeptBefore;

    /// <inheritdoc cref="Keeper"/>
    public LiveHeap? KeptAfter;

    /// <summary>The ingest's: the round that it is kept for; 0: see <see cref="KeptStarts"/>.</summary>
    public long KeptUntil;

    /// <summary>The ingest's: how many heaps must have started; null: it is not that far yet.</summary>
    public uint? KeptStarts;

    /// <summary>The assembler's: payload that it had when it lost its slot.</summary>
    public long KeptBytes;

    /// <summary>The assembler's: number among the heaps of its substream, in the order of their starts.</summary>
    public uint Number;

    /// <summary>The assembler's: it was evicted before.</summary>
    public bool HasReturned;

    /// <summary>The assembler's, of such a heap: where what had come then ends.</summary>
    public ulong ReturnedEnd;

    /// <summary>The assembler's, of such a heap: what was missing up to there.</summary>
    public Missing ReturnedMissing;

    /// <summary>The assembler's, of such a heap: what was missing in all has been counted.</summary>
    public bool IsCounted;

    /// <summary>The accounting's: its cnt had come before.</summary>
    public bool IsRepeat;

    /// <summary>The ingest's: number of the source that its latest packet came from.</summary>
    public int FedBy;

    /// <summary>The ingest's: how often the heap was passed over when its turn to be evicted had come.</summary>
    public int Passes;

    /// <summary>The flow's: how often the heap's source got a slice instead of the heap being evicted.</summary>
    public int Yields;

    /// <summary>The flow's: the number, among all yields, of the latest of these.</summary>
    public long YieldNumber;

    /// <summary>The flow's: how much of the heap there was then.</summary>
    public ulong YieldLength;

    /// <summary>The assembler's chain, later the list of waiting heaps, later the pool's.</summary>
    public LiveHeap? Next;

    /// <summary>The pool's: heaps in the list that this one begins.</summary>
    public int ListLength;

    /// <summary>Finished and incomplete: what users see.</summary>
    public PayloadRange[]? RangeCopies;

    public readonly ReceivedRanges Ranges = new();

    public readonly ItemPointers Pointers = new();

    /// <summary>One more than the largest offset received.</summary>
    public ulong ReceivedEnd => OutOfOrder ? LastEnd : ReceivedLength;

    /// <summary>Bytes that have arrived without a gap from the start.</summary>
    public ulong Prefix => OutOfOrder ? Ranges.Prefix : ReceivedLength;

    /// <summary>The length is known and all of it has arrived.</summary>
    public bool IsComplete => ReceivedLength == HeapLength && MinLength == HeapLength;

    /// <summary>Its payload has memory of its own.</summary>
    public bool HasBlock => Block.Memory is not null;

    /// <summary>Everything that is known to belong to the heap has arrived.</summary>
    public bool IsContiguous => ReceivedLength == MinLength;

    /// <summary>Makes the record of another heap ready for this packet, which is not accepted yet.</summary>
    public void Begin(in Packet packet, BugCompat bugCompat, PayloadMemory? memory, PayloadPlacer? placer)
    {
        Memory = memory;
        Placer = placer;
        Cnt = packet.Cnt;
        HeapLength = Wire.LengthUnknown;
        ReceivedLength = 0;
        MinLength = 0;
        StepEnd = 0;
        PacketLength = 0;
        LastEnd = 0;
        NextPacket.Header = 0;
        Unpointed = packet.Unpointed;
        AddressBits = packet.AddressBits;
        Pointers.Begin(AddressBits);
        BugCompat = bugCompat;
        HasPackets = false;
        OutOfOrder = false;
        StopItemSeen = false;
        State = HeapState.None;
        Sender = default;
        SenderNumber = 0;
        Passes = 0;
        HasReturned = false;
        ReturnedEnd = 0;
        ReturnedMissing = default;
        IsCounted = false;
        IsRepeat = false;
        Yields = 0;
        YieldNumber = 0;
        YieldLength = 0;
        RangeCopies = null;
    }

    /// <summary>
    /// Takes the next packet of the heap undecoded, if it is in order and brings nothing new but payload, as most are.
    /// <paramref name="exact"/> says that no bytes may follow the packet.
    /// </summary>
    /// <returns>
    /// The length of the payload, which <see cref="NextPacket.Prefix"/> bytes precede, or
    /// <see cref="Wire.LengthUnknown"/>, and no change, for all other packets.
    /// </returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong TakeNext(ReadOnlySpan<byte> bytes, bool exact, PayloadCopy copy)
    {
        int prefix = NextPacket.Prefix;
        if (NextPacket.Header == 0 || bytes.Length < prefix)
        {
            return Wire.LengthUnknown;
        }

        ulong offset = ReceivedLength;
        ulong rest = (ulong)(bytes.Length - prefix);
        ReadOnlySpan<byte> special = bytes[NextPacket.Special..prefix];
        ulong lengthPointer = BinaryPrimitives.ReadUInt64BigEndian(special[Wire.PointerSize..]);

        // Where the length is known already, the copy need not wait for the packet's own word on it.
        ulong length = exact ? rest : lengthPointer - NextPacket.PayloadLengthPointer;
        ulong differences =
            (BinaryPrimitives.ReadUInt64LittleEndian(bytes) ^ NextPacket.Header) |
            (BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]) ^ NextPacket.CntPointer) |
            (BinaryPrimitives.ReadUInt64LittleEndian(bytes[(NextPacket.Special - Wire.PointerSize)..]) ^
                NextPacket.HeapLengthPointer) |
            (BinaryPrimitives.ReadUInt64BigEndian(special) ^ (NextPacket.PayloadOffsetPointer + offset)) |
            (lengthPointer ^ (NextPacket.PayloadLengthPointer + length));
        if (differences != 0 || length > StepEnd - offset || length > rest || !Repeats(special[(2 * Wire.PointerSize)..]))
        {
            return Wire.LengthUnknown;
        }

        ReceivedLength = offset + length;
        MinLength = Math.Max(MinLength, ReceivedLength);
        copy.Copy(bytes.Slice(prefix, (int)length), Payload + offset, IsNonTemporal);
        return length;
    }

    /// <summary>Keeps the item pointers that the next packet repeats; false if they are too many.</summary>
    public bool TryRepeat(ReadOnlySpan<byte> pointers)
    {
        Span<byte> room = MemoryMarshal.AsBytes((Span<ulong>)_repeated);
        return pointers.Length <= room.Length && pointers.TryCopyTo(room);
    }

    /// <summary>Notes the payload length of a packet that is neither the first nor the last of the heap.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void NoteLength(ulong length)
    {
        if (length > PacketLength)
        {
            PacketLength = (uint)Math.Min(length, uint.MaxValue);
        }
    }

    /// <summary>What is missing, where packets have so much payload, gap by gap. Of a heap that was evicted before, with what had come then.</summary>
    /// <param name="packetLength">Payload of a packet.</param>
    /// <param name="inside">What of that is before the end of what has come.</param>
    public Missing Missing(ulong packetLength, out Missing inside)
    {
        ulong total = HeapLength != Wire.LengthUnknown ? HeapLength : MinLength;
        Missing missing = ReturnedMissing;
        ulong end = ReturnedEnd;
        if (OutOfOrder)
        {
            Ranges.AddGaps(total, packetLength, ref end, ref missing);
        }
        else
        {
            end = Math.Max(end, ReceivedLength);
        }

        inside = missing;
        missing.AddGap(end, total, packetLength);
        return missing;
    }

    /// <summary>
    /// Ends the assembly. Of an incomplete heap, ranges and payload are kept only if asked for; if there is no memory
    /// for the ranges, they are lost.
    /// </summary>
    public void Finish(bool keepRanges, bool keepPayload)
    {
        HeapPayload.Settle(this);
        if (IsComplete)
        {
            State |= HeapState.Complete | HeapState.Contiguous;
        }
        else if (IsContiguous)
        {
            State |= HeapState.Contiguous;
        }
        else
        {
            if (keepRanges)
            {
                KeepRanges();
            }

            if (!keepPayload)
            {
                HeapPayload.Free(this);
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
        HeapPayload.Settle(this);
        HeapPayload.Free(this);
        if (OutOfOrder)
        {
            Ranges.Clear();
        }

        Pointers.Clear();
        Memory = null;
        Placer = null;
        Chunk = null;
        LiveHeapPool.Return(this);
    }

    private bool Repeats(ReadOnlySpan<byte> pointers) =>
        pointers.SequenceEqual(MemoryMarshal.AsBytes((ReadOnlySpan<ulong>)_repeated)[..pointers.Length]);

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

/// <summary>
/// How the next packet of a heap begins if it has what most packets have: the header of the one before, the special
/// four, in order, and payload.
/// </summary>
internal struct NextPacket
{
    /// <summary>As it stands in the packet; 0 where such a packet is not to be expected.</summary>
    public ulong Header;

    /// <summary>As it stands in the packet.</summary>
    public ulong CntPointer;

    /// <summary>As it stands in the packet, or again that before it, if the packet has none.</summary>
    public ulong HeapLengthPointer;

    /// <summary>As a number, with the value 0.</summary>
    public ulong PayloadOffsetPointer;

    /// <summary>As a number, with the value 0.</summary>
    public ulong PayloadLengthPointer;

    /// <summary>Where the pointer of the offset stands.</summary>
    public int Special;

    /// <summary>Bytes before the payload.</summary>
    public int Prefix;
}

/// <summary>
/// Item pointers, as they stand in a packet: two cache lines of them, and more than a heap of the field's senders has.
/// </summary>
[InlineArray(16)]
internal struct RepeatedPointers
{
    private ulong _first;
}

/// <summary>What has not arrived of a heap.</summary>
internal struct Missing
{
    public ulong Packets;
    public ulong Bytes;

    public void AddGap(ulong start, ulong end, ulong packetLength)
    {
        if (end > start)
        {
            Bytes += end - start;
            Packets += (end - start - 1) / packetLength + 1;
        }
    }
}
