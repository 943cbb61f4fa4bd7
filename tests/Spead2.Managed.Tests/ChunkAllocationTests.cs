// SPDX-License-Identifier: MIT

using Spead2.Chunks;

namespace Spead2.Managed.Tests;

/// <summary>What chunks cost the garbage collector, once a stream runs: nothing.</summary>
[NonParallelizable]
public sealed class ChunkAllocationTests
{
    private const int Chunks = 20_000;

    // What the runtime and the test framework may allocate meanwhile: 6 bytes a chunk.
    private const long Slack = 128 << 10;

    [Test]
    public void Chunks_that_are_read_cost_no_garbage([Values] ChunkPlacement placement)
    {
        ReceiveAll(placement, ReadAll);
        long bytes = ReceiveAll(placement, ReadAll);

        Assert.That(bytes, Is.LessThan(Slack));

        static void ReadAll(ManagedChunkStream stream)
        {
            while (stream.TryRead(out Chunk? chunk, Timeout.InfiniteTimeSpan))
            {
                chunk.Dispose();
            }
        }
    }

    [Test]
    public void Chunks_that_are_awaited_cost_no_garbage()
    {
        ReceiveAll(ChunkPlacement.Layout, ReadAsync);
        long bytes = ReceiveAll(ChunkPlacement.Layout, ReadAsync);

        Assert.That(bytes, Is.LessThan(Slack));

        static void ReadAsync(ManagedChunkStream stream) => Task.Run(async () =>
        {
            await foreach (Chunk chunk in stream.ReadAllAsync())
            {
                chunk.Dispose();
            }
        }).GetAwaiter().GetResult();
    }

    /// <summary>The bytes that all threads allocate.</summary>
    private static long ReceiveAll(ChunkPlacement placement, Action<ManagedChunkStream> read)
    {
        ChunkGroupOptions group = ChunkSettings.Group();
        group.Chunks = 4;
        using ManagedChunkStream stream = new(
            group, ChunkSettings.Member(placement), new() { ExplicitStart = true });
        stream.Add(ChunkHeap.Source(Enumerable.Range(0, Chunks * ChunkSettings.HeapsPerChunk).Select(ChunkHeap.Whole)));
        long before = GC.GetTotalAllocatedBytes(precise: true);
        stream.Start();
        read(stream);
        return GC.GetTotalAllocatedBytes(precise: true) - before;
    }
}
