// SPDX-License-Identifier: MIT

using Spead2.Chunks;
using Spead2.Differential.Generation;

namespace Spead2.Differential;

/// <summary>Where a place function puts a heap.</summary>
internal sealed class ChunkSpot
{
    public long ChunkId { get; set; }

    public long HeapIndex { get; set; }

    public long HeapOffset { get; set; }

    public long ExtraOffset { get; init; }

    public byte[] Extra { get; init; } = [];
}

/// <summary>
/// The chunks that the heaps of a trace are placed in: the same ones for the same seed. In a group, each packet goes to one of
/// several streams, which are as fast as they happen to be.
/// </summary>
internal sealed class ChunkTrace
{
    // In a lossless group nobody knows which stream writes first: each has bytes of its own, and heaps that are not larger.
    private const int LargestOwnHeap = 400;
    private const int PacketsPerHeap = 40;
    private const int ExtraPerMember = 7;

    // Of other members' heaps: lengths that no heap has.
    private const long NoLength = 1L << 40;

    private readonly int _divisor;
    private readonly long _memberData;
    private readonly long _memberPresent;

    public ChunkTrace(ulong seed, Trace trace, bool isGroup)
    {
        (Seed, IsGroup) = (seed, isGroup);
        Dice dice = new(seed);
        MaxChunks = dice.Pick(1, 1, 2, 2, 3, 5);
        Chunks = MaxChunks + dice.Pick(1, 1, 2, 8);
        DataRing = dice.Pick(0, 0, 1, 2);
        HeapsPerChunk = dice.Pick(1, 2, 4, 7);
        _divisor = dice.Pick(1, 1, 1, 2, 16);
        Slot = dice.Pick(8, 64, 300);
        PacketPresence = dice.Chance(70) ? 0 : dice.Pick(1, 8, 40);
        Original = trace with
        {
            Options = trace.Options with
            {
                NoUnsizedHeaps = true,
                DeliverIncomplete = true,
                KeepRanges = false,
                KeepPayload = false,
                LargestBlock = 0,
                CountingCopier = false,
            },
        };
        MemberChunks = [MaxChunks];
        if (isGroup)
        {
            MemberChunks = [.. Enumerable.Range(0, dice.Between(1, 4)).Select(_ => dice.Between(1, MaxChunks))];
            IsLossless = dice.Chance(50);
            EndsEarly = dice.Chance(50);
            long largest = IsLossless ? Math.Min(LargestOwnHeap, trace.Options.MaxHeapSize) : trace.Options.MaxHeapSize;
            Original = Original with { Options = Original.Options with { MaxHeapSize = largest } };
        }

        long? length = trace.Packets.Select(packet => Model.Packet.Decode(packet, trace.Options.Dialect)?.HeapLength)
            .FirstOrDefault(length => length is > 0 and < 1000);
        if (length is not null && dice.Chance(50))
        {
            Layout = new()
            {
                Axes =
                [
                    new() { ItemId = ItemId.HeapCnt, Step = _divisor, Count = HeapsPerChunk },
                    .. dice.Chance(60) ? (ChunkAxis[])[new() { ItemId = HeapMaker.SetItem, Count = dice.Pick(1, 2, 3) }] : [],
                ],
                Origin = IsLossless ? 0 : dice.Pick(null, null, (long?)0),
                HeapSize = length.Value,
            };
            PacketPresence = 0;
        }

        _memberData = ((HeapsPerChunk - 1) * Slot) + (IsLossless ? LargestOwnHeap : dice.Pick(16, 64, LargestOwnHeap));
        _memberPresent = PacketPresence == 0 ? HeapsPerChunk : (HeapsPerChunk * PacketsPerHeap) + (IsLossless ? LargestOwnHeap : 0);
        ExtraSize = IsLossless ? ExtraPerMember * Members : 5;
        int owners = IsLossless ? Members : 1;
        DataSize = Layout is null ? owners * _memberData : LayoutOf(0)!.DataSize;
        PresentSize = Layout is null ? owners * _memberPresent : LayoutOf(0)!.PresentSize;
        Posts = isGroup ? [.. Post(dice)] : [];
    }

    /// <summary>What it was made of, beside the packets.</summary>
    public ulong Seed { get; }

    /// <summary>Whether it is for a group, whose streams get packets one by one; else one stream gets them all at once.</summary>
    public bool IsGroup { get; }

    /// <summary>The window of each stream.</summary>
    public IReadOnlyList<int> MemberChunks { get; }

    public int Members => MemberChunks.Count;

    public bool IsLossless { get; }

    /// <summary>Whether a stream ends as soon as it has all of its packets, not together with the others.</summary>
    public bool EndsEarly { get; }

    /// <summary>Which stream gets which packet, in the order in which they get them.</summary>
    public IReadOnlyList<(int Member, byte[] Packet)> Posts { get; }

    /// <summary>The packets, with options as a stream of chunks has them.</summary>
    public Trace Original { get; }

    private ChunkLayout? Layout { get; }

    public int MaxChunks { get; }

    public int Chunks { get; }

    public int DataRing { get; }

    public int HeapsPerChunk { get; }

    public int Slot { get; }

    public int PacketPresence { get; }

    public long DataSize { get; }

    public long PresentSize { get; }

    public long ExtraSize { get; }

    public ChunkGroupOptions Group => new()
    {
        MaxChunks = MaxChunks,
        Chunks = Chunks,
        DataRingChunks = DataRing,
        DataSize = DataSize,
        PresentSize = PresentSize,
        ExtraSize = ExtraSize,
        Members = Members,
        Eviction = IsLossless ? ChunkEviction.Lossless : ChunkEviction.Lossy,
        MemberTimeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>The traces of a seed: each of <see cref="TraceGenerator"/> for one stream, and the datagrams for a group.</summary>
    public static IEnumerable<ChunkTrace> Generate(ulong seed)
    {
        IReadOnlyList<Trace> traces = TraceGenerator.Generate(seed);
        return [.. traces.Select(trace => new ChunkTrace(seed, trace, isGroup: false)), new(seed, traces[0], isGroup: true)];
    }

    /// <summary>The same chunks for other packets or options.</summary>
    public ChunkTrace With(Trace trace) => new(Seed, trace, IsGroup);

    /// <summary>How a stream places its heaps.</summary>
    public ChunkOptions Member(int member) => Layout is null
        ? new()
        {
            Items = [ItemId.HeapCnt, ItemId.HeapLength, ItemId.PayloadOffset, ItemId.PayloadLength],
            MaxChunks = MemberChunks[member],
            MaxHeapExtra = 2,
            PacketPresenceSize = PacketPresence,
            Place = (ref ChunkPlace place) =>
            {
                ChunkSpot spot = Place(place.Items[0], Sum(place.Items[1], place.Items[2], place.Items[3]), member);
                (place.ChunkId, place.HeapIndex, place.HeapOffset) = (spot.ChunkId, spot.HeapIndex, spot.HeapOffset);
                (place.ExtraOffset, place.ExtraSize) = (spot.ExtraOffset, spot.Extra.Length);
                spot.Extra.CopyTo(place.Extra);
            },
        }
        : new() { Layout = LayoutOf(member), MaxChunks = MemberChunks[member] };

    /// <summary>The layout of a stream: in a lossless group, the last axis is that of streams. Null: it has a function.</summary>
    public ChunkLayout? LayoutOf(int member) => Layout is null || !IsLossless ? Layout : new()
    {
        Axes =
        [
            .. Layout.Axes,
            new()
            {
                ItemId = ItemId.HeapLength,
                Values = [.. Enumerable.Range(0, Members).Select(other => other == member ? Layout.HeapSize : NoLength + other)],
            },
        ],
        Origin = Layout.Origin,
        HeapSize = Layout.HeapSize,
    };

    /// <summary>What the extra data of a heap shows of its first packet.</summary>
    public static byte Sum(long heapLength, long offset, long payloadLength) =>
        (byte)((3 * heapLength) + (5 * offset) + (7 * payloadLength));

    /// <summary>The user's function: by heap cnt, now and then nowhere or beyond the end.</summary>
    public ChunkSpot Place(long cnt, byte sum, int member)
    {
        (long chunk, long index) = Math.DivRem(cnt / _divisor, HeapsPerChunk);
        int owner = IsLossless ? member : 0;
        return new()
        {
            ChunkId = cnt % 11 == 7 ? -1 : chunk,
            HeapIndex = (owner * _memberPresent) + (index * (PacketPresence == 0 ? 1 : PacketsPerHeap)),
            HeapOffset = (owner * _memberData) + (index * Slot),
            ExtraOffset = (owner * ExtraPerMember) + (cnt % 5),
            Extra = [.. Enumerable.Repeat(sum, (int)(cnt % 3))],
        };
    }

    /// <summary>
    /// Streams of different speed get their packets: of a lossless group all heaps of a place, for the same reason.
    /// </summary>
    private IEnumerable<(int Member, byte[] Packet)> Post(Dice dice)
    {
        bool byPlace = IsLossless || dice.Chance(50);
        Queue<byte[]>[] waiting = [.. MemberChunks.Select(_ => new Queue<byte[]>())];
        foreach (byte[] bytes in Original.Packets)
        {
            long? cnt = byPlace ? Model.Packet.Decode(bytes, Original.Options.Dialect)?.Cnt : null;
            waiting[cnt is null ? dice.Below(Members) : (int)(cnt.Value / _divisor % Members)].Enqueue(bytes);
        }

        int[] speeds = [.. MemberChunks.Select(_ => dice.Pick(1, 1, 3, 20))];
        while (waiting.Any(queue => queue.Count > 0))
        {
            int member = dice.Below(Members);
            for (int left = speeds[member]; left > 0 && waiting[member].TryDequeue(out byte[]? packet); left--)
            {
                yield return (member, packet);
            }
        }
    }
}
