// SPDX-License-Identifier: MIT

using Spead2.Chunks;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>
/// Several streams fill one sequence of chunks: vectors L1 to L4 of the specification, and members that end, wait or are silent.
/// </summary>
public sealed class ChunkGroupTests
{
    private const int First = 10;
    private const int Second = 11;

    [Test]
    public void L1_lossy_group_moves_with_its_fastest_stream()
    {
        using ChunkGroup group = Group(ChunkEviction.Lossy);
        using ChunkFeed m0 = new(group, First);
        using ChunkFeed m1 = new(group, Second);

        m0.Send(0);
        m1.Send(1);
        m0.Send(4);
        m0.Send(8);
        m0.Send(12);
        m1.Send(2);
        m1.Send(13);

        Assert.That(ReadReady(group), Is.EqualTo(new[] { "0:1100", "1:1000" }));
        Assert.That(m1.Stream.Statistics.TooOldHeaps, Is.EqualTo(1));
        Assert.That(m0.Stream.Statistics.TooOldHeaps, Is.Zero);
    }

    [Test]
    public void L2_lossless_group_waits_for_its_slowest_stream()
    {
        using ChunkGroup group = Group(ChunkEviction.Lossless);
        using ChunkFeed m0 = new(group, First);
        using ChunkFeed m1 = new(group, Second);

        m0.Send(0);
        m1.Send(1);
        m0.Send(4);
        m0.SendAndBlock(8);
        m0.Post(12);
        m1.Send(2);
        Assert.That(ReadReady(group), Is.Empty);
        m1.Send(13);
        m0.Settle();

        Assert.That(ReadReady(group), Is.EqualTo(new[] { "0:1110", "1:1000" }));
        Assert.That(m0.Stream.Statistics.TooOldHeaps + m1.Stream.Statistics.TooOldHeaps, Is.Zero);
        Assert.That(group.ChunkStatistics.WaitsForMembers, Is.GreaterThanOrEqualTo(1));
        Assert.That(group.ChunkStatistics.MemberTimeouts, Is.Zero);
    }

    [Test]
    public void L3_group_ends_with_its_last_stream([Values] ChunkEviction eviction)
    {
        using ChunkGroup group = Group(eviction);
        using ChunkFeed m0 = new(group, First);
        using ChunkFeed m1 = new(group, Second);
        m0.Send(0);
        m1.Send(1);

        m0.End();
        Assert.That(group.IsCompleted, Is.False);
        m1.End();

        // A stream has ended before the group has handed over what it leaves.
        using (Chunk last = group.Read())
        {
            Assert.That($"{last.Id}:{string.Concat(last.Present.ToArray())}", Is.EqualTo("0:1100"));
        }

        Assert.That(() => group.Read(), Throws.TypeOf<StreamStoppedException>().With.Message.Contains("every chunk"));
        Assert.That(group.IsCompleted, Is.True);
    }

    [Test]
    public void L4_stream_that_is_stopped_keeps_nobody_waiting([Values] ChunkEviction eviction)
    {
        using ChunkGroup group = Group(eviction);
        using ChunkFeed m0 = new(group, First);
        using ChunkFeed m1 = new(group, Second);
        m0.Send(0);
        m1.Send(1);

        m1.Stream.Stop();
        m0.Send(4);
        m0.Send(8);

        Assert.That(ReadReady(group), Is.EqualTo(new[] { "0:1100" }));
        Assert.That(group.IsCompleted, Is.False);
    }

    [Test]
    public void Lossless_stream_goes_on_when_the_other_one_ends([Values] bool isDisposed)
    {
        using ChunkGroup group = Group(ChunkEviction.Lossless);
        using ChunkFeed m0 = new(group);
        using ChunkFeed m1 = new(group);
        m1.Send(1);
        m0.SendAndBlock(8);

        if (isDisposed)
        {
            m1.Dispose();
        }
        else
        {
            m1.End();
        }

        m0.Settle();
        Assert.That(ReadReady(group), Is.EqualTo(new[] { "0:0100" }));
    }

    [Test]
    public void Silent_stream_is_not_waited_for_longer_than_the_timeout()
    {
        ChunkGroupOptions options = Options(ChunkEviction.Lossless);
        options.MemberTimeout = TimeSpan.FromMilliseconds(20);
        using ChunkGroup group = new(options);
        using ChunkFeed m0 = new(group);
        using ChunkFeed m1 = new(group);
        m1.Send(1);

        m0.Send(8);
        m0.Send(12);
        m1.Send(2);

        Assert.That(ReadReady(group), Is.EqualTo(new[] { "0:0100", "1:0000" }));
        Assert.That(m1.Stream.Statistics.TooOldHeaps, Is.EqualTo(1));
        Assert.That(group.ChunkStatistics.MemberTimeouts, Is.EqualTo(1));
    }

    [Test]
    public void Silent_stream_is_not_waited_for_after_a_wait_for_room()
    {
        ChunkGroupOptions options = ChunkSettings.Group(maxChunks: 3);
        (options.Members, options.Eviction, options.DataRingChunks) = (2, ChunkEviction.Lossless, 1);
        options.MemberTimeout = TimeSpan.FromMilliseconds(20);
        using ChunkGroup group = new(options);
        using ChunkFeed m0 = new(group);
        using ChunkFeed m1 = new(group, maxChunks: 1);
        m0.Send(0);
        m0.Send(8);
        m1.Send(9);
        m0.Send(12);
        m0.SendAndBlock(24);
        Assert.That((group.ChunkStatistics.WaitsForRoom, group.ChunkStatistics.WaitsForMembers), Is.EqualTo((1, 0)));

        // There is room for chunk 1 now, and the other stream lets none more go.
        group.Read().Dispose();

        Poll.Until(() => group.ChunkStatistics.MemberTimeouts == 1, "the silent stream was not waited for any more");
    }

    [Test]
    public void Stream_that_is_not_made_is_not_waited_for_longer_than_the_timeout()
    {
        ChunkGroupOptions options = Options(ChunkEviction.Lossless);
        options.MemberTimeout = TimeSpan.FromMilliseconds(20);
        using ChunkGroup group = new(options);
        using ChunkFeed m0 = new(group);

        m0.Send(8);

        Assert.That(group.ChunkStatistics.MemberTimeouts, Is.EqualTo(1));
        m0.End();
        Assert.That(group.IsCompleted, Is.False);
    }

    [Test]
    public void Window_of_a_stream_is_smaller_than_that_of_its_group()
    {
        ChunkGroupOptions options = Options(ChunkEviction.Lossy);
        options.MaxChunks = 3;
        using ChunkGroup group = new(options);
        using ChunkFeed m0 = new(group, maxChunks: 2);
        using ChunkFeed m1 = new(group, maxChunks: 2);

        m0.Send(0);
        m0.Send(8);
        m0.Send(1);
        m1.Send(2);

        Assert.That(m0.Stream.Statistics.TooOldHeaps, Is.EqualTo(1));
        Assert.That(m1.Stream.Statistics.TooOldHeaps, Is.Zero);
        group.Stop(drain: true);
        Assert.That(ReadReady(group), Is.EqualTo(new[] { "0:1010", "1:0000", "2:1000" }));
    }

    [Test]
    public void First_heap_of_any_stream_is_the_origin_of_all()
    {
        using ChunkGroup group = new(Options(ChunkEviction.Lossy));
        using ChunkFeed m0 = new(group, origin: null);
        using ChunkFeed m1 = new(group, origin: null);

        m0.Send(42);
        m1.Send(39);
        m1.Send(40);
        m1.Send(45);
        group.Stop(drain: true);

        Assert.That(ReadReady(group), Is.EqualTo(new[] { "0:1010", "1:0100" }));
        Assert.That(m1.Stream.Statistics.TooOldHeaps, Is.EqualTo(1));
    }

    [Test]
    public void Group_takes_as_many_streams_as_its_options_say()
    {
        using ChunkGroup group = Group(ChunkEviction.Lossy);
        using ChunkFeed m0 = new(group);
        using ChunkFeed m1 = new(group);

        Assert.That(() => new ChunkFeed(group), Throws.InvalidOperationException.Or.TypeOf<Spead2Exception>());
    }

    [Test]
    public void Group_that_was_stopped_takes_no_stream()
    {
        using ChunkGroup group = Group(ChunkEviction.Lossy);
        group.Stop();

        Assert.That(() => new ChunkFeed(group), Throws.InvalidOperationException.Or.TypeOf<Spead2Exception>());
        Assert.That(group.IsCompleted, Is.True);
    }

    [Test]
    public void Member_window_larger_than_that_of_the_group_is_refused()
    {
        using ChunkGroup group = Group(ChunkEviction.Lossy);
        ChunkOptions chunks = ChunkSettings.Member(ChunkPlacement.Layout);
        chunks.MaxChunks = 3;

        Assert.That(
            () => group.AddStream(chunks),
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("MaxChunks must be at most that of the group, which is 2"));
    }

    [Test]
    public void Random_streams_fill_every_chunk_of_a_lossless_group()
    {
        const int Streams = 3;
        const int Chunks = 400;
        ChunkGroupOptions options = new()
        {
            Members = Streams,
            MaxChunks = 3,
            Chunks = 6,
            DataSize = 4 * Streams * ChunkHeap.Size,
            PresentSize = 4 * Streams,
            Eviction = ChunkEviction.Lossless,
            MemberTimeout = Timeout.InfiniteTimeSpan,
        };
        using ChunkGroup group = new(options);
        ReceiveStreamBase[] streams =
        [
            .. Enumerable.Range(0, Streams).Select(row => AddRow(group, row, Chunks * 4)),
        ];
        foreach (ReceiveStreamBase stream in streams)
        {
            stream.Start();
        }

        long expected = 0;
        foreach (Chunk chunk in group.ReadAll())
        {
            using (chunk)
            {
                Assert.That(chunk.Id, Is.EqualTo(expected));
                Assert.That(chunk.MissingCount, Is.Zero, () => $"chunk {chunk.Id}");
                for (int i = 0; i < 4 * Streams; i++)
                {
                    byte value = (byte)(expected * 4 + i % 4);
                    Assert.That(
                        chunk.Data.Slice(i * ChunkHeap.Size, ChunkHeap.Size).IndexOfAnyExcept(value), Is.Negative);
                }

                expected++;
            }
        }

        Assert.That(expected, Is.EqualTo(Chunks));
        foreach (ReceiveStreamBase stream in streams)
        {
            Assert.That(stream.Statistics.TooOldHeaps, Is.Zero);
            stream.Dispose();
        }
    }

    /// <summary>A stream whose heaps come in another order within each chunk.</summary>
    private static ReceiveStreamBase AddRow(ChunkGroup group, int row, int heaps)
    {
        ReceiveStreamBase stream = group.AddStream(
            new()
            {
                Items = [ChunkHeap.TimeItem],
                Place = (ref ChunkPlace place) =>
                {
                    (place.ChunkId, long time) = Math.DivRem(place.Items[0], 4);
                    place.HeapIndex = row * 4 + time;
                    place.HeapOffset = place.HeapIndex * ChunkHeap.Size;
                },
            },
            new() { ExplicitStart = true });
        stream.Add(ChunkHeap.Source(
            from i in Enumerable.Range(0, heaps)
            let number = i / 4 * 4 + (i + row) % 4
            select ChunkHeap.Packet(
                (ulong)number, ChunkHeap.Size, 0, [.. Enumerable.Repeat((byte)number, ChunkHeap.Size)],
                ChunkHeap.Item(ChunkHeap.TimeItem, (ulong)number))));
        return stream;
    }

    private static ChunkGroup Group(ChunkEviction eviction) => new(Options(eviction));

    private static ChunkGroupOptions Options(ChunkEviction eviction)
    {
        ChunkGroupOptions options = ChunkSettings.Group();
        (options.Members, options.Eviction) = (2, eviction);
        options.MemberTimeout = Timeout.InfiniteTimeSpan;
        return options;
    }

    /// <summary>The chunks that wait, as "number:presence".</summary>
    private static List<string> ReadReady(ChunkGroup group)
    {
        List<string> chunks = [];
        while (group.TryRead(out Chunk? chunk))
        {
            using (chunk)
            {
                chunks.Add($"{chunk.Id}:{string.Concat(chunk.Present.ToArray())}");
            }
        }

        return chunks;
    }
}
