// SPDX-License-Identifier: MIT

using System.Net;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>What users hand in fails, disposes, is interrupted, or is forgotten at the worst moment.</summary>
[NonParallelizable]
public sealed class UserCodeTests
{
    private const int HeapSize = 5000;

    private static readonly IReadOnlyList<ReadOnlyMemory<byte>> NoPacket = [new byte[1]];

    [Test]
    public void Logger_that_fails_when_asked_for_levels_leaves_nothing_behind()
    {
        Garbage.Collect();
        ProcessResources before = ProcessResources.Now;
        using IoThreadPool pool = new();
        WeakReference[] loggers = [.. Enumerable.Range(0, 5).SelectMany(_ => FailToMakeStreams(pool))];
        pool.Dispose();
        before.AwaitAgain();
        Assert.That(loggers.Count(logger => logger.IsAlive), Is.Zero);
    }

    [Test]
    public void Memory_that_fails_to_be_unpinned_does_not_keep_the_rest(
        [Values] bool finalizer, [Values] bool datagrams, [Values] bool logged)
    {
        Garbage.Collect();
        ProcessResources before = ProcessResources.Now;
        RecordingLogger logger = new();
        TestMemory first = new(Packets.Concatenate(Packets.OfHeap(1)))
        {
            OnUnpin = () => throw new WordlessException(),
        };
        TestMemory second = new(Packets.Concatenate(Packets.OfHeap(2)));
        if (finalizer)
        {
            AddReaders();
        }
        else
        {
            AddReaders().Dispose();
        }

        before.AwaitAgain();
        Poll.Until(() => first.Pins == 0 && second.Pins == 0, "both are unpinned");
        Poll.Until(() => logger.Texts.Any(text => text.Contains("unpin")) == logged, "it is said if somebody listens");

        [MethodImpl(MethodImplOptions.NoInlining)]
        ReceiveStream AddReaders()
        {
            ReceiveStream stream = new(
                new ReceiveStreamOptions { ExplicitStart = true }, logged ? logger : NullLogger.Instance);
            if (datagrams)
            {
                stream.AddDatagramReader([first.Memory, second.Memory]);
            }
            else
            {
                stream.AddBufferReader(first.Memory);
                stream.AddBufferReader(second.Memory);
            }

            return stream;
        }
    }

    [Test]
    public void Exception_that_fails_to_say_what_it_is_does_no_harm([Values] bool logged)
    {
        RecordingLogger logger = new();
        AllocatorCounts counts = new();
        using TestAllocator failing = new(counts) { OnAllocate = () => throw new WordlessException() };
        using TestAllocator slow = new(counts) { OnFree = () => throw new WordlessException() };
        using ReceiveStream stream = new(new ReceiveStreamOptions { RingHeaps = 16 }, logged ? logger : null);
        using UdpSender sender = new(stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0)));

        stream.PacketCopier = (_, in _) => throw new WordlessException();
        sender.Send(Packets.OfHeap(1, HeapSize));
        AssertNext(1);
        stream.PacketCopier = null;

        stream.MemoryAllocator = failing;
        sender.Send(Packets.OfHeap(2, HeapSize));
        Poll.Until(
            () => stream.Statistics.AllocationFailed == Packets.OfHeap(2, HeapSize).Count, "no packet has memory");

        stream.MemoryAllocator = slow;
        sender.Send(Packets.OfHeap(3, HeapSize));
        AssertNext(3);
        Assert.That(counts.InUse, Is.Zero);

        void AssertNext(ulong cnt)
        {
            Assert.That(stream.TryRead(out Heap? heap, Poll.Deadline));
            using (heap)
            {
                Assert.That(heap!.Cnt, Is.EqualTo(cnt));
                Assert.That(heap.Payload.ToArray(), Is.EqualTo(Packets.Content(cnt, HeapSize)));
            }
        }
    }

    [Test]
    public void Stream_that_is_disposed_while_memory_is_added_keeps_none([Values] bool datagrams)
    {
        Garbage.Collect();
        ProcessResources before = ProcessResources.Now;
        ReceiveStream stream = new();
        TestMemory memory = new(Packets.Concatenate(Packets.OfHeap(1))) { OnPin = stream.Dispose };
        try
        {
            if (datagrams)
            {
                stream.AddDatagramReader([memory.Memory]);
            }
            else
            {
                stream.AddBufferReader(memory.Memory);
            }
        }
        catch (ObjectDisposedException)
        {
            // It may notice.
        }

        Assert.That(memory.Pins, Is.Zero);
        before.AwaitAgain();
    }

    [Test]
    public async Task Stream_that_is_disposed_while_a_socket_is_added_says_so_or_stops_it()
    {
        const int Repetitions = 50;
        Garbage.Collect();
        ProcessResources before = ProcessResources.Now;
        using Barrier start = new(2);
        for (int i = 0; i < Repetitions; i++)
        {
            ReceiveStream stream = new();
            Task adding = Task.Run(() =>
            {
                start.SignalAndWait();
                try
                {
                    stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0));
                }
                catch (ObjectDisposedException)
                {
                    // Dispose came first.
                }
            });
            start.SignalAndWait();
            stream.Dispose();
            await adding.WaitAsync(Poll.Deadline);
        }

        before.AwaitAgain();
    }

    [Test]
    public void Allocator_is_not_finalized_before_its_last_block_is_back([Values] bool streamIsDisposed)
    {
        const int Repetitions = 20;
        Garbage.Collect();
        ProcessResources before = ProcessResources.Now;
        AllocatorCounts counts = new();
        for (int i = 0; i < Repetitions; i++)
        {
            ReceiveAndForget(counts, streamIsDisposed);
        }

        before.AwaitAgain();
        Poll.Until(
            () =>
            {
                Garbage.Collect();
                return Volatile.Read(ref counts.InUse) == 0;
            },
            "all blocks are back");
        Assert.That(counts.FreedTooLate, Is.Zero);
    }

    [Test]
    public void Memory_is_not_finalized_before_its_stream_is_destroyed([Values] bool datagrams)
    {
        const int Repetitions = 20;
        Garbage.Collect();
        ProcessResources before = ProcessResources.Now;
        int unpinned = 0;
        int finalizedTooSoon = 0;
        for (int i = 0; i < Repetitions; i++)
        {
            Forget();
        }

        before.AwaitAgain();
        Poll.Until(() => Volatile.Read(ref unpinned) == Repetitions, "all memory is unpinned");
        Assert.That(finalizedTooSoon, Is.Zero);

        [MethodImpl(MethodImplOptions.NoInlining)]
        void Forget()
        {
            ReceiveStream stream = new();
            TestMemory memory = new(Packets.Concatenate(Packets.OfHeap(1)))
            {
                OnUnpin = () => Interlocked.Increment(ref unpinned),
                OnFinalizedTooSoon = () => Interlocked.Increment(ref finalizedTooSoon),
            };
            if (datagrams)
            {
                stream.AddDatagramReader([memory.Memory]);
            }
            else
            {
                stream.AddBufferReader(memory.Memory);
            }
        }
    }

    [Test]
    public void Read_that_is_interrupted_loses_no_heap()
    {
        using ReceiveStream stream = new();
        using UdpSender sender = new(stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0)));
        using CancellationTokenSource source = new();
        bool interrupted = false;
        Thread reader = new(() =>
        {
            try
            {
                stream.Read(source.Token).Dispose();
            }
            catch (ThreadInterruptedException)
            {
                interrupted = true;
            }
        });
        reader.Start();
        Poll.Until(() => reader.ThreadState.HasFlag(ThreadState.WaitSleepJoin), "the reader waits");
        reader.Interrupt();
        Assert.That(reader.Join(Poll.Deadline));
        Assert.That(interrupted);

        sender.Send(Packets.OfHeap(1));
        Assert.That(stream.TryRead(out Heap? heap, Poll.Deadline));
        heap!.Dispose();
    }

    [Test]
    public async Task Loggers_may_dispose_each_others_streams()
    {
        RecordingLogger[] loggers = [new(), new()];
        ReceiveStream[] streams = [.. loggers.Select(logger => new ReceiveStream(logger: logger))];
        using Barrier both = new(2);
        Task[] disposed = [.. loggers.Select((logger, i) =>
        {
            TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
            logger.OnMessage = () =>
            {
                logger.OnMessage = null;
                both.SignalAndWait();
                streams[1 - i].Dispose();
                done.SetResult();
            };
            return done.Task;
        })];
        Array.ForEach(streams, stream => stream.AddDatagramReader(NoPacket));

        await Task.WhenAll(disposed).WaitAsync(Poll.Deadline);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference[] FailToMakeStreams(IoThreadPool pool)
    {
        BrokenLogger logger = new();
        using IoThreadPool brokenPool = new(logger: logger);
        Assert.That(() => new ReceiveStream(logger: logger), Throws.InvalidOperationException);
        Assert.That(() => new ReceiveStream(logger: logger, pool: pool), Throws.InvalidOperationException);
        Assert.That(() => new ReceiveStream(pool: brokenPool), Throws.InvalidOperationException);
        return [new(logger)];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ReceiveAndForget(AllocatorCounts counts, bool streamIsDisposed)
    {
        ReceiveStream stream = new() { MemoryAllocator = new TestAllocator(counts) };
        stream.AddDatagramReader(Packets.OfHeaps(3));
        stream.Read();
        if (streamIsDisposed)
        {
            stream.Dispose();
        }
    }
}
