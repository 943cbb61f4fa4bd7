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

/// <summary>The chunks that the heaps of a trace are placed in: the same ones for the same seed.</summary>
internal sealed class ChunkTrace
{
    private readonly int _divisor;

    public ChunkTrace(ulong seed, Trace trace)
    {
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
        long? length = trace.Packets.Select(packet => Model.Packet.Decode(packet, trace.Options.Dialect)?.HeapLength)
            .FirstOrDefault(length => length is > 0 and < 1000);
        if (length is not null && dice.Chance(50))
        {
            Layout = new()
            {
                Axes =
                [
                    new() { ItemId = ItemId.HeapCnt, Step = _divisor, Count = HeapsPerChunk },
                    .. dice.Chance(30) ? (ChunkAxis[])[new() { ItemId = HeapMaker.SetItem, Count = 2 }] : [],
                ],
                Origin = dice.Pick(null, null, (long?)0),
                HeapSize = length.Value,
            };
            PacketPresence = 0;
        }

        DataSize = Layout?.DataSize ?? ((HeapsPerChunk - 1) * Slot) + dice.Pick(16, 64, 400);
        PresentSize = Layout?.PresentSize ?? (PacketPresence == 0 ? HeapsPerChunk : HeapsPerChunk * 40);
    }

    /// <summary>The packets, with options as a stream of chunks has them.</summary>
    public Trace Original { get; }

    public ChunkLayout? Layout { get; }

    public int MaxChunks { get; }

    public int Chunks { get; }

    public int DataRing { get; }

    public int HeapsPerChunk { get; }

    public int Slot { get; }

    public int PacketPresence { get; }

    public long DataSize { get; }

    public long PresentSize { get; }

    public long ExtraSize { get; } = 5;

    public ChunkGroupOptions Group => new()
    {
        MaxChunks = MaxChunks,
        Chunks = Chunks,
        DataRingChunks = DataRing,
        DataSize = DataSize,
        PresentSize = PresentSize,
        ExtraSize = ExtraSize,
    };

    public ChunkOptions Member => Layout is null
        ? new()
        {
            Items = [ItemId.HeapCnt],
            MaxHeapExtra = 2,
            PacketPresenceSize = PacketPresence,
            Place = (ref ChunkPlace place) =>
            {
                ChunkSpot spot = Place(place.Items[0], this);
                (place.ChunkId, place.HeapIndex, place.HeapOffset) = (spot.ChunkId, spot.HeapIndex, spot.HeapOffset);
                (place.ExtraOffset, place.ExtraSize) = (spot.ExtraOffset, spot.Extra.Length);
                spot.Extra.CopyTo(place.Extra);
            },
        }
        : new() { Layout = Layout };

    /// <summary>The user's function: by heap cnt, now and then nowhere or beyond the end.</summary>
    public static ChunkSpot Place(long cnt, ChunkTrace trace)
    {
        (long chunk, long index) = Math.DivRem(cnt / trace._divisor, trace.HeapsPerChunk);
        return new()
        {
            ChunkId = cnt % 11 == 7 ? -1 : chunk,
            HeapIndex = index * (trace.PacketPresence == 0 ? 1 : 40),
            HeapOffset = index * trace.Slot,
            ExtraOffset = cnt % 5,
            Extra = [.. Enumerable.Repeat((byte)cnt, (int)(cnt % 3))],
        };
    }

    public (long Item, long Step, long Length) AxisOf(int index) =>
        (Layout!.Axes[index].ItemId, Layout.Axes[index].Step, Layout.Axes[index].Count);

    public long LengthBehind(int index) =>
        Layout!.Axes.Skip(index + 1).Aggregate(1L, (product, axis) => product * axis.Count);
}
