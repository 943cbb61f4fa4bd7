// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>Heaps that go to a user-supplied function instead of consumers.</summary>
public sealed class InlineTests
{
    private const int HeapCount = 500;

    [Test]
    public void Function_takes_heaps_in_order_and_the_end_once()
    {
        Taker taker = new();
        using ReceiveStream stream = new(onHeap: taker.Take);
        stream.AddDatagramReader(Packets.OfHeaps(HeapCount));

        taker.AwaitEnd();
        Assert.That(taker.Taken, Is.EqualTo(Enumerable.Range(1, HeapCount)));
        Assert.That(stream.IsCompleted, Is.True);
        Assert.That(stream.Statistics.WorkerBlocked, Is.Zero);
        stream.Dispose();
        Assert.That(taker.Ends, Is.EqualTo(1));
    }

    [Test]
    public void Function_is_called_once_at_a_time_for_four_sources()
    {
        const int Sources = 4;
        const int HeapsPerSource = 100;
        Taker taker = new();
        using IoThreadPool pool = new(threads: Sources);
        using ReceiveStream stream = new(
            new ReceiveStreamOptions { ExplicitStart = true, StopOnStopItem = false }, pool: pool, onHeap: taker.Take);
        UdpSourceOptions loopback = new() { BindHost = "127.0.0.1" };
        List<UdpSender> senders =
            [.. Enumerable.Range(0, Sources).Select(_ => new UdpSender(stream.AddUdpReader(loopback)))];
        stream.Start();
        for (ulong cnt = 1; cnt <= Sources * HeapsPerSource; cnt++)
        {
            senders[(int)(cnt % Sources)].Send(Packets.OfHeap(cnt));
        }

        Poll.Until(() => stream.Statistics.Heaps == Sources * HeapsPerSource, "all heaps are finished");
        senders.ForEach(sender => sender.Dispose());
        stream.Stop();
        taker.AwaitEnd();
        Assert.That(taker.Taken.Order(), Is.EqualTo(Enumerable.Range(1, Sources * HeapsPerSource)));
    }

    [Test]
    public void Slow_function_blocks_the_sources()
    {
        using ManualResetEventSlim goOn = new();
        Taker taker = new() { Meanwhile = _ => goOn.Wait(Poll.Deadline) };
        using IoThreadPool pool = new(threads: 2);
        using ReceiveStream stream = new(
            new ReceiveStreamOptions { ExplicitStart = true }, pool: pool, onHeap: taker.Take);
        using UdpSender first = new(stream.AddUdpReader(new UdpSourceOptions { BindHost = "127.0.0.1" }));
        PacketSource other = stream.Add(new UdpSourceOptions { BindHost = "127.0.0.1" });
        using UdpSender second = new(other.LocalEndPoint!.Port);
        stream.Start();
        first.Send(Packets.OfHeap(1));
        Poll.Until(() => stream.Statistics.Heaps == 1, "the function has the first heap");
        for (ulong cnt = 2; cnt <= 101; cnt++)
        {
            second.Send(Packets.OfHeap(cnt));
        }

        Poll.Until(() => other.State == SourceState.Blocked, "the other source is blocked");
        Assert.That(stream.Statistics.Heaps, Is.LessThan(100));
        goOn.Set();
        Poll.Until(() => stream.Statistics.Heaps == 101, "all heaps are finished");
        stream.Stop();
        taker.AwaitEnd();
        Assert.That(taker.Taken, Is.EqualTo(Enumerable.Range(1, 101)));
    }

    [Test]
    public void Function_may_stop_its_stream()
    {
        ReceiveStream? stream = null;
        Taker taker = new() { Meanwhile = cnt => StopAt(cnt) };
        stream = new(new ReceiveStreamOptions { ExplicitStart = true }, onHeap: taker.Take);
        stream.AddDatagramReader(Packets.OfHeaps(HeapCount));
        stream.Start();

        taker.AwaitEnd();
        Assert.That(taker.Taken, Has.Count.InRange(3, HeapCount - 1));
        stream.Dispose();
        Assert.That(taker.Ends, Is.EqualTo(1));

        void StopAt(ulong cnt)
        {
            if (cnt == 3)
            {
                stream!.Stop();
            }
        }
    }

    [Test]
    public void Function_may_dispose_its_stream()
    {
        ProcessResources before = ProcessResources.Now;
        ReceiveStream? stream = null;
        Taker taker = new() { Meanwhile = _ => stream!.Dispose() };
        stream = new(new ReceiveStreamOptions { ExplicitStart = true }, onHeap: taker.Take);
        stream.AddDatagramReader(Packets.OfHeaps(HeapCount));
        stream.Start();

        taker.AwaitEnd();
        Assert.That(taker.Taken, Has.Count.InRange(1, HeapCount - 1));
        before.AwaitAgain();
        Assert.That(taker.Ends, Is.EqualTo(1));
    }

    [Test]
    public void Function_that_stops_with_the_user_may_dispose_its_stream()
    {
        ProcessResources before = ProcessResources.Now;
        ReceiveStream? stream = null;
        int calls = 0;
        stream = new(onHeap: heap =>
        {
            calls++;
            stream!.Dispose();
        });
        stream.Stop();

        Assert.That(calls, Is.EqualTo(1));
        before.AwaitAgain();
    }

    [Test]
    public void Disposal_waits_for_the_function()
    {
        using ManualResetEventSlim inside = new();
        using ManualResetEventSlim goOn = new();
        int ends = 0;
        ReceiveStream stream = new(onHeap: heap =>
        {
            heap?.Dispose();
            inside.Set();
            goOn.Wait(Poll.Deadline);
            ends += heap is null ? 1 : 0;
        });
        stream.AddDatagramReader(Packets.OfHeaps(1));
        Assert.That(inside.Wait(Poll.Deadline));
        Task disposal = Task.Run(stream.Dispose);
        Poll.Until(
            () =>
            {
                try
                {
                    _ = stream.Statistics;
                    return false;
                }
                catch (ObjectDisposedException)
                {
                    return true;
                }
            },
            "the stream is being disposed");
        Assert.That(disposal.IsCompleted, Is.False);
        goOn.Set();
        Assert.That(disposal.Wait(Poll.Deadline));
        Assert.That(ends, Is.EqualTo(1));
    }

    [Test]
    public void Exception_of_the_function_is_logged_and_heaps_go_on()
    {
        RecordingLogger logger = new();
        Taker taker = new();
        using ReceiveStream stream = new(logger: logger, onHeap: heap =>
        {
            taker.Take(heap);
            throw new WordlessException();
        });
        stream.AddDatagramReader(Packets.OfHeaps(5));

        taker.AwaitEnd();
        stream.Dispose();
        Assert.That(taker.Taken, Is.EqualTo(Enumerable.Range(1, 5)));
        Assert.That(logger.Texts, Has.Some.StartsWith("onHeap failed"));
    }

    [Test]
    public void End_is_told_by_a_stop_without_sources()
    {
        Taker taker = new();
        using ReceiveStream stream = new(onHeap: taker.Take);
        Assert.That(stream.IsCompleted, Is.False);
        stream.Stop();
        Assert.That(taker.Ends, Is.EqualTo(1));
        Assert.That(stream.IsCompleted, Is.True);
        stream.Stop();
        stream.Dispose();
        Assert.That(taker.Ends, Is.EqualTo(1));
    }

    [Test]
    public void Reads_beside_a_function_are_refused()
    {
        Taker taker = new();
        using ReceiveStream stream = new(onHeap: taker.Take);
        Action[] reads =
        [
            () => stream.TryRead(out _),
            () => stream.TryRead(out _, TimeSpan.Zero),
            () => stream.TryReadBatch(new Heap[1]),
            () => stream.Read(),
            () => stream.ReadAsync().AsTask().Wait(),
            () => stream.ReadBatchAsync(new Heap[1]).AsTask().Wait(),
            () => stream.WaitToReadAsync().AsTask().Wait(),
            () => stream.ReadAll(),
            () => stream.ReadAllAsync(),
            () => _ = stream.Reader,
            () => _ = stream.Fd,
        ];
        foreach (Action read in reads)
        {
            Assert.That(() => read(), Throws.InvalidOperationException.With.Message.Contains("onHeap"));
        }

        stream.Dispose();
        Assert.That(() => stream.Read(), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void Forgotten_stream_calls_its_function_no_more()
    {
        Garbage.Collect();
        ProcessResources before = ProcessResources.Now;
        int calls = 0;
        Forget();
        before.AwaitAgain();
        Assert.That(calls, Is.Zero);

        [MethodImpl(MethodImplOptions.NoInlining)]
        void Forget() =>
            new ReceiveStream(onHeap: _ => calls++).AddUdpReader(new UdpSourceOptions { BindHost = "127.0.0.1" });
    }

    /// <summary>Takes heaps, and notes what is wrong with them.</summary>
    private sealed class Taker
    {
        private readonly TaskCompletionSource _ended = new();
        private readonly List<int> _taken = [];
        private int _inside;
        private string? _fault;

        /// <summary>Called for each heap, before it is disposed.</summary>
        public Action<ulong>? Meanwhile { get; init; }

        public int Ends { get; private set; }

        public IReadOnlyList<int> Taken => _taken;

        public void Take(Heap? heap)
        {
            if (Interlocked.Increment(ref _inside) != 1 || Ends != 0)
            {
                _fault = "called beside another call, or after the end";
            }

            if (heap is null)
            {
                Ends++;
                _ended.SetResult();
            }
            else
            {
                TakeHeap(heap);
            }

            Interlocked.Decrement(ref _inside);
        }

        public void AwaitEnd()
        {
            Assert.That(_ended.Task.Wait(Poll.Deadline), "the end is told");
            Assert.That(_fault, Is.Null);
        }

        private void TakeHeap(Heap heap)
        {
            using (heap)
            {
                _taken.Add((int)heap.Cnt);
                Meanwhile?.Invoke(heap.Cnt);
                if (!heap.Payload.Span.SequenceEqual(Packets.Content(heap.Cnt, (int)heap.HeapLength)))
                {
                    _fault = $"heap {heap.Cnt} has another content";
                }
            }
        }
    }
}
