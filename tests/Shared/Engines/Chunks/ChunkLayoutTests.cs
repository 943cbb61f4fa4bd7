// SPDX-License-Identifier: MIT

using Spead2.Chunks;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>A layout places heaps by the values of items, and counts why it does not.</summary>
public sealed class ChunkLayoutTests
{
    private const int Size = ChunkHeap.Size;
    private const int TimeItem = ChunkHeap.TimeItem;
    private const int RowItem = 0x4101;
    private const int ColumnItem = 0x4103;

    [Test]
    public void Axes_add_up()
    {
        ChunkLayout layout = Cube();
        using ChunkStream stream = new(ChunkGroupOptions.For(layout), new() { Layout = layout });
        stream.Add(ChunkHeap.Source(
            from time in Enumerable.Range(0, 2)
            from row in new[] { 7, 3, 12 }
            from column in new[] { 0, 64 }
            where (time, row, column) != (1, 3, 64)
            select Heap(1000 + (100 * time), row, column)));

        using Chunk chunk = stream.Read();
        Assert.That(chunk.PresentCount, Is.EqualTo(11));
        Assert.That(chunk.MissingRanges, Is.EqualTo(new[] { 9..10 }));
        Assert.That(chunk.AsTensorSpan<byte>().Lengths.ToArray(), Is.EqualTo(new nint[] { 2, 3, 2, Size }));
        Assert.That(chunk.AsTensorSpan<byte>()[1, 2, 1, 0], Is.EqualTo((byte)(100 + 12 + 64)));
        Assert.That(chunk.AsTensorSpan<byte>()[0, 1, 0, 5], Is.EqualTo(3));
    }

    [TestCase("bad_length_heaps")]
    [TestCase("missing_item_heaps")]
    [TestCase("bad_timestamp_heaps")]
    [TestCase("out_of_range_heaps")]
    [TestCase("too_old_heaps")]
    public void Heap_without_a_place_counts_by_cause(string statistic)
    {
        byte[][] packets = statistic switch
        {
            "bad_length_heaps" =>
            [
                ChunkHeap.Packet(1, Size + 1, 0, new byte[Size + 1], Time(1000), Row(7), Column(0)),
                ChunkHeap.Packet(2, Size - 1, 0, new byte[Size - 1], Time(1000), Row(7), Column(0)),
            ],
            "missing_item_heaps" =>
            [
                ChunkHeap.Packet(1, Size, 0, new byte[Size], Row(7), Column(0)),
                ChunkHeap.Packet(2, Size, 0, new byte[Size], Time(1000), Row(7), (ulong)ColumnItem << 40),
            ],
            "bad_timestamp_heaps" => [Heap(1001, 7, 0), Heap(1099, 7, 0)],
            "out_of_range_heaps" => [Heap(1000, 8, 0), Heap(1000, 7, 128)],
            _ => [Heap(999, 7, 0), Heap(0, 7, 0)],
        };
        ChunkLayout layout = Cube();
        using ChunkStream stream = new(ChunkGroupOptions.For(layout), new() { Layout = layout });
        stream.Add(ChunkHeap.Source([.. packets, Heap(1000, 7, 32)]));

        Assert.That(stream.TryRead(out _, Poll.Deadline), Is.False);
        Assert.That(stream.Statistics[statistic], Is.EqualTo(statistic == "out_of_range_heaps" ? 3 : 2));
        Assert.That(stream.Statistics.OutOfRangeHeaps, Is.EqualTo(statistic == "out_of_range_heaps" ? 3 : 1));
        Assert.That(stream.Statistics.RejectedHeaps, Is.EqualTo(statistic == "too_old_heaps" ? 1 : 3));
        Assert.That(stream.Statistics.Heaps, Is.EqualTo(3));
    }

    [Test]
    public void Origin_is_the_first_time_rounded_down_to_a_chunk()
    {
        ChunkLayout layout = Cube();
        layout.Origin = null;
        using ChunkStream stream = new(ChunkGroupOptions.For(layout), new() { Layout = layout });
        stream.Add(ChunkHeap.Source(Heap(1300, 7, 0), Heap(1200, 7, 0), Heap(1199, 7, 0), Heap(1400, 7, 0)));

        using Chunk first = stream.Read();
        using Chunk second = stream.Read();
        Assert.That((first.Id, first.Present[0], first.Present[6]), Is.EqualTo((0, 1, 1)));
        Assert.That((second.Id, second.PresentCount), Is.EqualTo((1, 1)));
        Assert.That(stream.Statistics.TooOldHeaps, Is.EqualTo(1));
    }

    [Test]
    public void Heaps_are_placed_by_their_cnt()
    {
        ChunkLayout layout = new() { Axes = [new() { ItemId = 1, Count = 4 }], Origin = 0, HeapSize = Size };
        using ChunkStream stream = new(ChunkGroupOptions.For(layout), new() { Layout = layout });
        stream.Add(ChunkHeap.Source(
            from cnt in new[] { 2, 0, 3 } select ChunkHeap.Packet((ulong)cnt, Size, 0, new byte[Size])));

        using Chunk chunk = stream.Read();
        Assert.That(chunk.Present.ToArray(), Is.EqualTo(new byte[] { 1, 0, 1, 1 }));
    }

    [Test]
    public void Items_that_describe_the_heap_are_as_the_dialect_says([Values] bool byLayout)
    {
        // The length is wrong, twice, and this dialect does not look at it.
        byte[] packet = ChunkHeap.Packet(3, 99, 0, new byte[Size], ChunkHeap.Item(TimeItem, 3), ChunkHeap.Item(2, 98));
        ChunkLayout layout = new()
        {
            Axes = [new() { ItemId = TimeItem, Count = 4 }, new() { ItemId = 2, Values = [99, 98, Size] }, new() { ItemId = 4, First = Size }],
            Origin = 0,
            HeapSize = Size,
        };
        ChunkOptions byFunction = new()
        {
            Items = [1, 2, 3, 4, TimeItem],
            Place = (ref ChunkPlace place) =>
            {
                bool isRight = place.Items.SequenceEqual([3, Size, 0, Size, 3]);
                (place.ChunkId, place.HeapIndex) = (0, isRight ? 11 : 0);
            },
        };
        using ChunkStream stream = new(ChunkGroupOptions.For(layout), byLayout ? new() { Layout = layout } : byFunction);
        stream.Add(new DatagramSourceOptions
        {
            Datagrams = [packet],
            Dialect = new() { IgnoreHeapLength = true, DatagramIsHeap = true },
        });

        using Chunk chunk = stream.Read();
        Assert.That(chunk.Present.IndexOf((byte)1), Is.EqualTo(11));
    }

    [Test]
    public void Strides_can_be_set()
    {
        ChunkLayout layout = Cube();
        layout.Axes[0].DataStride = Size;
        layout.Axes[1].DataStride = 4 * Size;
        layout.Axes[2].DataStride = 2 * Size;
        using ChunkStream stream = new(ChunkGroupOptions.For(layout), new() { Layout = layout });
        stream.Add(ChunkHeap.Source(Heap(1100, 3, 64)));

        Assert.That((layout.DataSize, layout.PresentSize), Is.EqualTo((12 * Size, 12)));
        using Chunk chunk = stream.Read();
        Assert.That(chunk.Data[(7 * Size)..(8 * Size)].ToArray(), Is.All.EqualTo((byte)(100 + 3 + 64)));
        Assert.That(chunk.Present[9], Is.EqualTo(1));
    }

    [Test]
    public void Huge_numbers_do_no_harm()
    {
        ChunkLayout layout = new()
        {
            Axes =
            [
                new() { ItemId = TimeItem, Step = 1L << 40, Count = 1 << 22, DataStride = 0, PresentStride = 0 },
                new() { ItemId = RowItem, First = long.MaxValue },
            ],
            HeapSize = Size,
        };
        using ChunkStream stream = new(ChunkGroupOptions.For(layout), new() { Layout = layout });
        stream.Add(ChunkHeap.Source(Heap(0, 7, 0), Heap(12345, 0, 0)));

        Assert.That(stream.TryRead(out _, Poll.Deadline), Is.False);
        Assert.That((stream.Statistics.OutOfRangeHeaps, stream.Statistics.BadTimestampHeaps), Is.EqualTo((1, 1)));
    }

    [Test]
    public void Newest_possible_time_is_followed_by_nothing_newer()
    {
        ChunkLayout layout = new() { Axes = [new() { ItemId = TimeItem, Count = 1 }], Origin = 0, HeapSize = Size };
        using ChunkStream stream = new(ChunkGroupOptions.For(layout), new() { Layout = layout });
        const ulong Newest = (1UL << 40) - 1;
        stream.Add(ChunkHeap.Source(
            ChunkHeap.Packet(1, Size, 0, new byte[Size], Time(Newest)), ChunkHeap.Packet(2, Size, 0, new byte[Size], Time(5))));

        using Chunk before = stream.Read();
        using Chunk chunk = stream.Read();
        Assert.That((chunk.Id, chunk.PresentCount), Is.EqualTo(((long)Newest, 1)));
        Assert.That(stream.Statistics.TooOldHeaps, Is.EqualTo(1));
    }

    /// <summary>Two times, three antennas by their numbers, two columns.</summary>
    private static ChunkLayout Cube() => new()
    {
        Axes =
        [
            new() { ItemId = TimeItem, Step = 100, Count = 2 },
            new() { ItemId = RowItem, Values = [7, 3, 12] },
            new() { ItemId = ColumnItem, Step = 64, Count = 2 },
        ],
        Origin = 1000,
        HeapSize = Size,
    };

    private static byte[] Heap(int time, int row, int column) => ChunkHeap.Packet(
        (ulong)((time * 1000) + (row * 100) + column),
        Size,
        0,
        [.. Enumerable.Repeat((byte)(time - 1000 + row + column), Size)],
        Time((ulong)time), Row(row), Column(column));

    private static ulong Time(ulong value) => ChunkHeap.Item(TimeItem, value);

    private static ulong Row(int value) => ChunkHeap.Item(RowItem, (ulong)value);

    private static ulong Column(int value) => ChunkHeap.Item(ColumnItem, (ulong)value);
}
