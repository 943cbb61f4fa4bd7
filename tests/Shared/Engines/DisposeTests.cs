// SPDX-License-Identifier: MIT

using System.Net;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>Streams that are disposed at awkward moments: nothing breaks, hangs or is left behind.</summary>
[NonParallelizable]
public sealed class DisposeTests
{
    private const int Repetitions = 200;
    private const int WarmUps = 10;

    private static readonly ReceiveStreamOptions OneHeapRing = new() { RingHeaps = 1 };

    private static readonly TestCaseData<Func<ReceiveStream, Task>>[] EveryReading =
    [
        Reading(Readings.Blocking, "Read"),
        Reading(Readings.BlockingWithToken, "Read(token)"),
        Reading(Readings.WithTimeout, "TryRead(timeout)"),
        Reading(Readings.WithoutWaiting, "TryRead and TryReadBatch"),
        Reading(Readings.Asynchronously, "ReadAsync"),
        Reading(Readings.Enumerating, "ReadAllAsync"),
        Reading(Readings.AfterWaiting, "WaitToReadAsync"),
        Reading(Readings.EnumeratingBlocking, "ReadAll"),
        Reading(Readings.InBatches, "ReadBatchAsync"),
        Reading(Readings.AsChannel, "Reader"),
    ];

    [TestCaseSource(nameof(EveryReading))]
    public async Task Dispose_while_reading_ends_the_reader(Func<ReceiveStream, Task> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        await Repeat(async repetition =>
        {
            ReceiveStream stream = new();
            using UdpSender sender = new(stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0)));
            Task reading = Task.Factory.StartNew(() => read(stream), TaskCreationOptions.LongRunning).Unwrap();
            sender.Send(Packets.OfHeaps(repetition % 10));

            if (repetition % 2 == 0)
            {
                stream.Dispose();
            }
            else
            {
                await stream.DisposeAsync();
            }

            await reading.WaitAsync(Poll.Deadline);
        });
    }

    [Test]
    public Task Dispose_twice_does_nothing_more() => Repeat(_ =>
    {
        ReceiveStream stream = new();
        stream.AddDatagramReader(Packets.OfHeaps(10));
        stream.Dispose();
        stream.Dispose();
        return Task.CompletedTask;
    });

    [Test]
    public Task Dispose_from_several_threads_at_once_is_safe() => Repeat(async repetition =>
    {
        ReceiveStream stream = new();
        stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0));
        Task<Heap> read = stream.ReadAsync().AsTask();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(stream.Dispose))).WaitAsync(Poll.Deadline);

        Assert.That(async () => await read, Throws.InstanceOf<StreamStoppedException>());
    });

    [Test]
    public Task Dispose_from_a_continuation_is_safe() => Repeat(async repetition =>
    {
        ReceiveStream stream = new();
        using UdpSender sender = new(stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0)));
        Task disposing = DisposeAfterRead(stream);
        sender.Send(Packets.OfHeaps(2));
        await disposing.WaitAsync(Poll.Deadline);

        static async Task DisposeAfterRead(ReceiveStream stream)
        {
            using Heap heap = await stream.ReadAsync().ConfigureAwait(false);
            stream.Dispose();
        }
    });

    [Test]
    public Task Stop_and_dispose_at_once_are_safe() => Repeat(async repetition =>
    {
        ReceiveStream stream = new();
        stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0));
        Task stopping = Task.Run(() => IgnoreDisposed(stream.Stop));
        Task counting = Task.Run(
            () => IgnoreDisposed(() => Assert.That(stream.Statistics.Heaps, Is.LessThanOrEqualTo(3))));
        Task adding = Task.Run(() => IgnoreDisposed(() => stream.AddDatagramReader(Packets.OfHeaps(3))));
        stream.Dispose();
        await Task.WhenAll(stopping, counting, adding).WaitAsync(Poll.Deadline);
    });

    [Test]
    public Task Full_ring_that_nobody_reads_does_not_hold_up_dispose() => Repeat(async repetition =>
    {
        ReceiveStream stream = new(OneHeapRing, NullLogger.Instance);
        stream.AddDatagramReader(Packets.OfHeaps(20));
        stream.AddBufferReader(Packets.Concatenate(Packets.OfHeaps(20)));
        Poll.Until(() => stream.Statistics.WorkerBlocked != 0, "the ring is full");
        await Task.Run(stream.Dispose).WaitAsync(Poll.Deadline);
    });

    [Test]
    public Task Finalizer_frees_streams_that_nobody_disposes() => Repeat(repetition =>
    {
        Abandon(repetition);
        return Task.CompletedTask;
    });

    [Test]
    public async Task Stream_that_somebody_waits_for_is_not_finalized()
    {
        (Task<Heap> read, UdpSender sender) = ReadWithoutKeepingTheStream();
        using (sender)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            sender.Send(Packets.OfHeap(1));

            using Heap heap = await read.WaitAsync(Poll.Deadline);
            Assert.That(heap.Cnt, Is.EqualTo(1));
        }
    }

    [Test]
    public void Buffers_stay_pinned_until_the_stream_is_destroyed()
    {
        using ReceiveStream source = new();
        source.AddDatagramReader(Packets.OfHeap(1));
        Heap heap = source.Read();
        ulong used = EngineMemory.Bytes;
        ReceiveStream stream = new();
        stream.AddBufferReader(heap.Payload);

        heap.Dispose();
        Assert.That(EngineMemory.Bytes, Is.EqualTo(used));
        stream.Dispose();
        Assert.That(EngineMemory.Bytes, Is.LessThan(used));
    }

    [Test]
    public void Calls_after_dispose_throw()
    {
        ReceiveStream stream = new();
        stream.Dispose();

        Assert.Multiple(() =>
        {
            Assert.That(() => stream.AddBufferReader(default), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => stream.AddDatagramReader([]), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(
                () => stream.AddUdpReader(new UdpSourceOptions()), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => stream.TryRead(out _), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => stream.TryRead(out _, TimeSpan.Zero), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => stream.TryReadBatch([]), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => stream.Read(), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(async () => await stream.ReadAsync(), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(async () => await stream.WaitToReadAsync(), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(
                async () => await stream.ReadBatchAsync(new Heap[1]), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => stream.Reader, Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => stream.ReadAll(), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => stream.ReadAllAsync(), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => stream.Statistics, Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => stream.IsCompleted, Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(stream.Stop, Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(stream.Start, Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => stream.Fd, Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => stream.StopOnStopItem, Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => stream.StopOnStopItem = true, Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => stream.MemoryAllocator, Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => stream.MemoryAllocator = null, Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => stream.CopyMethod, Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => stream.CopyMethod = default, Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => stream.PacketCopier, Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => stream.PacketCopier = null, Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => stream.UpdateStatistic(0, 0), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => stream.UpdateStatistic("", 0), Throws.InstanceOf<ObjectDisposedException>());
        });
    }

    [Test]
    public async Task Enumeration_that_began_before_dispose_ends()
    {
        ReceiveStream stream = new();
        stream.AddDatagramReader(Packets.OfHeaps(3));
        int count = 0;
        await foreach (Heap heap in stream.ReadAllAsync())
        {
            heap.Dispose();
            stream.Dispose();
            count++;
        }

        Assert.That(count, Is.EqualTo(1));
    }

    private static TestCaseData<Func<ReceiveStream, Task>> Reading(Func<ReceiveStream, Task> read, string name) =>
        new TestCaseData<Func<ReceiveStream, Task>>(read).SetArgDisplayNames(name);

    private static async Task Repeat(Func<int, Task> action)
    {
        // What the runtime and the library hold once they have done everything.
        for (int repetition = 0; repetition < WarmUps; repetition++)
        {
            await action(repetition);
        }

        Garbage.Collect();
        ProcessResources before = ProcessResources.Now;
        for (int repetition = 0; repetition < Repetitions; repetition++)
        {
            await action(repetition);
        }

        before.AwaitAgain();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Abandon(int repetition)
    {
        ReceiveStream stream = new(OneHeapRing, NullLogger.Instance);
        stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0));
        if (repetition % 2 == 0)
        {
            stream.AddDatagramReader(Packets.OfHeaps(5));
        }

        stream.TryRead(out _);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (Task<Heap> Read, UdpSender Sender) ReadWithoutKeepingTheStream()
    {
        ReceiveStream stream = new();
        UdpSender sender = new(stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0)));
        return (stream.ReadAsync().AsTask(), sender);
    }

    private static void IgnoreDisposed(Action action)
    {
        try
        {
            action();
        }
        catch (ObjectDisposedException)
        {
            // Dispose came first.
        }
    }
}
