// SPDX-License-Identifier: MIT

using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>The lives of streams and heaps in every state, while the garbage collector runs all the time.</summary>
[NonParallelizable]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class TortureTests : IDisposable
{
    private const int Repetitions = 3;
    private const int HeapSize = 100_000;

    private readonly Thread _collector;
    private volatile bool _ended;

    public TortureTests()
    {
        _collector = new Thread(() =>
        {
            while (!_ended)
            {
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
                Thread.Sleep(1);
            }
        });
        _collector.Start();
    }

    /// <summary>What a stream is in the middle of.</summary>
    public enum State
    {
        New,
        Idle,
        Held,
        UnderFire,
        RingFull,
        Stopped,
        StoppedByItem,
        ReadToTheEnd,
    }

    /// <summary>How it is given up.</summary>
    public enum Way
    {
        Dispose,
        DisposeAsync,
        TwoThreads,
        StopAndDispose,
        Continuation,
    }

    public void Dispose()
    {
        _ended = true;
        _collector.Join();
    }

    [Test]
    public Task Dispose_is_safe([Values] State state, [Values] Way way) => Repeatedly.Do(Repetitions, async _ =>
    {
        ReceiveStream stream = new(new ReceiveStreamOptions
        {
            RingHeaps = 2,
            ExplicitStart = state == State.Held,
            Logger = NullLogger.Instance,
        });
        using CancellationTokenSource fire = new();
        Task sending = Bring(stream, state, fire.Token);
        await GiveUp(stream, way).WaitAsync(Poll.Deadline);
        await fire.CancelAsync();
        await sending.WaitAsync(Poll.Deadline);
    });

    [Test]
    public async Task Pinned_payload_stays_when_heap_and_stream_are_gone_and_others_use_the_memory()
    {
        byte[] expected = Packets.Content(1, HeapSize);
        ulong used = EngineMemory.Bytes;
        MemoryHandle pin = ReadAndPin();
        await Repeatedly.Do(Repetitions, repetition =>
        {
            using ReceiveStream other = new();
            other.AddDatagramReader(Packets.OfHeap((ulong)repetition + 2, HeapSize));
            using Heap heap = other.Read();
            Assert.That(BytesAt(pin).SequenceEqual(expected), $"bytes after {repetition} other heaps");
            return Task.CompletedTask;
        });

        Assert.That(EngineMemory.Bytes, Is.GreaterThan(used));
        pin.Dispose();
        Poll.Until(() => EngineMemory.Bytes == used, "the memory is given back");
    }

    [Test]
    public void Span_of_a_heap_that_is_referenced_stays_while_its_stream_is_disposed_and_collected()
    {
        byte[] expected = Packets.Content(1, HeapSize);
        for (int repetition = 0; repetition < Repetitions; repetition++)
        {
            ReceiveStream stream = new();
            stream.AddDatagramReader(Packets.OfHeap(1, HeapSize));
            using Heap heap = stream.Read();
            ReadOnlySpan<byte> span = heap.Payload.Span;
            stream.Dispose();
            Repeatedly.Collect();
            Assert.That(span.SequenceEqual(expected));
        }
    }

    [Test]
    public async Task Thousand_streams_leave_the_process_as_it_was()
    {
        const int Batches = 20;
        const int StreamsPerBatch = 50;
        const long Growth = 24 << 20;
        long before = 0;
        await Repeatedly.Do(Batches, batch =>
        {
            // Once everything has been done for the first time.
            before = batch == 0 ? ResidentBytes() : before;
            ReceiveStream[] streams = [.. Enumerable.Range(0, StreamsPerBatch).Select(_ => new ReceiveStream())];
            foreach (ReceiveStream stream in streams)
            {
                using UdpSender sender = new(stream.AddUdpReader(new UdpReaderOptions
                {
                    BindHost = "127.0.0.1",
                    BufferSize = 0,
                }));
                sender.Send(Packets.OfHeap(1, size: 5000));
            }

            foreach (ReceiveStream stream in streams)
            {
                using Heap heap = stream.Read();
                stream.Dispose();
            }

            return Task.CompletedTask;
        });

        Assert.That(ResidentBytes() - before, Is.LessThan(Growth));
    }

    /// <summary>Brings a stream into a state; the task is a sender that goes on until it is told to end.</summary>
    private static Task Bring(ReceiveStream stream, State state, CancellationToken end)
    {
        switch (state)
        {
            case State.New:
                return Task.CompletedTask;
            case State.RingFull:
                stream.AddDatagramReader(Packets.OfHeaps(20));
                Poll.Until(() => stream.Statistics.WorkerBlocked != 0, "the ring is full");
                return Task.CompletedTask;
            case State.StoppedByItem:
                stream.AddDatagramReader([.. Packets.OfHeaps(2), .. Packets.OfStop(3)]);
                Poll.Until(() => stream.Statistics.StopHeaps == 1, "the stop item has come");
                return Task.CompletedTask;
            case State.ReadToTheEnd:
                stream.AddDatagramReader(Packets.OfHeaps(1));
                stream.Read(CancellationToken.None).Dispose();
                Assert.That(() => stream.Read(CancellationToken.None), Throws.InstanceOf<StreamStoppedException>());
                return Task.CompletedTask;
            default:
                int port = stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0));
                if (state == State.Stopped)
                {
                    stream.Stop();
                }

                return state == State.UnderFire ? Fire(stream, port, end) : Task.CompletedTask;
        }
    }

    private static Task Fire(ReceiveStream stream, int port, CancellationToken end)
    {
        Task sending = Task.Factory.StartNew(
            () =>
            {
                using UdpSender sender = new(port);
                IReadOnlyList<ReadOnlyMemory<byte>> packets = Packets.OfHeaps(3, size: 5000);
                while (!end.IsCancellationRequested)
                {
                    try
                    {
                        sender.Send(packets);
                    }
                    catch (SocketException)
                    {
                        // Nobody receives any more.
                    }
                }
            },
            TaskCreationOptions.LongRunning);
        Poll.Until(() => stream.Statistics.Packets != 0, "packets come in");
        return sending;
    }

    private static Task GiveUp(ReceiveStream stream, Way way)
    {
        switch (way)
        {
            case Way.Dispose:
                return Task.Run(stream.Dispose);
            case Way.DisposeAsync:
                return stream.DisposeAsync().AsTask();
            case Way.TwoThreads:
                return Task.WhenAll(Task.Run(stream.Dispose), Task.Run(stream.Dispose));
            case Way.StopAndDispose:
                return Task.WhenAll(Task.Run(() => IgnoreDisposed(stream.Stop)), Task.Run(stream.Dispose));
            default:
                return DisposeInContinuation(stream);
        }
    }

    // The first end of a read, with or without a heap, disposes; in some states only the stop brings one about.
    private static async Task DisposeInContinuation(ReceiveStream stream)
    {
        Task<Heap> read = stream.ReadAsync().AsTask();
        Task disposing = read.ContinueWith(
            done =>
            {
                stream.Dispose();
                if (done.IsCompletedSuccessfully)
                {
                    done.Result.Dispose();
                }

                _ = done.Exception;
            },
            TaskScheduler.Default);
        stream.Stop();
        await disposing;
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

    private static MemoryHandle ReadAndPin()
    {
        using ReceiveStream stream = new();
        stream.AddDatagramReader(Packets.OfHeap(1, HeapSize));
        using Heap heap = stream.Read();
        return heap.Payload.Pin();
    }

    private static unsafe ReadOnlySpan<byte> BytesAt(MemoryHandle pin) => new(pin.Pointer, HeapSize);

    private static long ResidentBytes() =>
        long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1], CultureInfo.InvariantCulture)
        * Environment.SystemPageSize;
}
