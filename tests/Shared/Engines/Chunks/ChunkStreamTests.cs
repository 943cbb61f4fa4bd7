// SPDX-License-Identifier: MIT

using Spead2.Chunks;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>Heaps are placed in the chunks of a window: vectors K1 to K12 of the specification, and what they leave open.</summary>
public sealed class ChunkStreamTests
{
    private const int Size = ChunkHeap.Size;

    /// <summary>Packets, chunks (number: presence), and statistics that are not 0.</summary>
    private static IEnumerable<TestCaseData> Vectors()
    {
        (string Name, byte[][] Packets, string Chunks, string Statistics)[] vectors =
        [
            ("K1", Wholes(0, 1, 2, 3, 4, 5, 6, 7), "0:1111 1:1111", ""),
            ("K2", Wholes(40), "9:0000 10:1000", ""),
            ("K3", Wholes(1, 20, 17, 13), "0:0100 4:0100 5:1000", "too_old_heaps 1"),
            ("K5", [ChunkHeap.Part(1, 0, 8), ChunkHeap.Part(2, 0, 8), ChunkHeap.Part(2, 8, 8)], "0:0010", "incomplete_heaps_flushed 1"),
            ("K6", [ChunkHeap.Part(1, 8, 8), ChunkHeap.Part(1, 0, 8)], "0:0100", ""),
            ("K7", [ChunkHeap.Part(1, 0, 8), .. Wholes(9, 12), ChunkHeap.Part(1, 8, 8)],
                "0:0000 1:0000 2:0100 3:1000", "too_old_heaps 1"),
            ("K10", [ChunkHeap.Packet(
                3, Size, 0, new byte[Size], ChunkHeap.Item(0x1600, 7), ChunkHeap.Item(0x1600, 2), 0x1600UL << 40)], "0:0010", ""),
            ("K11", [ChunkHeap.Packet(3, -1, 0, new byte[Size], ChunkHeap.Item(0x1600, 3))], "", "rejected_unsized 1"),
            ("K12", [ChunkHeap.Whole(0), ChunkHeap.Stop(9), ChunkHeap.Whole(1)], "0:1000", "stop_heaps 1"),
        ];
        return from vector in vectors
               from placement in Enum.GetValues<ChunkPlacement>()
               select new TestCaseData(placement, vector.Packets, vector.Chunks, vector.Statistics)
                   .SetArgDisplayNames(vector.Name, placement.ToString());
    }

    [TestCaseSource(nameof(Vectors))]
    public void Vector_gives_its_chunks(ChunkPlacement placement, byte[][] packets, string chunks, string statistics)
    {
        using ChunkStream stream = new(ChunkSettings.Group(), ChunkSettings.Member(placement));
        stream.Add(ChunkHeap.Source(packets));

        Assert.That(ReadAll(stream), Is.EqualTo(chunks));
        Assert.That(Remarkable(stream.Statistics), Is.EqualTo(statistics));
    }

    [TestCase(-1L)]
    [TestCase(-5L)]
    [TestCase(long.MaxValue)]
    public void Impossible_chunk_id_rejects_the_heap(long id)
    {
        using ChunkStream stream = Placed((ref ChunkPlace place) => place.ChunkId = id, Wholes(0, 1));

        Assert.That(ReadAll(stream), Is.Empty);
        Assert.That(Remarkable(stream.Statistics), Is.EqualTo("rejected_heaps 2"));
        Assert.That(stream.Statistics.Heaps, Is.EqualTo(2));
    }

    [Test]
    public void Heap_without_payload_is_not_placed()
    {
        int calls = 0;
        using ChunkStream stream = Placed(
            (ref ChunkPlace place) =>
            {
                calls++;
                ChunkSettings.Place(ref place);
            },
            ChunkHeap.Packet(5, 0, 0, [], ChunkHeap.Item(0x1600, 5)),
            ChunkHeap.Whole(1));

        Assert.That(ReadAll(stream), Is.EqualTo("0:0100"));
        Assert.That((calls, stream.Statistics.Heaps), Is.EqualTo((1, 2)));
    }

    [Test]
    public void Extra_data_is_copied_to_the_chunk()
    {
        using ChunkStream stream = Placed(
            (ref ChunkPlace place) =>
            {
                ChunkSettings.Place(ref place);
                place.Extra[0] = 0xaa;
                place.Extra[1] = (byte)place.Items[0];
                (place.ExtraOffset, place.ExtraSize) = (2 * place.HeapIndex, 2);
            },
            Wholes(0, 2));

        using Chunk chunk = stream.Read();
        Assert.That(Convert.ToHexString(chunk.Extra), Is.EqualTo("AA000000AA020000"));
    }

    [Test]
    public void Placement_sees_the_whole_packet_and_its_items()
    {
        List<string> seen = [];
        using ChunkStream stream = PlacedWith(
            new() { Items = [0x1600, 2, 0x1601], MaxHeapExtra = 3 },
            (ref ChunkPlace place) =>
                seen.Add($"{place.Packet.Length}: {string.Join(' ', place.Items.ToArray())}, extra {place.Extra.Length}"),
            Wholes(7));

        Assert.That(ReadAll(stream), Is.Empty);
        Assert.That(seen, Is.EqualTo(new[] { "64: 7 16 -1, extra 3" }));
    }

    [Test]
    public void Heap_that_comes_twice_is_counted_where_heaps_are_accounted_for()
    {
        using ChunkStream stream = new(
            ChunkSettings.Group(), ChunkSettings.Member(ChunkPlacement.Layout), new() { Accounting = HeapAccounting.BySubstream });
        stream.Add(ChunkHeap.Source(new[] { 1, 2, 2, 3 }.Select(ChunkHeap.Whole)));

        using Chunk chunk = stream.Read();
        Assert.That(stream.TryRead(out _, Poll.Deadline), Is.False);
        Assert.That(chunk.Present.ToArray(), Is.EqualTo(new byte[] { 0, 1, 1, 1 }));
        Assert.That((stream.Statistics.Heaps, stream.Statistics.HeapsDuplicate), Is.EqualTo((4, 1)));
    }

    [Test]
    public void Stop_heap_is_placed_where_stop_items_are_ignored()
    {
        using ChunkStream stream = new(
            ChunkSettings.Group(),
            new() { Place = (ref ChunkPlace place) => place.ChunkId = 0 },
            new() { StopOnStopItem = false });
        stream.Add(ChunkHeap.Source(ChunkHeap.Stop(1)));

        Assert.That(ReadAll(stream), Is.EqualTo("0:1000"));
    }

    /// <summary>Offset, index, extra offset, extra size; the last three lie within, but their ends do not.</summary>
    [TestCase(49, 0, 0, 0)]
    [TestCase(-16, 0, 0, 0)]
    [TestCase(long.MaxValue, 0, 0, 0)]
    [TestCase(0, 4, 0, 0)]
    [TestCase(0, -1, 0, 0)]
    [TestCase(0, 0, 7, 2)]
    [TestCase(0, 0, -1, 1)]
    [TestCase(0, 0, 0, 5)]
    [TestCase(0, 0, 0, -1)]
    public void Heap_out_of_bounds_is_thrown_away(long offset, long index, long extraOffset, long extraSize)
    {
        using ChunkStream stream = Placed(
            (ref ChunkPlace place) =>
            {
                place.Extra.Fill(0xaa);
                (place.ChunkId, place.HeapOffset, place.HeapIndex) = (0, offset, index);
                (place.ExtraOffset, place.ExtraSize) = (extraOffset, extraSize);
            },
            ChunkHeap.Part(5, 0, 8),
            ChunkHeap.Part(5, 8, 8));

        using Chunk chunk = stream.Read();
        Assert.That(chunk.Data.ToArray(), Is.All.Zero);
        Assert.That(chunk.Extra.ToArray(), Is.All.Zero);
        Assert.That(chunk.PresentCount, Is.Zero);
        Assert.That(Remarkable(stream.Statistics), Is.EqualTo("rejected_heaps 1, out_of_bounds_heaps 1"));
        Assert.That(stream.Statistics.Heaps, Is.EqualTo(1));
    }

    [Test]
    public void Heap_at_the_very_end_of_everything_fits()
    {
        using ChunkStream stream = Placed(
            (ref ChunkPlace place) =>
            {
                (place.ChunkId, place.HeapOffset, place.HeapIndex) = (0, 48, 3);
                (place.ExtraOffset, place.ExtraSize) = (4, 4);
            },
            Wholes(5));

        using Chunk chunk = stream.Read();
        Assert.That(chunk.Data[48..].ToArray(), Is.All.EqualTo(5));
        Assert.That(chunk.Present[3], Is.EqualTo(1));
    }

    [Test]
    public void Function_that_throws_rejects_the_heap()
    {
        RecordingLogger logger = new();
        using (ChunkStream stream = new(
            ChunkSettings.Group(),
            new()
            {
                Place = (ref ChunkPlace place) => throw new InvalidOperationException("no idea"),
            },
            logger: logger))
        {
            stream.Add(ChunkHeap.Source(Wholes(1, 2)));
            Assert.That(ReadAll(stream), Is.Empty);
            Assert.That(stream.Statistics.RejectedHeaps, Is.EqualTo(2));
        }

        Assert.That(logger.Messages.Select(message => message.Text), Has.One.Contains("no idea"));
    }

    [Test]
    public void Placement_updates_custom_statistics()
    {
        using ChunkStream stream = new(
            ChunkSettings.Group(),
            new() { Place = (ref ChunkPlace place) => place.CustomStatistics[0]++ },
            new() { CustomStatistics = [new("placed")] });
        stream.Add(ChunkHeap.Source(Wholes(1, 2, 3)));

        Assert.That(ReadAll(stream), Is.Empty);
        Assert.That(stream.Statistics["placed"], Is.EqualTo(3));
    }

    [Test]
    public void Packet_presence_is_set_by_each_packet([Values] bool outOfOrder)
    {
        byte[][] packets =
        [
            ChunkHeap.Part(0, 0, 8), ChunkHeap.Part(0, 8, 8), ChunkHeap.Part(1, outOfOrder ? 8 : 0, 8), ChunkHeap.Part(2, 0, 16),
        ];
        using ChunkStream stream = new(
            new() { DataSize = 64, PresentSize = 8 },
            new()
            {
                Items = [0x1600],
                PacketPresenceSize = 8,
                Place = (ref ChunkPlace place) =>
                {
                    ChunkSettings.Place(ref place);
                    place.HeapIndex *= 2;
                },
            });
        stream.Add(ChunkHeap.Source(packets));

        Assert.That(ReadAll(stream), Is.EqualTo(outOfOrder ? "0:11011000" : "0:11101000"));
    }

    [Test]
    public void Layout_has_room_for_the_presence_of_packets()
    {
        ChunkLayout layout = ChunkSettings.Layout(origin: 0);
        layout.FlagsPerHeap = 2;
        using ChunkStream stream = new(
            ChunkGroupOptions.For(layout), new() { Layout = layout, PacketPresenceSize = ChunkHeap.Size / 2 });
        stream.Add(ChunkHeap.Source(ChunkHeap.Part(0, 0, 8), ChunkHeap.Part(1, 8, 8), ChunkHeap.Whole(3)));

        Assert.That(ReadAll(stream), Is.EqualTo("0:10010010"));
    }

    [Test]
    public void Packet_without_payload_is_not_present()
    {
        using ChunkStream stream = new(
            new() { DataSize = 64, PresentSize = 8 },
            new() { PacketPresenceSize = 8, Place = (ref ChunkPlace place) => place.ChunkId = 0 });
        stream.Add(ChunkHeap.Source(
            ChunkHeap.Packet(1, 24, 0, new byte[8]), ChunkHeap.Packet(1, 24, 8, []), ChunkHeap.Packet(2, 8, 0, [])));

        Assert.That(ReadAll(stream), Is.EqualTo("0:10000000"));
    }

    [Test]
    public void Packet_presence_beyond_the_flags_is_out_of_bounds()
    {
        using ChunkStream stream = new(
            new() { DataSize = 64, PresentSize = 8 },
            new() { PacketPresenceSize = 8, Place = (ref ChunkPlace place) => (place.ChunkId, place.HeapIndex) = (0, 7) });
        stream.Add(ChunkHeap.Source(ChunkHeap.Whole(0)));

        Assert.That(ReadAll(stream), Is.EqualTo("0:00000000"));
        Assert.That(stream.Statistics.OutOfBoundsHeaps, Is.EqualTo(1));
    }

    [Test]
    public void Packet_copier_copies_into_the_chunk()
    {
        using ChunkStream stream = new(
            ChunkSettings.Group(), ChunkSettings.Member(ChunkPlacement.Layout), new() { ExplicitStart = true });
        stream.Stream.PacketCopier = (heap, in packet) =>
        {
            packet.Payload.CopyTo(heap[(int)packet.PayloadOffset..]);
            heap[0] = 0xff;
        };
        stream.Add(ChunkHeap.Source(ChunkHeap.Whole(1)));
        stream.Start();

        using Chunk chunk = stream.Read();
        Assert.That(Convert.ToHexString(chunk.Data[16..20]), Is.EqualTo("FF010101"));
    }

    [Test]
    public void Data_of_heaps_lies_where_it_was_placed()
    {
        using ChunkStream stream = new(ChunkSettings.Group(), ChunkSettings.Member(ChunkPlacement.Layout));
        stream.Add(ChunkHeap.Source(
            Wholes(6).Append(ChunkHeap.Part(7, 0, 8)).Concat(Wholes(5))));
        stream.Read().Dispose();

        using Chunk chunk = stream.Read();
        Assert.That(
            Convert.ToHexString(chunk.Data),
            Is.EqualTo(new string('0', 32) + Repeat("05", 16) + Repeat("06", 16) + Repeat("07", 8) + new string('0', 16)));
        Assert.That((long)Address(chunk) % 64, Is.Zero);
        Assert.That((chunk.Id, chunk.IdsSkipped, chunk.PresentCount, chunk.MissingCount), Is.EqualTo((1, 0, 2, 2)));
        Assert.That(chunk.MissingRanges, Is.EqualTo(new[] { 0..1, 3..4 }));
    }

    [Test]
    public void Ids_skipped_are_told_by_the_chunk_and_the_statistics()
    {
        using ChunkStream stream = new(ChunkSettings.Group(), ChunkSettings.Member(ChunkPlacement.Layout));
        stream.Add(ChunkHeap.Source(Wholes(40, 80)));

        List<long> skipped = [];
        foreach (Chunk chunk in stream.ReadAll())
        {
            skipped.Add(chunk.IdsSkipped);
            chunk.Dispose();
        }

        Assert.That(skipped, Is.EqualTo(new[] { 0, 0, 8, 0 }));
        Assert.That((stream.ChunkStatistics.ChunksEmitted, stream.ChunkStatistics.IdsSkipped), Is.EqualTo((4, 8)));
    }

    [Test]
    public async Task Chunks_are_read_asynchronously()
    {
        using ChunkStream stream = new(
            ChunkSettings.Group(), ChunkSettings.Member(ChunkPlacement.Layout), new() { ExplicitStart = true });
        stream.Add(ChunkHeap.Source(Wholes([.. Enumerable.Range(0, 200)])));
        ValueTask<Chunk?> first = stream.ReadAsync();
        stream.Start();
        List<long> ids = [];
        using (Chunk chunk = (await first)!)
        {
            ids.Add(chunk.Id);
        }

        await foreach (Chunk chunk in stream.ReadAllAsync())
        {
            Assert.That(chunk.PresentCount, Is.EqualTo(4));
            ids.Add(chunk.Id);
            chunk.Dispose();
        }

        Assert.That(ids, Is.EqualTo(Enumerable.Range(0, 50)));
        Assert.That(stream.IsCompleted, Is.True);
        Assert.That(await stream.ReadAsync(), Is.Null);
        Assert.That(() => stream.Read(), Throws.TypeOf<StreamStoppedException>());
    }

    [Test]
    public void Stream_of_chunks_has_no_heaps_to_read()
    {
        using ChunkStream stream = new(ChunkSettings.Group(), ChunkSettings.Member(ChunkPlacement.Layout));

        Assert.That(() => stream.Stream.Read(), Throws.InvalidOperationException);
        Assert.That(stream.Stream.IsCompleted, Is.False);
        stream.Stop();
        Poll.Until(() => stream.Stream.IsCompleted, "ended");
    }

    private static ChunkStream Placed(ChunkPlaceFunction place, params byte[][] packets) =>
        PlacedWith(new() { Items = [0x1600], MaxHeapExtra = 4 }, place, packets);

    private static ChunkStream PlacedWith(ChunkOptions options, ChunkPlaceFunction place, params byte[][] packets)
    {
        options.Place = place;
        ChunkStream stream = new(ChunkSettings.Group(), options);
        stream.Add(ChunkHeap.Source(packets));
        return stream;
    }

    private static byte[][] Wholes(params int[] numbers) => [.. numbers.Select(ChunkHeap.Whole)];

    private static string Repeat(string text, int count) => string.Concat(Enumerable.Repeat(text, count));

    private static unsafe nint Address(Chunk chunk)
    {
        fixed (byte* data = chunk.Data)
        {
            return (nint)data;
        }
    }

    /// <summary>Chunks as "number:presence", and returns them.</summary>
    private static string ReadAll(ChunkReaderBase stream)
    {
        List<string> chunks = [];
        foreach (Chunk chunk in stream.ReadAll())
        {
            using (chunk)
            {
                chunks.Add($"{chunk.Id}:{string.Concat(chunk.Present.ToArray())}");
            }
        }

        return string.Join(' ', chunks);
    }

    /// <summary>The statistics that say what is not as it should be.</summary>
    private static string Remarkable(StreamStatistics statistics)
    {
        string[] ordinary =
        [
            "heaps", "packets", "batches", "max_batch", "single_packet_heaps", "search_dist", "packets_accepted", "payload_bytes",
            "max_heap_bytes", "packets_missing", "bytes_missing",
        ];
        return string.Join(
            ", ", statistics.Where(pair => pair.Value != 0 && !ordinary.Contains(pair.Key)).Select(pair => $"{pair.Key} {pair.Value}"));
    }
}
