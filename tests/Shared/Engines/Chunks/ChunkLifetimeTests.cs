// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Chunks;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>Groups, streams and chunks end in any order, while threads use them, and nothing is left.</summary>
[NonParallelizable]
public sealed class ChunkLifetimeTests
{
    private const int Rounds = 60;
    private const int Streams = 2;

    [Test]
    public async Task Ends_in_any_order_leave_nothing([Values] ChunkEviction eviction)
    {
        AllocatorCounts counts = new();
        using TestAllocator memory = new(counts);
        Random random = new(1);
        using IoThreadPool pool = new(2);
        for (int round = 0; round < Rounds; round++)
        {
            await Live(new Random(random.Next()), eviction, memory, pool).WaitAsync(Poll.Deadline);
        }

        Poll.Until(() => counts.InUse == 0, () => $"freed: {counts.InUse} blocks are in use");
    }

    [Test]
    public void What_is_forgotten_is_freed([Values] bool keepsChunk)
    {
        AllocatorCounts counts = new();
        using TestAllocator memory = new(counts);
        Forget(memory, keepsChunk);

        Poll.Until(
            () =>
            {
                Garbage.Collect();
                return counts.InUse == 0;
            },
            () => $"freed: {counts.InUse} blocks are in use");
    }

    [Test]
    public void Group_keeps_streams_that_nobody_else_keeps()
    {
        ChunkGroupOptions options = ChunkSettings.Group();
        options.Members = Streams;
        using ChunkGroup group = new(options);
        WeakReference[] streams = [.. Enumerable.Range(0, Streams).Select(_ => AddStream(group))];

        Garbage.Collect();

        Assert.That(streams.Select(stream => stream.IsAlive), Is.All.True);
        Assert.That(group.IsCompleted, Is.False);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference AddStream(ChunkGroup group) =>
        new(group.AddStream(ChunkSettings.Member(ChunkPlacement.Layout), logger: NullLogger.Instance));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget(TestAllocator memory, bool keepsChunk)
    {
        ChunkStream stream = new(
            ChunkSettings.Group(), ChunkSettings.Member(ChunkPlacement.Layout), logger: NullLogger.Instance, memory: memory);
        stream.Add(ChunkHeap.Source(ChunkHeap.Whole(1)));
        Chunk chunk = stream.Read();
        if (!keepsChunk)
        {
            chunk.Dispose();
        }
    }

    private static async Task Live(Random random, ChunkEviction eviction, TestAllocator memory, IoThreadPool pool)
    {
        ChunkGroupOptions options = ChunkSettings.Group();
        (options.Members, options.Eviction, options.Chunks) = (Streams, eviction, 4);
        options.MemberTimeout = TimeSpan.FromMilliseconds(1);
        ChunkGroup group = new(options, memory);
        ReceiveStreamBase[] streams =
        [
            .. Enumerable.Range(0, Streams).Select(_ => group.AddStream(
                ChunkSettings.Member((ChunkPlacement)random.Next(3)), logger: NullLogger.Instance, pool: pool)),
        ];
        int heaps = random.Next(2000);
        foreach (ReceiveStreamBase stream in streams)
        {
            stream.Add(ChunkHeap.Source(Enumerable.Range(0, heaps).Select(ChunkHeap.Whole)));
        }

        Task consumer = Task.Run(() => Consume(group, new Random(heaps)));
        Task awaiting = Task.Run(() => ConsumeAsync(group));
        int end = random.Next(4);
        foreach (ReceiveStreamBase stream in random.Next(2) == 0 ? streams : [])
        {
            stream.Dispose();
        }

        if (end > 0)
        {
            group.Stop(drain: end == 1);
        }

        if (end < 3)
        {
            await Task.WhenAll(consumer, awaiting);
        }

        group.Dispose();
        await Task.WhenAll(consumer, awaiting);
        foreach (ReceiveStreamBase stream in streams)
        {
            stream.Dispose();
        }
    }

    private static void Consume(ChunkGroup group, Random random)
    {
        Chunk? kept = null;
        try
        {
            while (group.TryRead(out Chunk? chunk, Timeout.InfiniteTimeSpan))
            {
                Assert.That(chunk.Present.Length, Is.EqualTo(ChunkSettings.HeapsPerChunk));
                if (random.Next(10) == 0)
                {
                    kept?.Dispose();
                    kept = chunk;
                }
                else
                {
                    chunk.Dispose();
                }
            }
        }
        catch (ObjectDisposedException)
        {
            // The group has been disposed meanwhile.
        }

        kept?.Dispose();
    }

    private static async Task ConsumeAsync(ChunkGroup group)
    {
        try
        {
            await foreach (Chunk chunk in group.ReadAllAsync())
            {
                chunk.Data[0]++;
                chunk.Dispose();
            }
        }
        catch (ObjectDisposedException)
        {
            // The group has been disposed meanwhile.
        }
    }
}
