// SPDX-License-Identifier: MIT

using Spead2.Chunks;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>Chunks go round: a slow consumer makes streams pause, and a stop drains or drops the window.</summary>
public sealed class ChunkRingTests
{
    // Data, presence and extra data.
    private const int BlocksPerChunk = 3;

    [Test]
    public void Stream_pauses_while_no_chunk_is_free()
    {
        using ChunkGroup group = new(Options(chunks: 3));
        using ChunkFeed feed = new(group);
        feed.Send(0);
        feed.Send(4);
        feed.Send(8);
        using (Chunk first = group.Read())
        {
            feed.SendAndBlock(12);
            Assert.That(feed.Source.State, Is.EqualTo(SourceState.Blocked));
            Assert.That(group.ChunkStatistics.WaitsForFree, Is.EqualTo(1));
            Assert.That(first.Id, Is.Zero);
        }

        feed.Settle();
        Assert.That(feed.Stream.Statistics.WorkerBlocked, Is.EqualTo(1));
        Assert.That(group.Read().Id, Is.EqualTo(1));
    }

    [Test]
    public void Stream_pauses_while_as_many_chunks_wait_as_may()
    {
        ChunkGroupOptions options = Options(chunks: 10);
        options.DataRingChunks = 1;
        using ChunkGroup group = new(options);
        using ChunkFeed feed = new(group);
        feed.Send(0);
        feed.Send(8);
        feed.SendAndBlock(12);
        Assert.That(group.ChunkStatistics.WaitsForRoom, Is.EqualTo(1));
        Assert.That(group.ChunkStatistics.ReadyChunks, Is.EqualTo(1));

        group.Read().Dispose();
        feed.Settle();
        feed.End();

        Assert.That(Ids(group), Is.EqualTo(new[] { 1, 2, 3 }), "At the end the window waits, too.");
    }

    [Test]
    public void Place_function_is_called_once_for_a_heap_that_waits()
    {
        int calls = 0;
        ChunkOptions chunks = ChunkSettings.Member(ChunkPlacement.Delegate);
        chunks.Place = (ref ChunkPlace place) =>
        {
            calls++;
            ChunkSettings.Place(ref place);
        };
        using ChunkStream stream = new(Options(chunks: 3), chunks);
        stream.Add(ChunkHeap.Source(Enumerable.Range(0, 400).Select(ChunkHeap.Whole)));

        Assert.That(Ids(stream), Is.EqualTo(Enumerable.Range(0, 100)));
        Assert.That(calls, Is.EqualTo(400));
        Assert.That(stream.Statistics.Packets, Is.EqualTo(400));
    }

    [Test]
    public void Chunks_are_recycled_without_traces_of_their_earlier_presence()
    {
        using ChunkStream stream = new(Options(chunks: 3), ChunkSettings.Member(ChunkPlacement.Layout));
        stream.Add(ChunkHeap.Source(Enumerable.Range(0, 400).Where(i => i % 4 == i / 4 % 4).Select(ChunkHeap.Whole)));

        HashSet<Chunk> objects = [];
        foreach (Chunk chunk in stream.ReadAll())
        {
            Assert.That(chunk.PresentCount, Is.EqualTo(1));
            Assert.That(chunk.Present[(int)(chunk.Id % 4)], Is.EqualTo(1));
            objects.Add(chunk);
            chunk.Dispose();
        }

        Assert.That(objects, Has.Count.EqualTo(3));
    }

    [Test]
    public void Stop_drops_the_window_or_drains_it([Values] bool drain)
    {
        using ChunkGroup group = new(Options(chunks: 4));
        using ChunkFeed feed = new(group);
        feed.Send(0);
        feed.Send(8);

        group.Stop(drain);

        Assert.That(Ids(group), Is.EqualTo(drain ? new[] { 0, 1, 2 } : [0]));
        Assert.That(group.ChunkStatistics.ChunksDropped, Is.EqualTo(drain ? 0 : 2));
        Poll.Until(() => feed.Stream.IsCompleted, "ended with its group");
        group.Stop(!drain);
        Assert.That(group.IsCompleted, Is.True);
    }

    [Test]
    public void Stop_ends_a_stream_that_waits([Values] bool drain)
    {
        using ChunkGroup group = new(Options(chunks: 3));
        using ChunkFeed feed = new(group);
        feed.Send(0);
        feed.Send(8);
        feed.SendAndBlock(12);

        group.Stop(drain);

        Poll.Until(() => feed.Stream.IsCompleted, "ended with its group");
        Assert.That(Ids(group), Is.EqualTo(drain ? new[] { 0, 1, 2 } : [0, 1]));
    }

    [Test]
    public void Stop_of_the_stream_drains_its_window()
    {
        using ChunkStream stream = new(
            Options(chunks: 4), ChunkSettings.Member(ChunkPlacement.Layout), new() { StopOnStopItem = false });
        using InProcessQueue queue = new();
        stream.Add(new InProcessSourceOptions(queue));
        queue.TryAddPacket(ChunkHeap.Whole(1));
        Poll.Until(() => stream.Statistics.Packets == 1, "used");

        stream.Stream.Stop();

        Assert.That(Ids(stream), Is.EqualTo(new[] { 0 }));
    }

    [Test]
    public async Task Stop_ends_reads_in_flight()
    {
        using ChunkGroup group = new(Options(chunks: 4));
        using ChunkFeed feed = new(group);
        ValueTask<Chunk?> waiting = group.ReadAsync();
        Task<bool> blocking = Task.Run(() => group.TryRead(out _, Poll.Deadline));

        group.Stop();

        Assert.That(await waiting, Is.Null);
        Assert.That(await blocking, Is.False);
    }

    [Test]
    public void Read_waits_for_its_time_only()
    {
        using ChunkGroup group = new(Options(chunks: 4));

        Assert.That(group.TryRead(out Chunk? chunk, TimeSpan.FromMilliseconds(1)), Is.False);
        Assert.That(chunk, Is.Null);
        Assert.That(group.TryRead(out chunk, TimeSpan.Zero), Is.False);
        Assert.That(() => group.TryRead(out _, TimeSpan.FromSeconds(-2)), Throws.TypeOf<ArgumentOutOfRangeException>());
        using CancellationTokenSource cancelled = new(TimeSpan.FromMilliseconds(1));
        Assert.That(() => group.Read(cancelled.Token), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task Blocking_and_waiting_consumers_get_every_chunk_once()
    {
        const int Chunks = 2000;
        using ChunkStream stream = new(
            Options(chunks: 6), ChunkSettings.Member(ChunkPlacement.Layout), new() { ExplicitStart = true });
        stream.Add(ChunkHeap.Source(Enumerable.Range(0, Chunks * 4).Select(ChunkHeap.Whole)));
        Task<List<long>>[] consumers =
        [
            Task.Run(() => Ids(stream)), Task.Run(() => Ids(stream)), Task.Run(() => IdsAsync(stream)), Task.Run(() => IdsAsync(stream)),
        ];
        stream.Start();

        List<long>[] ids = await Task.WhenAll(consumers).WaitAsync(Poll.Deadline);
        foreach (List<long> own in ids)
        {
            Assert.That(own, Is.Ordered);
        }

        Assert.That(ids.SelectMany(own => own).Order(), Is.EqualTo(Enumerable.Range(0, Chunks)));
    }

    [Test]
    public void Chunk_must_not_be_used_when_it_was_disposed()
    {
        using ChunkGroup group = new(Options(chunks: 4));
        using ChunkFeed feed = new(group);
        feed.Send(0);
        feed.Send(8);
        Chunk chunk = group.Read();
        chunk.Dispose();
        chunk.Dispose();

        Assert.That(() => chunk.Id, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => chunk.Present.Length, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => chunk.Data.Length, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => chunk.FillMissing((byte)1), Throws.TypeOf<ObjectDisposedException>());
        Assert.That(group.ChunkStatistics.FreeChunks, Is.EqualTo(2));
    }

    [Test]
    public void Chunk_outlives_its_stream()
    {
        ChunkStream stream = Filled();
        Chunk chunk = stream.Read();
        stream.Dispose();

        Assert.That(chunk.Data[16..32].ToArray(), Is.All.EqualTo(1));
        chunk.Dispose();
        Assert.That(() => stream.TryRead(out _), Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => stream.ChunkStatistics, Throws.TypeOf<ObjectDisposedException>());
        stream.Dispose();
    }

    [Test]
    public void Chunk_is_an_array_of_its_shape()
    {
        using ChunkStream stream = Filled();
        using Chunk chunk = stream.Read();

        Assert.That(chunk.AsTensorSpan<byte>().Lengths.ToArray(), Is.EqualTo(new nint[] { 4, 16 }));
        Assert.That(chunk.AsTensorSpan<byte>()[1, 3], Is.EqualTo(1));
        Assert.That(chunk.AsSpan<int>()[4], Is.EqualTo(0x01010101));
        Assert.That(
            () => chunk.AsTensorSpan<int>().Rank, Throws.ArgumentException.With.Message.Contains("[4, 16], has 64 elements"));
        Assert.That(() => chunk.AsSpan<Triple>().Length, Throws.ArgumentException.With.Message.Contains("no whole number"));
    }

    [Test]
    public void Missing_heaps_are_filled()
    {
        using ChunkStream stream = Filled();
        using Chunk chunk = stream.Read();

        chunk.FillMissing((short)-2);

        Assert.That(
            chunk.AsSpan<short>().ToArray(),
            Is.EqualTo(Enumerable.Range(0, 32).Select(i => i is >= 8 and < 16 ? 0x0101 : -2)));
        Assert.That(() => chunk.FillMissing(default(Triple)), Throws.ArgumentException);
    }

    [Test]
    public void Chunks_live_in_user_supplied_memory()
    {
        AllocatorCounts counts = new();
        TestAllocator memory = new(counts);
        using (ChunkStream stream = new(Options(chunks: 4), ChunkSettings.Member(ChunkPlacement.Layout), memory: memory))
        {
            Assert.That(counts.InUse, Is.EqualTo(4 * BlocksPerChunk));
            stream.Add(ChunkHeap.Source(ChunkHeap.Whole(1)));
            Chunk chunk = stream.Read();
            stream.Dispose();
            Assert.That(counts.InUse, Is.EqualTo(BlocksPerChunk), "what nobody has is freed at once");
            Assert.That(chunk.Data[16], Is.EqualTo(1));
            chunk.Dispose();
        }

        Assert.That(counts.InUse, Is.Zero);
        memory.Dispose();
    }

    [Test]
    public void Allocator_that_fails_leaves_nothing([Values(1, 2, 3, 5)] int failing)
    {
        AllocatorCounts counts = new();
        int calls = 0;
        using TestAllocator memory = new(counts)
        {
            OnAllocate = () => _ = ++calls == failing ? throw new InsufficientMemoryException("no more") : 0,
        };

        Assert.That(
            () => new ChunkGroup(Options(chunks: 4), memory),
            Throws.InstanceOf<InsufficientMemoryException>().Or.TypeOf<Spead2Exception>());
        Assert.That(counts.InUse, Is.Zero);
    }

    private static ChunkStream Filled()
    {
        ChunkStream stream = new(Options(chunks: 4), ChunkSettings.Member(ChunkPlacement.Layout));
        stream.Add(ChunkHeap.Source(ChunkHeap.Whole(1)));
        return stream;
    }

    private static ChunkGroupOptions Options(int chunks)
    {
        ChunkGroupOptions options = ChunkSettings.Group();
        options.Chunks = chunks;
        return options;
    }

    private static List<long> Ids(ChunkReaderBase reader)
    {
        List<long> ids = [];
        foreach (Chunk chunk in reader.ReadAll())
        {
            ids.Add(chunk.Id);
            chunk.Dispose();
        }

        return ids;
    }

    private static async Task<List<long>> IdsAsync(ChunkReaderBase reader)
    {
        List<long> ids = [];
        await foreach (Chunk chunk in reader.ReadAllAsync())
        {
            ids.Add(chunk.Id);
            chunk.Dispose();
        }

        return ids;
    }

    private readonly record struct Triple(byte A, byte B, byte C);
}
