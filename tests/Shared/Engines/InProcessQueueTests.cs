// SPDX-License-Identifier: MIT

using Spead2.Receive;
using Spead2.Send;

namespace Spead2.Testing.Engines;

/// <summary>Queues between streams of one process: nothing is lost, writers wait, and each end may close.</summary>
internal sealed class InProcessQueueTests
{
    private const int HeapBytes = 50_000;

    private static readonly byte[] Payload =
        [.. Enumerable.Range(0, HeapBytes).Select(i => (byte)((i * 7) + (i / 251)))];

    [TestCase(2000)]
    [TestCase(InProcessQueueBase.DefaultMaxBytes)]
    public async Task Heaps_of_several_senders_arrive_without_loss(long maxBytes)
    {
        const int Senders = 3;
        const int Heaps = 60;
        using InProcessQueue queue = new(maxBytes);
        using ReceiveStream receiver = new(new() { MaxHeaps = Senders * Heaps, RingHeaps = 2 });
        PacketSource source = receiver.Add(new InProcessSourceOptions(queue));
        Task<long>[] senders = [.. Enumerable.Range(0, Senders).Select(
            sender => Task.Run(() => SendAll(queue, (sender * Heaps) + 1, Heaps)))];

        long[] next = [.. Enumerable.Range(0, Senders).Select(sender => (sender * Heaps) + 1L)];
        for (int i = 0; i < Senders * Heaps; i++)
        {
            Assert.That(receiver.TryRead(out Heap? heap, Poll.Deadline), Is.True);
            using (heap)
            {
                int sender = (int)((heap!.Cnt - 1) / Heaps);
                Assert.That(heap.Cnt, Is.EqualTo(next[sender]++));
                Assert.That(heap.Payload.Span.SequenceEqual(Payload), Is.True);
            }
        }

        long packets = (await Task.WhenAll(senders)).Sum();
        Assert.That(source.Kind, Is.EqualTo(SourceKind.InProcess));
        Poll.Until(() => source.Statistics.Datagrams == packets, "counted");
        Assert.That(receiver.Statistics.Batches, Is.EqualTo(packets));
    }

    [Test]
    public async Task Full_queue_makes_the_stream_wait()
    {
        using InProcessQueue queue = new(maxBytes: 8000);
        using SendStream sender = new();
        sender.Add(new InProcessWriterOptions(queue));

        Task<SendResult> sending = sender.SendAsync(Heap()).AsTask();
        Poll.Until(() => sender.Statistics.WriterBlocked != 0, "waits");

        Assert.That(queue.TryAddPacket(Payload.AsSpan(..1400)), Is.False);
        Assert.That(sending.IsCompleted, Is.False);
        using ReceiveStream receiver = new();
        receiver.Add(new InProcessSourceOptions(queue));
        using Heap heap = receiver.Read();
        Assert.That(heap.Payload.Span.SequenceEqual(Payload), Is.True);
        Assert.That((await sending).IsSuccess, Is.True);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Heaps_that_wait_for_room_complete_when_either_end_stops(bool receiverStops)
    {
        using InProcessQueue queue = new(maxBytes: 8000);
        await using SendStream sender = new();
        sender.Add(new InProcessWriterOptions(queue));
        using ReceiveStream receiver = new(new() { ExplicitStart = true });
        PacketSource source = receiver.Add(new InProcessSourceOptions(queue));
        Task<SendResult>[] sending = [.. Enumerable.Range(0, 3).Select(_ => sender.SendAsync(Heap()).AsTask())];
        Poll.Until(() => sender.Statistics.WriterBlocked != 0, "waits");

        if (receiverStops)
        {
            receiver.Stop();
        }
        else
        {
            queue.Stop();
        }

        SendResult[] results = await Task.WhenAll(sending).WaitAsync(Poll.Deadline);
        Assert.That(results.Select(result => result.Status), Is.All.EqualTo(Spead2Status.Stopped));
        Assert.That((await sender.SendAsync(Heap())).Status, Is.EqualTo(Spead2Status.Stopped));
        Assert.That(
            Assert.Throws<Spead2Exception>(() => queue.TryAddPacket([1]))!.Status, Is.EqualTo(Spead2Status.Stopped));
        Assert.That(source.State, Is.EqualTo(receiverStops ? SourceState.Ended : SourceState.Unstarted));
    }

    [Test]
    public async Task Stopped_queue_is_read_to_its_end()
    {
        using InProcessQueue queue = new(InProcessQueueBase.Unbounded);
        await using SendStream sender = new(new() { MaxHeaps = 100 });
        sender.Add(new InProcessWriterOptions(queue));
        Task<SendResult>[] sending = [.. Enumerable.Range(0, 100).Select(_ => sender.SendAsync(Heap()).AsTask())];
        Assert.That((await Task.WhenAll(sending)).Select(result => result.IsSuccess), Is.All.True);
        queue.Stop();

        using ReceiveStream receiver = new();
        receiver.Add(new InProcessSourceOptions(queue));
        queue.Dispose();
        int heaps = 0;
        while (receiver.TryRead(out Heap? heap, Timeout.InfiniteTimeSpan))
        {
            heap.Dispose();
            heaps++;
        }

        Assert.That(heaps, Is.EqualTo(100));
        Assert.Throws<ObjectDisposedException>(queue.Stop);
        Assert.Throws<ObjectDisposedException>(() => queue.TryAddPacket([1]));
    }

    [Test]
    public async Task Removed_source_leaves_the_queue_to_another()
    {
        using InProcessQueue queue = new();
        await using SendStream sender = new();
        sender.Add(new InProcessWriterOptions(queue));
        using ReceiveStream first = new();
        using ReceiveStream second = new();
        PacketSource source = first.Add(new InProcessSourceOptions(queue));

        Assert.That(
            Assert.Catch(() => second.Add(new InProcessSourceOptions(queue)))!.Message,
            Does.Contain("nother source reads from the queue"));
        await sender.SendAsync(Heap());
        first.Read().Dispose();
        source.Remove();
        await sender.SendAsync(Heap());
        second.Add(new InProcessSourceOptions(queue));

        using Heap heap = second.Read();
        Assert.That(heap.Cnt, Is.EqualTo(2));
    }

    [Test]
    public async Task Queues_of_one_writer_are_its_substreams()
    {
        using InProcessQueue left = new();
        using InProcessQueue right = new();
        await using SendStream sender = new();
        sender.Add(new InProcessWriterOptions(left, right));
        using ReceiveStream receiver = new();
        receiver.Add(new InProcessSourceOptions(right));

        await sender.SendAsync([new HeapReference(Heap()), new HeapReference(Heap()) { Substream = 1 }]);

        Assert.That(sender.SubstreamCount, Is.EqualTo(2));
        using Heap heap = receiver.Read();
        Assert.That(heap.Cnt, Is.EqualTo(2));
    }

    [Test]
    public void Options_that_break_a_rule_are_refused()
    {
        using SendStream sender = new();
        using ReceiveStream receiver = new();
        using InProcessQueue queue = new();
        queue.Dispose();

        Assert.Throws<ArgumentOutOfRangeException>(() => _ = new InProcessQueue(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => sender.Add(new InProcessWriterOptions()));
        Assert.Throws<ArgumentNullException>(() => sender.Add(new InProcessWriterOptions { Queues = null! }));
        Assert.Throws<ArgumentException>(() => sender.Add(new InProcessWriterOptions([null!])));
        Assert.Throws<ArgumentNullException>(() => receiver.Add(new InProcessSourceOptions()));
        Assert.Throws<ObjectDisposedException>(() => sender.Add(new InProcessWriterOptions(queue)));
        Assert.Throws<ObjectDisposedException>(() => receiver.Add(new InProcessSourceOptions(queue)));
    }

    private static async Task<long> SendAll(InProcessQueue queue, long firstCnt, int heaps)
    {
        await using SendStream sender = new(new() { MaxHeaps = heaps });
        sender.Add(new InProcessWriterOptions(queue));
        sender.SetCntSequence(firstCnt);
        SendResult[] results =
            await Task.WhenAll(Enumerable.Range(0, heaps).Select(_ => sender.SendAsync(Heap()).AsTask()));
        Assert.That(results.Select(result => result.IsSuccess), Is.All.True);
        return results.Sum(result => result.Packets);
    }

    private static HeapToSend Heap()
    {
        HeapToSend heap = new();
        heap.AddItem(0x1234, Payload, allowImmediate: false);
        return heap;
    }
}
