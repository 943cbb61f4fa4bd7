// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using Spead2.Receive;

namespace Spead2.Managed.Tests;

[NonParallelizable]
public sealed class MemoryPoolLifetimeTests
{
    private const int BlockSize = 1000;
    private const int Blocks = 5;

    [Test]
    public void Pool_that_nobody_disposes_gives_its_blocks_and_threads_back([Values] bool heapsOutlive)
    {
        Garbage.Collect();
        ProcessResources before = ProcessResources.Now;
        AllocatorCounts counts = new();
        Forget(counts, heapsOutlive);

        before.AwaitAgain();
        Poll.Until(
            () =>
            {
                Garbage.Collect();
                return Volatile.Read(ref counts.InUse) == 0;
            },
            () => $"all blocks are back; {counts.InUse} are not");
        Assert.That(counts.FreedTooLate, Is.Zero);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget(AllocatorCounts counts, bool readsHeap)
    {
        using IoThreadPool threads = new();
        ManagedMemoryPool pool = new(
            1, BlockSize, Blocks, Blocks, lowWater: 1, threadPool: threads, allocator: new TestAllocator(counts));
        using ManagedReceiveStream stream = new() { MemoryAllocator = pool };
        stream.AddDatagramReader(Packets.OfHeaps(3, BlockSize / 2));
        if (readsHeap)
        {
            stream.Read();
        }

        Assert.That(counts.InUse, Is.EqualTo(Blocks));
    }
}
