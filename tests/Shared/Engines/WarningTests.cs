// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>Warnings that a stream makes when there is a reason, and what they advise.</summary>
public sealed class WarningTests
{
    private const int Senders = 8;
    private const int PacketsOfHeap = 5;

    // Enough to fill a ring of one heap, and more than the least buffer of a socket holds.
    private const int FewHeaps = 20;
    private const int Flood = 4000;

    [Test]
    public void Eight_senders_in_turns_are_told_that_8_slots_suffice()
    {
        RecordingLogger logger = new(LogLevel.Warning);
        StreamStatistics few = Receive(new() { Accounting = HeapAccounting.BySubstream }, logger, out int complete);
        string[] told = [.. logger.Texts.Where(text => text.Contains("sufficed", StringComparison.Ordinal))];
        Assert.Multiple(() =>
        {
            Assert.That(complete, Is.Zero);
            Assert.That(few.MaxHeapsNeeded, Is.EqualTo(Senders));
            Assert.That(few.HeapsAccounted, Is.EqualTo(Senders));
            Assert.That(few.HeapsDuplicate, Is.EqualTo(Senders * (PacketsOfHeap - 1)));
            Assert.That(few.HeapsMissing + few.SenderRestarts, Is.Zero);
            Assert.That(told, Has.Length.EqualTo(1));
            Assert.That(told.FirstOrDefault(), Does.Contain("MaxHeaps, which is 4; 8 would have sufficed so far"));
        });

        RecordingLogger silent = new(LogLevel.Warning);
        StreamStatistics enough = Receive(new() { MaxHeaps = (int)few.MaxHeapsNeeded }, silent, out complete);
        Assert.Multiple(() =>
        {
            Assert.That(complete, Is.EqualTo(Senders));
            Assert.That(enough.MaxHeapsNeeded, Is.Zero);
            Assert.That(silent.Texts, Is.Empty);
        });
    }

    [Test]
    public void Heaps_of_a_substream_are_counted_apart()
    {
        StreamStatistics two = Receive(new() { MaxHeaps = 1, Substreams = 2 }, new(LogLevel.None), out int complete);
        Assert.That(complete, Is.Zero);
        Assert.That(two.MaxHeapsNeeded, Is.EqualTo(Senders / 2));
        Receive(new() { MaxHeaps = Senders / 2, Substreams = 2 }, new(LogLevel.None), out complete);
        Assert.That(complete, Is.EqualTo(Senders));
    }

    [Test]
    public void Pause_that_loses_nothing_is_no_warning()
    {
        RecordingLogger logger = new(LogLevel.Warning);
        using (ReceiveStream stream = Paused(logger, Timeout.InfiniteTimeSpan, out _))
        {
            for (int i = 0; i < FewHeaps; i++)
            {
                stream.Read().Dispose();
            }

            Assert.That(stream.Statistics.KernelDropMessages, Is.Zero);
        }

        Assert.That(logger.Texts, Is.Empty);
    }

    [Test]
    [Platform("Linux", Reason = "only Linux tells what its sockets drop")]
    public void Pause_in_which_the_kernel_drops_is_a_warning()
    {
        RecordingLogger logger = new(LogLevel.Warning);
        long dropped;
        using (ReceiveStream stream = Paused(logger, Timeout.InfiniteTimeSpan, out int port))
        {
            using UdpSender sender = new(port);
            sender.Send(Packets.OfHeaps(Flood, size: 1000));
            dropped = stream.Statistics.KernelDropMessages;
            for (int i = 0; i < FewHeaps; i++)
            {
                stream.Read().Dispose();
            }
        }

        Assert.That(dropped, Is.Not.Zero);
        Assert.That(logger.Texts, Has.Exactly(1).Items.And.One.Contains(
            $"the ring was full: the consumer is too slow, and the kernel has dropped {dropped} messages"));
    }

    [TestCase(1)]
    [TestCase(200_000)]
    public void Pause_is_long_after_the_time_that_was_set(int ticks)
    {
        RecordingLogger logger = new(LogLevel.Warning);
        using (Paused(logger, TimeSpan.FromTicks(ticks), out _))
        {
            Poll.Until(() => logger.Texts.Any(), "the pause is told");
        }

        Assert.That(logger.Texts, Has.Exactly(1).Items.And.One.Contains("the ring is full, for "));
    }

    private static ReceiveStream Paused(RecordingLogger logger, TimeSpan longPause, out int port)
    {
        ReceiveStream stream = new(new ReceiveStreamOptions { RingHeaps = 1, LongPause = longPause }, logger);
        port = stream.Add(new UdpSourceOptions { BindHost = "127.0.0.1", BufferSize = 1 << 16 }).Port;
        using UdpSender sender = new(port);
        sender.Send(Packets.OfHeaps(FewHeaps));
        Poll.Until(() => stream.Statistics.WorkerBlocked != 0, "the ring is full");
        return stream;
    }

    /// <summary>Receives one heap of each of several senders that take turns after each packet.</summary>
    private static StreamStatistics Receive(ReceiveStreamOptions options, RecordingLogger logger, out int complete)
    {
        const int size = 1000;
        IReadOnlyList<ReadOnlyMemory<byte>>[] heaps =
        [
            .. Enumerable.Range(1, Senders)
                .Select(cnt => Packets.OfHeap((ulong)cnt, size, maxPacketSize: 48 + (size / PacketsOfHeap))),
        ];
        using ReceiveStream stream = new(options, logger);
        stream.AddDatagramReader(
            [.. Enumerable.Range(0, heaps[0].Count).SelectMany(packet => heaps.Select(heap => heap[packet]))]);
        complete = 0;
        while (stream.TryRead(out Heap? heap, Timeout.InfiniteTimeSpan))
        {
            heap.Dispose();
            complete++;
        }

        return stream.Statistics;
    }
}
