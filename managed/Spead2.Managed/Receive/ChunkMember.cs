// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Spead2.Chunks;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>
/// A stream as a member of a chunk group: it places heaps, and refers to chunks during a slice. Between slices it remembers
/// numbers of chunks only. Under the stream's lock, but for what is said to be the group's.
/// </summary>
internal sealed unsafe class ChunkMember : PayloadPlacer
{
    private const long Unplaced = -1;

    private readonly StreamCore _stream;
    private readonly ChunkPlacer _placer;
    private readonly int _packetPresence;
    private readonly int _maxHeapExtra;
    private readonly Chunk?[] _held;
    private int _heldCount;

    // Places that were found in an earlier epoch must be looked at again. Never 0.
    private long _epoch = 1;

    // The placement of a packet that was not taken, as there was no chunk for it.
    private bool _isPending;
    private ulong _pendingCnt;
    private int _pendingSource;
    private Placement _pending;

    // Packets as of the end of the latest slice.
    private long _packets;

    public ChunkMember(StreamCore stream, ChunkGroup group, ChunkOptions options)
    {
        _stream = stream;
        Group = group;
        _placer = ChunkPlacer.Of(options, group.Origin, stream.Log, stream.Tally.CustomBatch);
        _packetPresence = options.PacketPresenceSize;
        _maxHeapExtra = options.MaxHeapExtra;
        MaxChunks = options.MaxChunks == 0 ? group.MaxChunks : options.MaxChunks;
        StreamId = options.StreamId;
        _held = new Chunk?[group.MaxChunks];
    }

    public ChunkGroup Group { get; }

    public StreamCore Stream => _stream;

    /// <summary>Chunks of its own window.</summary>
    public int MaxChunks { get; }

    public long StreamId { get; }

    /// <summary>The group's: number of the first chunk of its own window.</summary>
    public long Head { get; set; }

    /// <summary>The group's: it has ended, and keeps nobody waiting. Any thread may read it.</summary>
    public bool HasEnded
    {
        get => Volatile.Read(ref field);
        set => Volatile.Write(ref field, value);
    }

    /// <summary>The group's: number of the chunk it waits for; negative: it does not wait.</summary>
    public long WaitsFor { get; set; } = Unplaced;

    /// <summary>The group's: when it began to wait for other members; 0: it does not.</summary>
    public long WaitBegan { get; set; }

    /// <summary>The group's: it is not waited for until it places a heap.</summary>
    public bool IsSilent { get; set; }

    /// <summary>When a slice that brought packets has ended last. Any thread.</summary>
    public long LastActive
    {
        get => Volatile.Read(ref field);
        private set => Volatile.Write(ref field, value);
    }

    /// <summary>The source that hands over packets among those that share its port; null: it has the port alone.</summary>
    public SteeredMember? Steered { get; set; }

    /// <summary>Number of the source that hands over packets.</summary>
    public int SourceNumber { get; set; }

    public override Verdict Bind(LiveHeap heap, in Packet packet)
    {
        if (heap.HasPackets)
        {
            Refresh(heap);
            return Verdict.Accepted;
        }

        Place(heap, null, Unplaced);
        if (packet.HeapLength == 0 || (_stream.StopOnStopItem && HasStopItem(packet)))
        {
            return Verdict.Accepted;
        }

        Placement placement = TakePlacement(packet);
        if (placement.Outcome != Placement.Placed)
        {
            Refuse(placement.Outcome);
            return Verdict.Accepted;
        }

        // Nothing may overflow behind the largest number.
        if (placement.ChunkId is < 0 or long.MaxValue)
        {
            _stream.Tally[Statistic.RejectedHeaps]++;
            return Verdict.Accepted;
        }

        if (Steered is not null && Group.MovesWindow(this, placement.ChunkId) && !Steered.MayReach(placement.ChunkId))
        {
            Wait(packet, placement);
            return Verdict.Waits;
        }

        switch (Find(placement.ChunkId, out Chunk? chunk))
        {
            case ChunkAnswer.Wait:
                Wait(packet, placement);
                return Verdict.Waits;
            case ChunkAnswer.TooOld:
                Refuse(Statistic.TooOldHeaps);
                break;
            case ChunkAnswer.Here when FitsInto(chunk!, packet.HeapLength, placement):
                Place(heap, chunk, placement.ChunkId);
                heap.PlaceIndex = placement.HeapIndex;
                heap.PlaceOffset = placement.HeapOffset;
                heap.Payload = chunk!.Memory.Data + placement.HeapOffset;
                CopyExtra(chunk, placement);
                break;
            case ChunkAnswer.Here:
                Refuse(Statistic.OutOfBoundsHeaps);
                break;
        }

        return Verdict.Accepted;
    }

    public override void Refresh(LiveHeap heap)
    {
        if (heap.PlaceId == Unplaced || heap.PlaceEpoch == _epoch || heap.Payload is null)
        {
            return;
        }

        Chunk? chunk = Held(heap.PlaceId) ?? Group.TryAcquire(this, heap.PlaceId);
        Place(heap, chunk, heap.PlaceId);
        if (chunk is not null)
        {
            heap.Payload = chunk.Memory.Data + heap.PlaceOffset;
        }
    }

    public override void NotePacket(LiveHeap heap, ulong offset)
    {
        if (_packetPresence != 0 && heap.Payload is not null)
        {
            heap.Chunk!.Memory.Present[heap.PlaceIndex + offset / (ulong)_packetPresence] = 1;
        }
    }

    /// <summary>A heap leaves the assembly. Its record is free afterwards.</summary>
    public void Finish(LiveHeap heap)
    {
        if ((heap.State & HeapState.Complete) != 0 && heap.PlaceId != Unplaced)
        {
            Refresh(heap);
            if (heap.Payload is null)
            {
                _stream.Tally[Statistic.TooOldHeaps]++;
            }
            else if (_packetPresence == 0)
            {
                heap.Chunk!.Memory.Present[heap.PlaceIndex] = 1;
            }
        }

        heap.Free();
    }

    /// <summary>Whether the chunk that a packet waits for is there now, as far as this can tell.</summary>
    public bool TryGoOn() =>
        WaitsFor == Unplaced || Group.Reach(this, WaitsFor, isFirst: false, out _) != ChunkAnswer.Wait;

    /// <summary>Ends the references of the slice; whether there were any.</summary>
    public bool EndSlice()
    {
        long packets = _stream.Tally[Statistic.Packets];
        if (packets != _packets)
        {
            _packets = packets;
            LastActive = Group.IsLossless ? Clock.Now : 0;
        }

        if (_heldCount == 0)
        {
            return false;
        }

        // What was copied must be visible to the consumers of the chunks.
        _stream.Copy.Fence();
        Group.Release(this);
        return true;
    }

    /// <summary>The group's: the chunk is referred to, and so no older one in its slot.</summary>
    public void Hold(Chunk chunk)
    {
        ref Chunk? slot = ref Slot(chunk.Number);
        if (slot == chunk)
        {
            return;
        }

        if (slot is not null)
        {
            Drop(ref slot);
        }

        chunk.References++;
        slot = chunk;
        _heldCount++;
    }

    /// <summary>The group's: chunks before a number are not referred to any more.</summary>
    public void DropBefore(long number)
    {
        for (int i = 0; i < _held.Length && _heldCount != 0; i++)
        {
            if (_held[i]?.Number < number)
            {
                Drop(ref _held[i]);
            }
        }
    }

    /// <summary>The packet is not taken now: its placement is remembered.</summary>
    private void Wait(in Packet packet, in Placement placement)
    {
        _isPending = true;
        _pendingCnt = packet.Cnt;
        _pendingSource = SourceNumber;
        _pending = placement;
    }

    private void Drop(ref Chunk? slot)
    {
        slot!.References--;
        slot = null;
        _heldCount--;
        _epoch++;
        _stream.Ingest.ForgetRecent();
    }

    private ref Chunk? Slot(long number) => ref _held[number % _held.Length];

    private Chunk? Held(long number) => Slot(number) is { } chunk && chunk.Number == number ? chunk : null;

    private ChunkAnswer Find(long number, out Chunk? chunk)
    {
        chunk = Held(number);
        return chunk is not null ? ChunkAnswer.Here : Group.Reach(this, number, isFirst: true, out chunk);
    }

    private void Place(LiveHeap heap, Chunk? chunk, long number)
    {
        heap.PlaceId = number;
        heap.PlaceEpoch = _epoch;
        heap.Chunk = chunk;
        heap.Payload = null;
        if (chunk is not null)
        {
            heap.IsNonTemporal = _stream.Copy.Chooses(chunk.IsFar);
        }
        else
        {
            // Later packets must not be copied undecoded.
            heap.NextPacket.Header = 0;
        }
    }

    /// <summary>Where the heap belongs; asked of the user's code only once, also when its packet comes again.</summary>
    private Placement TakePlacement(in Packet packet)
    {
        bool isKnown = _isPending && _pendingCnt == packet.Cnt && _pendingSource == SourceNumber;
        _isPending = false;
        if (isKnown)
        {
            return _pending;
        }

        _placer.Place(packet, out Placement placement);
        return placement;
    }

    private bool FitsInto(Chunk chunk, ulong length, in Placement placement)
    {
        ulong lastIndex = _packetPresence == 0 ? 0 : (length - 1) / (ulong)_packetPresence;
        ChunkMemory memory = chunk.Memory;
        return Fits(placement.HeapOffset, length, memory.DataSize)
            && Fits(placement.HeapIndex, lastIndex + 1, memory.PresentSize)
            && (placement.ExtraSize == 0 || (placement.ExtraSize <= (ulong)_maxHeapExtra
                && Fits(placement.ExtraOffset, placement.ExtraSize, memory.ExtraSize)));
    }

    private void CopyExtra(Chunk chunk, in Placement placement)
    {
        if (placement.ExtraSize != 0)
        {
            int size = (int)placement.ExtraSize;
            _placer.Extra[..size].CopyTo(new Span<byte>(chunk.Memory.Extra + placement.ExtraOffset, size));
        }
    }

    private static bool Fits(ulong offset, ulong length, long size) =>
        length <= (ulong)size && offset <= (ulong)size - length;

    private void Refuse(Statistic reason)
    {
        _stream.Tally[reason]++;
        _stream.Tally[Statistic.RejectedHeaps] += reason == Statistic.TooOldHeaps ? 0 : 1;
    }

    private static bool HasStopItem(in Packet packet)
    {
        for (ReadOnlySpan<byte> rest = packet.Items; !rest.IsEmpty; rest = rest[Wire.PointerSize..])
        {
            ulong pointer = BinaryPrimitives.ReadUInt64BigEndian(rest);
            if ((pointer & Wire.ImmediateBit) != 0
                && Wire.Id(pointer, packet.AddressBits) == ItemId.StreamControl
                && Wire.Value(pointer, packet.AddressBits) == Wire.StreamStop)
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>What a group says of a chunk that a member needs.</summary>
internal enum ChunkAnswer
{
    Here,

    /// <summary>It has left the window.</summary>
    TooOld,

    /// <summary>There is no room for it, or another member still needs an older one.</summary>
    Wait,

    /// <summary>The group has ended.</summary>
    Ended,
}
