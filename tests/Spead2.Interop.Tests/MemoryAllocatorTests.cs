// SPDX-License-Identifier: MIT

using System.Net;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Interop.Tests;

/// <summary>Allocators of the user's.</summary>
public sealed unsafe class MemoryAllocatorTests
{
    private const int HeapSize = 5000;

    [Test]
    public void Payload_lives_in_an_array_of_the_user()
    {
        using PinnedArrayAllocator allocator = new();
        using ReceiveStream stream = new() { MemoryAllocator = allocator };
        Assert.That(stream.MemoryAllocator, Is.SameAs(allocator));
        stream.AddDatagramReader(Packets.OfHeaps(10, HeapSize));

        for (ulong cnt = 1; cnt <= 10; cnt++)
        {
            using Heap heap = stream.Read();
            Assert.That(heap.Payload.ToArray(), Is.EqualTo(Packets.Content(cnt, HeapSize)));
        }

        Assert.That(allocator.Allocated, Is.EqualTo(10));
        Assert.That(allocator.InUse, Is.Zero);
    }

    [Test]
    public void Payload_lives_in_memory_that_another_process_sees()
    {
        string path = Path.Combine(TestContext.CurrentContext.WorkDirectory, Path.GetRandomFileName());
        try
        {
            using SharedMemoryAllocator allocator = new(path);
            using ReceiveStream stream = new() { MemoryAllocator = allocator };
            stream.AddDatagramReader(Packets.OfHeap(1, HeapSize));
            using Heap heap = stream.Read();

            using FileStream other = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            byte[] payload = new byte[HeapSize];
            fixed (byte* first = heap.Payload.Span)
            {
                other.Position = allocator.OffsetOf(first);
            }

            other.ReadExactly(payload);
            Assert.That(payload, Is.EqualTo(Packets.Content(1, HeapSize)));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public void Packet_that_finds_no_memory_counts_as_allocation_failed()
    {
        string path = Path.Combine(TestContext.CurrentContext.WorkDirectory, Path.GetRandomFileName());
        try
        {
            using SharedMemoryAllocator allocator = new(path);
            using ReceiveStream stream = new(new ReceiveStreamOptions { RingHeaps = 64 });
            stream.MemoryAllocator = allocator;
            stream.AddDatagramReader(Packets.OfHeaps(SharedMemoryAllocator.SlotCount + 5, size: 100));
            Poll.Until(() => stream.Statistics.AllocationFailed == 5, "five heaps found no memory");

            Assert.That(stream.Statistics.Heaps, Is.EqualTo(SharedMemoryAllocator.SlotCount));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public void Allocator_sees_the_packet()
    {
        SpyAllocator allocator = new();
        using ReceiveStream stream = new() { MemoryAllocator = allocator };
        byte[] unsized = Convert.FromHexString(
            "5304020600000004" + "8001000000000002" + "8003000000000000" + "8004000000000004" + "0000000000000000" +
            "61626364");
        stream.AddDatagramReader([.. Packets.OfHeap(1, HeapSize), unsized]);

        stream.Read().Dispose();
        stream.Read().Dispose();
        Assert.That(allocator.Seen, Has.Count.EqualTo(2));
        Assert.Multiple(() =>
        {
            Assert.That(allocator.Seen[0].Cnt, Is.EqualTo(1));
            Assert.That(allocator.Seen[0].AddressBits, Is.EqualTo(Flavour.DefaultAddressBits));
            Assert.That(allocator.Seen[0].HeapLength, Is.EqualTo(HeapSize));
            Assert.That(allocator.Seen[0].PayloadOffset, Is.Zero);
            Assert.That(
                allocator.Seen[0].Payload,
                Is.EqualTo(Packets.Content(1, HeapSize).AsSpan(0, allocator.Seen[0].Payload.Length).ToArray()));
            Assert.That(allocator.Seen[0].ItemPointers, Is.EqualTo(Convert.FromHexString("0010000000000000")));
            Assert.That(allocator.Seen[1].Cnt, Is.EqualTo(2));
            Assert.That(allocator.Seen[1].HeapLength, Is.EqualTo(-1));
            Assert.That(allocator.Seen[1].Payload, Is.EqualTo("abcd"u8.ToArray()));
        });
    }

    [Test]
    public void Allocator_counts_in_custom_statistics()
    {
        SpyAllocator allocator = new();
        using ReceiveStream stream = new(new ReceiveStreamOptions
        {
            CustomStatistics = [new("allocations"), new("largest", StatisticMode.Maximum)],
        });
        stream.MemoryAllocator = allocator;
        stream.AddDatagramReader([.. Packets.OfHeap(1, 100), .. Packets.OfHeap(2, 300), .. Packets.OfHeap(3, 200)]);
        for (int i = 0; i < 3; i++)
        {
            stream.Read().Dispose();
        }

        Assert.That(() => stream.Read(), Throws.InstanceOf<StreamStoppedException>());
        Assert.That(stream.Statistics["allocations"], Is.EqualTo(3));
        Assert.That(stream.Statistics["largest"], Is.EqualTo(300));
        Assert.That(allocator.Seen.Select(seen => seen.StatisticsCount), Is.All.EqualTo(2));
    }

    [Test]
    public void Owner_and_size_come_back_as_they_were_given([Values(0, 100)] int extra, [Values] bool hasOwner)
    {
        BlockAllocator allocator = new() { Extra = extra, Owner = hasOwner ? new object() : null };
        using (ReceiveStream stream = new() { MemoryAllocator = allocator })
        {
            stream.AddDatagramReader(Packets.OfHeaps(3, HeapSize));
            for (int i = 0; i < 3; i++)
            {
                stream.Read().Dispose();
            }
        }

        Assert.That(allocator.Freed, Is.EqualTo(allocator.Given));
        Assert.That(allocator.Freed, Has.Count.EqualTo(3));
        Assert.That(allocator.Freed.Select(block => block.Size), Is.All.EqualTo(HeapSize + extra));
        Assert.That(allocator.Freed.Select(block => block.Owner), Is.All.SameAs(allocator.Owner));
    }

    [Test]
    public void Allocator_that_throws_is_logged_once_and_its_packets_count_as_allocation_failed()
    {
        RecordingLogger logger = new();
        using PinnedArrayAllocator allocator = new();
        allocator.OnAllocate = size =>
        {
            if (size != HeapSize)
            {
                throw new InvalidTimeZoneException("wrong zone");
            }
        };
        using (ReceiveStream stream = new(logger: logger))
        {
            stream.MemoryAllocator = allocator;
            stream.AddDatagramReader(
                [.. Packets.OfHeap(1, 10), .. Packets.OfHeap(2, 20), .. Packets.OfHeap(3, HeapSize)]);
            using Heap heap = stream.Read();

            Assert.That(heap.Cnt, Is.EqualTo(3));
            Assert.That(() => stream.Read(), Throws.InstanceOf<StreamStoppedException>());
            Assert.That(stream.Statistics.AllocationFailed, Is.EqualTo(2));
        }

        Assert.That(
            logger.Messages.Where(message => message.Text.Contains("wrong zone", StringComparison.Ordinal)).ToArray(),
            Has.Length.EqualTo(1).And.All.Matches<(LogLevel Level, string Text)>(message =>
                message.Level == LogLevel.Warning &&
                message.Text.Contains(nameof(PinnedArrayAllocator), StringComparison.Ordinal) &&
                message.Text.Contains("10 bytes", StringComparison.Ordinal)));
    }

    [Test]
    public void Block_that_is_too_small_is_given_back_and_counts_as_allocation_failed()
    {
        RecordingLogger logger = new();
        BlockAllocator allocator = new() { Extra = -1 };
        using (ReceiveStream stream = new(logger: logger))
        {
            stream.MemoryAllocator = allocator;
            stream.AddDatagramReader(Packets.OfHeap(1));

            Assert.That(() => stream.Read(), Throws.InstanceOf<StreamStoppedException>());
            Assert.That(stream.Statistics.AllocationFailed, Is.EqualTo(1));
        }

        Assert.That(allocator.Freed, Is.EqualTo(allocator.Given));
        Assert.That(logger.Texts, Has.Some.Contains("63 bytes"));
    }

    [Test]
    public void Allocator_that_throws_when_a_block_comes_back_is_logged_once()
    {
        RecordingLogger logger = new();
        using PinnedArrayAllocator allocator = new();
        allocator.OnFree = () => throw new InvalidTimeZoneException("wrong zone");
        using (ReceiveStream stream = new(logger: logger))
        {
            stream.MemoryAllocator = allocator;
            stream.AddDatagramReader(Packets.OfHeaps(3, HeapSize));
            for (int i = 0; i < 3; i++)
            {
                stream.Read().Dispose();
            }
        }

        Assert.That(allocator.InUse, Is.Zero);
        Assert.That(logger.Texts.Count(text => text.Contains("wrong zone", StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [Test]
    public void Failure_of_each_allocation_in_turn_loses_just_that_heap()
    {
        const int HeapCount = 20;
        for (int failing = 0; failing < HeapCount; failing++)
        {
            int calls = 0;
            using PinnedArrayAllocator allocator = new();
            int failingNow = failing;
            allocator.OnAllocate = _ =>
            {
                if (calls++ == failingNow)
                {
                    throw new InsufficientMemoryException();
                }
            };
            using ReceiveStream stream = new(logger: new RecordingLogger());
            stream.MemoryAllocator = allocator;
            stream.AddDatagramReader(Packets.OfHeaps(HeapCount));

            List<int> cnts = CntsOf(stream);
            Assert.That(cnts, Is.EqualTo(Enumerable.Range(1, HeapCount).Where(cnt => cnt != failingNow + 1)));
            Assert.That(allocator.InUse, Is.Zero);
        }
    }

    [Test]
    public void Allocator_may_be_changed_while_heaps_arrive()
    {
        const int HeapCount = 3000;
        Random random = Seeded.Random();
        PinnedArrayAllocator[] own = [new(), new(), new()];
        MemoryAllocator?[] allocators = [.. own, null];
        List<Heap> kept = [];
        using ReceiveStream stream = new(new ReceiveStreamOptions { RingHeaps = 8 });
        stream.AddDatagramReader(Packets.OfHeaps(HeapCount, size: 600));
        for (ulong cnt = 1; cnt <= HeapCount; cnt++)
        {
            stream.MemoryAllocator = allocators[random.Next(allocators.Length)];
            Heap heap = stream.Read();
            Assert.That(heap.Cnt, Is.EqualTo(cnt));
            kept.Add(heap);
            if (kept.Count > 10)
            {
                int index = random.Next(kept.Count);
                AssertContent(kept[index], 600);
                kept[index].Dispose();
                kept.RemoveAt(index);
            }
        }

        stream.Dispose();
        kept.ForEach(heap => AssertContent(heap, 600));
        kept.ForEach(heap => heap.Dispose());
        Assert.That(own.Select(each => each.InUse), Is.All.Zero);
        Assert.That(own.Select(each => each.Allocated), Is.All.Positive);
    }

    [Test]
    public void Heaps_keep_an_allocator_that_nobody_else_knows_any_more()
    {
        (Heap[] heaps, WeakReference allocator) = ReadAndForget();
        for (int i = 0; i < 5; i++)
        {
            Collect();
        }

        Assert.That(allocator.IsAlive, Is.True);
        Array.ForEach(heaps, heap => AssertContent(heap, HeapSize));
        DisposeAndCheck(heaps, allocator);
        PollUntilGarbage([allocator], "the allocator is garbage");
    }

    [Test]
    public void Nothing_that_is_dropped_without_dispose_stays()
    {
        WeakReference[] allocators = [.. Enumerable.Range(0, 50).Select(_ => Abandon())];

        PollUntilGarbage(allocators, "every allocator is garbage");
    }

    [Test]
    public void Stream_lets_go_of_an_allocator_that_another_took_the_place_of()
    {
        using ReceiveStream stream = new();
        using UdpSender sender = new(stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0)));
        WeakReference[] past = [.. Enumerable.Range(0, 5).Select(_ => UseFreshAllocator(stream, sender))];
        stream.MemoryAllocator = null;

        PollUntilGarbage(past, "every allocator is garbage");
    }

    [Test]
    public void Owner_is_let_go_when_its_block_has_come_back()
    {
        WeakReference[] owners = [];
        PinnedArrayAllocator allocator = new() { OnTake = array => owners = [.. owners, new(array)] };
        using ReceiveStream stream = new() { MemoryAllocator = allocator };
        stream.AddDatagramReader(Packets.OfHeaps(5, HeapSize));
        for (int i = 0; i < 5; i++)
        {
            stream.Read().Dispose();
        }

        Assert.That(owners, Has.Length.EqualTo(5));
        PollUntilGarbage(owners, "every array is garbage");
    }

    [Test]
    public void Allocator_may_serve_several_streams()
    {
        using PinnedArrayAllocator allocator = new();
        using ReceiveStream first = new() { MemoryAllocator = allocator };
        using ReceiveStream second = new() { MemoryAllocator = allocator };
        first.AddDatagramReader(Packets.OfHeap(1));
        second.AddDatagramReader(Packets.OfHeap(2));
        using Heap fromFirst = first.Read();
        using Heap fromSecond = second.Read();

        first.MemoryAllocator = null;
        Assert.That(first.MemoryAllocator, Is.Null);
        Assert.That(second.MemoryAllocator, Is.SameAs(allocator));
        Assert.That(allocator.InUse, Is.EqualTo(2));
        AssertContent(fromFirst, 64);
        AssertContent(fromSecond, 64);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (Heap[] Heaps, WeakReference Allocator) ReadAndForget()
    {
        PinnedArrayAllocator allocator = new();
        using ReceiveStream stream = new() { MemoryAllocator = allocator };
        allocator.Dispose();
        stream.AddDatagramReader(Packets.OfHeaps(4, HeapSize));
        Heap[] heaps = [.. Enumerable.Range(0, 4).Select(_ => stream.Read())];
        return (heaps, new(allocator));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void DisposeAndCheck(Heap[] heaps, WeakReference weak)
    {
        PinnedArrayAllocator allocator = (PinnedArrayAllocator)weak.Target!;
        Assert.That(allocator.InUse, Is.EqualTo(heaps.Length));
        Array.ForEach(heaps, heap => heap.Dispose());
        Assert.That(allocator.InUse, Is.Zero);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Abandon()
    {
        PinnedArrayAllocator allocator = new();
        ReceiveStream stream = new() { MemoryAllocator = allocator };
        stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0));
        stream.AddDatagramReader(Packets.OfHeaps(5, HeapSize));
        _ = stream.Read();
        return new(allocator);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference UseFreshAllocator(ReceiveStream stream, UdpSender sender)
    {
        PinnedArrayAllocator allocator = new();
        stream.MemoryAllocator = allocator;
        sender.Send(Packets.OfHeap(1));
        stream.Read().Dispose();
        Assert.That(allocator.Allocated, Is.EqualTo(1));
        return new(allocator);
    }

    private static void PollUntilGarbage(WeakReference[] objects, string what) => Poll.Until(
        () =>
        {
            Collect();
            return !Array.Exists(objects, each => each.IsAlive);
        },
        what);

    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    private static void AssertContent(Heap heap, int size) =>
        Assert.That(heap.Payload.Span.SequenceEqual(Packets.Content(heap.Cnt, size)), Is.True);

    private static List<int> CntsOf(ReceiveStream stream)
    {
        List<int> cnts = [];
        while (stream.TryRead(out Heap? heap, Poll.Deadline))
        {
            cnts.Add((int)heap.Cnt);
            heap.Dispose();
        }

        return cnts;
    }
}
