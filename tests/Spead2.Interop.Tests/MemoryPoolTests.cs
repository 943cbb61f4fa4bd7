// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Interop.Tests;

/// <summary>Memory pools and mapped memory of an engine.</summary>
public sealed class MemoryPoolTests
{
    private const int HeapSize = 5000;

    [Test]
    public void Heaps_take_waiting_blocks_and_give_them_back()
    {
        using MemoryPool pool = new(lower: 1000, upper: 8192, maxFree: 4, initial: 4);
        using ReceiveStream stream = new() { MemoryAllocator = pool };
        Assert.That(pool.Statistics, Is.EqualTo(new MemoryPoolStatistics(4, 0, 0, 0, 0, 0)));
        stream.AddDatagramReader(Packets.OfHeaps(3, HeapSize));

        Heap[] heaps = [stream.Read(), stream.Read(), stream.Read()];
        Assert.That(pool.Statistics, Is.EqualTo(new MemoryPoolStatistics(1, 3, 3, 0, 0, 0)));
        AssertAndDispose(heaps, HeapSize);
        Assert.That(pool.Statistics, Is.EqualTo(new MemoryPoolStatistics(4, 0, 3, 0, 0, 0)));
    }

    [Test]
    public void Sizes_that_the_pool_does_not_serve_come_from_its_base()
    {
        using PinnedArrayAllocator allocator = new();
        using MemoryPool pool = new(lower: 1000, upper: 2000, maxFree: 4, initial: 1, allocator: allocator);
        Assert.That(allocator.InUse, Is.EqualTo(1));
        using ReceiveStream stream = new() { MemoryAllocator = pool };
        int[] sizes = [999, 1000, 2000, 2001];
        stream.AddDatagramReader([.. sizes.SelectMany((size, i) => Packets.OfHeap((ulong)i, size))]);

        Heap[] heaps = [stream.Read(), stream.Read(), stream.Read(), stream.Read()];
        Assert.That(pool.Statistics, Is.EqualTo(new MemoryPoolStatistics(0, 2, 1, 1, 2, 0)));
        Assert.That(allocator.InUse, Is.EqualTo(4));
        Array.ForEach(heaps, heap => heap.Dispose());
        Assert.That(pool.Statistics.Free, Is.EqualTo(2));
        Assert.That(allocator.InUse, Is.EqualTo(2));
    }

    [Test]
    public void Base_is_asked_without_a_packet()
    {
        SpyAllocator allocator = new();
        using MemoryPool pool = new(lower: 1, upper: 100, maxFree: 1, initial: 1, allocator: allocator);

        Assert.That(allocator.Seen.Single().AddressBits, Is.Zero);
        Assert.That(allocator.Seen.Single().Payload, Is.Empty);
    }

    [Test]
    public void Empty_pool_warns_unless_it_is_told_not_to([Values] bool warns)
    {
        RecordingLogger logger = new();
        using (MemoryPool pool = new(lower: 1, upper: HeapSize, maxFree: 1, initial: 0, logger: logger))
        {
            Assert.That(pool.WarnOnEmpty, Is.True);
            pool.WarnOnEmpty = warns;
            Assert.That(pool.WarnOnEmpty, Is.EqualTo(warns));
            using ReceiveStream stream = new() { MemoryAllocator = pool };
            stream.AddDatagramReader(Packets.OfHeap(1, HeapSize));
            stream.Read().Dispose();
            Assert.That(pool.Statistics.Misses, Is.EqualTo(1));
        }

        Assert.That(logger.Messages.Count, Is.EqualTo(warns ? 1 : 0));
        Assert.That(logger.Messages.Select(message => message.Level), Is.All.EqualTo(LogLevel.Warning));
        Assert.That(logger.Texts, Is.All.Contains("empty").And.All.Contains($"{HeapSize}"));
    }

    [Test]
    public void Pool_that_runs_low_is_filled_in_the_background()
    {
        using IoThreadPool threads = new();
        using MemoryPool pool = new(
            lower: 1, upper: HeapSize, maxFree: 8, initial: 8, lowWater: 6, threadPool: threads);
        threads.Dispose();
        using ReceiveStream stream = new() { MemoryAllocator = pool };
        stream.AddDatagramReader(Packets.OfHeaps(3, HeapSize));

        Heap[] heaps = [stream.Read(), stream.Read(), stream.Read()];
        Poll.Until(() => pool.Statistics.Free == 8, "the pool is full again");
        Assert.That(pool.Statistics.Refilled, Is.EqualTo(3));
        AssertAndDispose(heaps, HeapSize);
    }

    [Test]
    public void Stream_may_go_from_pool_to_pool_while_heaps_arrive()
    {
        const int HeapCount = 2000;
        Random random = Seeded.Random();
        using MemoryPool small = new(lower: 1, upper: HeapSize, maxFree: 2, initial: 1) { WarnOnEmpty = false };
        using MmapAllocator mapped = new();
        using MemoryPool large = new(lower: 1, upper: HeapSize, maxFree: 9, initial: 9, allocator: mapped)
        {
            WarnOnEmpty = false,
        };
        MemoryAllocator?[] allocators = [small, large, mapped, null];
        Queue<Heap> kept = new();
        using ReceiveStream stream = new(new ReceiveStreamOptions { RingHeaps = 8 });
        stream.AddDatagramReader(Packets.OfHeaps(HeapCount, size: 600));
        for (ulong cnt = 1; cnt <= HeapCount; cnt++)
        {
            stream.MemoryAllocator = allocators[random.Next(allocators.Length)];
            kept.Enqueue(stream.Read());
            if (kept.Count > 6)
            {
                AssertAndDispose([kept.Dequeue()], 600);
            }
        }

        stream.Dispose();
        AssertAndDispose([.. kept], 600);
        Assert.That(small.Statistics.InUse + large.Statistics.InUse, Is.Zero);
        Assert.That(small.Statistics.Hits, Is.Positive);
        Assert.That(large.Statistics.Hits, Is.Positive);
    }

    [Test]
    public void Logger_of_a_pool_that_is_dropped_is_let_go()
    {
        List<WeakReference> loggers = [.. Enumerable.Range(0, 20).Select(_ => AbandonPool())];

        Poll.Until(
            () =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return !loggers.Exists(logger => logger.IsAlive);
            },
            "every logger is garbage");
    }

    [TestCase(-1, 2, 0, 0, 0, "lower")]
    [TestCase(3, 2, 0, 0, 0, "upper")]
    [TestCase(0, 0, 0, 0, 0, "upper")]
    [TestCase(1, 2, -1, 0, 0, "maxFree")]
    [TestCase(1, 2, 3, 4, 0, "initial")]
    [TestCase(1, 2, 3, -1, 0, "initial")]
    [TestCase(1, 2, 3, 3, 4, "lowWater")]
    [TestCase(1, 2, 3, 3, -1, "lowWater")]
    [TestCase(1, 2, 3, 3, 1, "threadPool")]
    public void Value_that_breaks_its_rule_is_named(
        long lower, long upper, int maxFree, int initial, int lowWater, string name)
    {
        Assert.That(
            () => new MemoryPool(lower, upper, maxFree, initial, lowWater),
            Throws.InstanceOf<ArgumentException>().With.Property(nameof(ArgumentException.ParamName)).EqualTo(name));
    }

    [Test]
    public void Blocks_that_there_is_no_memory_for_are_an_error()
    {
        Assert.That(
            () => new MemoryPool(1, 1L << 50, int.MaxValue, int.MaxValue),
            Throws.InstanceOf<Spead2Exception>()
                .With.Property(nameof(Spead2Exception.Status)).EqualTo(Spead2Status.OutOfMemory)
                .And.Message.Contains($"{int.MaxValue} initial blocks"));
    }

    [Test]
    public void Mapped_memory_holds_heaps([Values(0, 0x2000)] int flags, [Values] bool preferHugePages)
    {
        // The flag is Linux's MAP_LOCKED.
        using MmapAllocator allocator = new(flags, preferHugePages);
        using ReceiveStream stream = new() { MemoryAllocator = allocator };
        stream.AddDatagramReader(Packets.OfHeaps(3, HeapSize));

        AssertAndDispose([stream.Read(), stream.Read(), stream.Read()], HeapSize);
    }

    [Test]
    public void Heaps_outlive_the_pool_its_base_and_the_stream()
    {
        MmapAllocator allocator = new();
        MemoryPool pool = new(lower: 1, upper: HeapSize, maxFree: 2, initial: 2, allocator: allocator);
        allocator.Dispose();
        ReceiveStream stream = new() { MemoryAllocator = pool };
        pool.Dispose();
        pool.Dispose();
        stream.AddDatagramReader(Packets.OfHeaps(2, HeapSize));
        Heap[] heaps = [stream.Read(), stream.Read()];
        stream.Dispose();

        foreach (Heap heap in heaps)
        {
            Assert.That(heap.Payload.Span.SequenceEqual(Packets.Content(heap.Cnt, HeapSize)), Is.True);
            heap.Dispose();
        }
    }

    [Test]
    public void Messages_of_a_pool_come_while_a_stream_uses_it()
    {
        RecordingLogger logger = new();
        MemoryPool pool = new(lower: 1, upper: HeapSize, maxFree: 1, initial: 0, logger: logger);
        using ReceiveStream stream = new() { MemoryAllocator = pool };
        pool.Dispose();
        stream.AddDatagramReader(Packets.OfHeap(1, HeapSize));
        stream.Read().Dispose();

        Poll.Until(() => logger.Messages.Count == 1, "the pool has warned");
    }

    [Test]
    public void Disposed_pool_has_no_state_to_tell()
    {
        MemoryPool pool = new(1, 2, 0, 0);
        pool.Dispose();

        Assert.That(() => pool.Statistics, Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(() => pool.WarnOnEmpty, Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(() => pool.WarnOnEmpty = true, Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void Disposed_allocator_is_refused([Values] bool userSupplied)
    {
        MemoryAllocator allocator = userSupplied ? new PinnedArrayAllocator() : new MmapAllocator();
        allocator.Dispose();
        allocator.Dispose();
        using ReceiveStream stream = new();

        Assert.That(() => stream.MemoryAllocator = allocator, Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(stream.MemoryAllocator, Is.Null);
        Assert.That(
            () => new MemoryPool(1, 2, 0, 0, allocator: allocator), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void Flags_for_shared_or_fixed_memory_are_refused([Values(0x01, 0x10)] int flags)
    {
        // Linux's MAP_SHARED and MAP_FIXED.
        Assert.That(
            () => new MmapAllocator(flags),
            Throws.ArgumentException.With.Property(nameof(ArgumentException.ParamName)).EqualTo(nameof(flags)));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference AbandonPool()
    {
        RecordingLogger logger = new();
        MemoryPool pool = new(
            lower: 1, upper: HeapSize, maxFree: 2, initial: 1, lowWater: 1, threadPool: new IoThreadPool(),
            allocator: new PinnedArrayAllocator(), logger: logger);
        ReceiveStream stream = new() { MemoryAllocator = pool };
        stream.AddDatagramReader(Packets.OfHeaps(5, HeapSize));
        _ = stream.Read();
        return new(logger);
    }

    private static void AssertAndDispose(Heap[] heaps, int size)
    {
        foreach (Heap heap in heaps)
        {
            Assert.That(heap.Payload.Span.SequenceEqual(Packets.Content(heap.Cnt, size)), Is.True);
            heap.Dispose();
        }
    }
}
