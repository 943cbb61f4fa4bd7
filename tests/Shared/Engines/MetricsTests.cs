// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Receive;
using Spead2.Send;

namespace Spead2.Testing.Engines;

/// <summary>What the meter shows of streams. Each test has a stream name of its own.</summary>
internal sealed class MetricsTests
{
    private static string Name => TestContext.CurrentContext.Test.MethodName!;

    [Test]
    public void New_stream_has_all_labels_at_zero()
    {
        using ReceiveStream stream = new(new ReceiveStreamOptions
        {
            Name = Name,
            RingHeaps = 7,
            CustomStatistics = [new("seen"), new("widest", StatisticMode.Maximum)],
        });

        MetricReadings readings = Read();
        Assert.Multiple(() =>
        {
            Assert.That(readings["spead2.receive.streams"], Is.EqualTo(1));
            Assert.That(readings["spead2.receive.ring.limit.heaps"], Is.EqualTo(7));
            Assert.That(readings["spead2.receive.refused.datagrams{reason=\"magic\"}"], Is.Zero);
            Assert.That(readings["spead2.receive.packets{outcome=\"duplicate\"}"], Is.Zero);
            Assert.That(readings["spead2.receive.custom{statistic=\"seen\"}"], Is.Zero);
            Assert.That(readings["spead2.receive.custom.largest{statistic=\"widest\"}"], Is.Zero);
        });
    }

    [Test]
    public void Receive_stream_shows_its_statistics()
    {
        using ReceiveStream stream = new(new ReceiveStreamOptions
        {
            Name = Name,
            RingHeaps = 8,
            Accounting = HeapAccounting.BySubstream,
            CntStep = 1,
            CustomStatistics = [new("seen"), new("widest", StatisticMode.Maximum)],
        });
        IReadOnlyList<ReadOnlyMemory<byte>> heap = Packets.OfHeap(3, size: 3000);
        stream.UpdateStatistic("seen", 4);
        stream.UpdateStatistic("widest", 5);
        stream.AddDatagramReader(
            [.. Packets.OfHeap(1), heap[0], .. heap, new byte[20], default, Packets.OfHeap(4, size: 3000)[0], .. Packets.OfStop(5)]);
        Poll.Until(() => stream.Statistics.StopHeaps == 1, "the stream has stopped");

        MetricReadings readings = Read();
        Assert.Multiple(() =>
        {
            Assert.That(readings["spead2.receive.heaps{outcome=\"complete\"}"], Is.EqualTo(2));
            Assert.That(readings["spead2.receive.heaps{outcome=\"flushed\"}"], Is.EqualTo(1));
            Assert.That(readings["spead2.receive.dropped.heaps{reason=\"incomplete\"}"], Is.EqualTo(1));
            Assert.That(readings["spead2.receive.dropped.heaps{reason=\"stop_item\"}"], Is.EqualTo(1));
            Assert.That(readings["spead2.receive.missing.heaps"], Is.EqualTo(1));
            Assert.That(readings["spead2.receive.accounted.heaps{place=\"sequence\"}"], Is.EqualTo(4));
            Assert.That(readings["spead2.receive.packets{outcome=\"accepted\"}"], Is.EqualTo(heap.Count + 3));
            Assert.That(readings["spead2.receive.packets{outcome=\"duplicate\"}"], Is.EqualTo(1));
            Assert.That(readings["spead2.receive.refused.datagrams{reason=\"magic\"}"], Is.EqualTo(1));
            Assert.That(readings["spead2.receive.refused.datagrams{reason=\"empty\"}"], Is.EqualTo(1));
            Assert.That(readings["spead2.receive.payload.bytes"], Is.EqualTo(stream.Statistics.PayloadBytes));
            Assert.That(readings["spead2.receive.missing.bytes"], Is.EqualTo(stream.Statistics.BytesMissing).And.GreaterThan(0));
            Assert.That(readings["spead2.receive.largest.heap.bytes"], Is.EqualTo(3000));
            Assert.That(readings["spead2.receive.ring.heaps"], Is.EqualTo(2));
            Assert.That(readings["spead2.receive.custom{statistic=\"seen\"}"], Is.EqualTo(4));
            Assert.That(readings["spead2.receive.custom.largest{statistic=\"widest\"}"], Is.EqualTo(5));
        });
    }

    [Test]
    public void Send_stream_shows_its_statistics()
    {
        HeapToSend heap = new();
        heap.AddItem(Packets.ItemId, Packets.Content(1, 64), allowImmediate: false);
        using SendStream stream = new(new SendStreamOptions { Name = Name }, NullLogger.Instance);
        int packets = 0;
        stream.Add(new FunctionWriterOptions
        {
            Function = (_, _) =>
            {
                if (++packets == 2)
                {
                    throw new InvalidOperationException("A packet that cannot be sent.");
                }
            },
        });
        stream.SendAsync(heap).AsTask().GetAwaiter().GetResult();
        stream.SendAsync(heap).AsTask().GetAwaiter().GetResult();

        MetricReadings readings = Read();
        Assert.Multiple(() =>
        {
            Assert.That(readings["spead2.send.streams"], Is.EqualTo(1));
            Assert.That(readings["spead2.send.heaps{outcome=\"sent\"}"], Is.EqualTo(1));
            Assert.That(readings["spead2.send.heaps{outcome=\"failed\"}"], Is.EqualTo(1));
            Assert.That(readings["spead2.send.packets{outcome=\"sent\"}"], Is.EqualTo(1));
            Assert.That(readings["spead2.send.packets{outcome=\"failed\"}"], Is.EqualTo(1));
            Assert.That(readings["spead2.send.packet.bytes"], Is.EqualTo(stream.Statistics.Bytes));
            Assert.That(readings["spead2.send.groups"], Is.EqualTo(2));
            Assert.That(readings["spead2.send.queue.heaps"], Is.Zero);
            Assert.That(readings["spead2.send.largest.delay.seconds"], Is.Zero);
        });
    }

    [Test]
    public void Counters_keep_what_disposed_streams_counted()
    {
        for (int i = 1; i <= 3; i++)
        {
            using (ReceiveStream stream = new(new ReceiveStreamOptions { Name = Name }))
            {
                stream.AddDatagramReader(Packets.OfHeaps(2, size: 100 * i));
                stream.Read().Dispose();
                stream.Read().Dispose();
                Assert.That(() => stream.Read(), Throws.InstanceOf<StreamStoppedException>());
                Assert.That(Read()["spead2.receive.streams"], Is.EqualTo(1));
            }

            MetricReadings readings = Read();
            Assert.That(readings["spead2.receive.heaps{outcome=\"complete\"}"], Is.EqualTo(2 * i));
            Assert.That(readings["spead2.receive.largest.heap.bytes"], Is.EqualTo(100 * i));
            Assert.That(readings["spead2.receive.streams"], Is.Zero);
            Assert.That(readings["spead2.receive.ring.limit.heaps"], Is.Zero);
        }
    }

    [Test]
    public void Heaps_that_are_sent_by_the_disposal_are_counted()
    {
        HeapToSend heap = new();
        heap.AddItem(Packets.ItemId, Packets.Content(1, 64), allowImmediate: false);
        using ManualResetEventSlim mayGoOn = new();
        Task<SendResult>[] sent;
        Task disposal;
        using (SendStream stream = new(new SendStreamOptions { Name = Name, MaxHeaps = 8 }))
        {
            stream.Add(new FunctionWriterOptions
            {
                Function = (_, _) => mayGoOn.Wait(),
            });
            sent = [.. Enumerable.Range(0, 8).Select(_ => stream.SendAsync(heap).AsTask())];
            disposal = Task.Run(stream.Dispose);
            Poll.Until(() => IsDisposed(stream), "the disposal has begun");
            mayGoOn.Set();
            disposal.Wait();
        }

        Assert.That(sent, Has.All.Property(nameof(Task.IsCompletedSuccessfully)).True);
        Assert.That(Read()["spead2.send.heaps{outcome=\"sent\"}"], Is.EqualTo(8));
    }

    [Test]
    public void Streams_of_one_name_add_up()
    {
        using ReceiveStream first = new(new ReceiveStreamOptions { Name = Name, RingHeaps = 3 });
        using ReceiveStream second = new(new ReceiveStreamOptions { Name = Name, RingHeaps = 4 });
        first.AddDatagramReader(Packets.OfHeaps(2));
        second.AddDatagramReader(Packets.OfHeaps(3, size: 200));
        Poll.Until(() => first.Statistics.Heaps == 2 && second.Statistics.Heaps == 3, "all heaps have come");

        MetricReadings readings = Read();
        Assert.That(readings["spead2.receive.streams"], Is.EqualTo(2));
        Assert.That(readings["spead2.receive.heaps{outcome=\"complete\"}"], Is.EqualTo(5));
        Assert.That(readings["spead2.receive.largest.heap.bytes"], Is.EqualTo(200));
        Assert.That(readings["spead2.receive.ring.limit.heaps"], Is.EqualTo(7));
    }

    [Test]
    public void Counters_keep_what_was_seen_of_a_forgotten_stream()
    {
        Forget();
        Poll.Until(
            () =>
            {
                Garbage.Collect();
                return Read()["spead2.receive.streams"] == 0;
            },
            "the stream is gone");

        Assert.That(Read()["spead2.receive.heaps{outcome=\"complete\"}"], Is.EqualTo(2));
    }

    [Test]
    public void Counters_never_fall_while_streams_come_and_go()
    {
        using CancellationTokenSource end = new();
        string name = Name;
        const string complete = "spead2.receive.heaps{outcome=\"complete\"}";
        Task<bool> reading = Task.Run(() =>
        {
            double last = 0;
            bool rises = true;
            while (!end.IsCancellationRequested)
            {
                MetricReadings readings = MetricReadings.Take(Spead2Metrics.MeterName, name);
                // Instruments are read one after the other: the first stream may be made in between.
                double now = readings.Series.Contains(complete) ? readings[complete] : 0;
                rises &= now >= last;
                last = now;
            }

            return rises;
        });
        for (int i = 0; i < 200; i++)
        {
            using ReceiveStream stream = new(new ReceiveStreamOptions { Name = name });
            stream.AddDatagramReader(Packets.OfHeaps(2));
            stream.Read().Dispose();
            stream.Read().Dispose();
        }

        end.Cancel();
        Assert.That(reading.GetAwaiter().GetResult(), Is.True);
        Assert.That(Read()[complete], Is.EqualTo(400));
    }

    private static MetricReadings Read() => MetricReadings.Take(Spead2Metrics.MeterName, Name);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget()
    {
        ReceiveStream stream = new(new ReceiveStreamOptions { Name = Name });
        stream.AddDatagramReader(Packets.OfHeaps(2));
        Poll.Until(() => stream.Statistics.Heaps == 2, "the heaps have come");
        Assert.That(Read()["spead2.receive.heaps{outcome=\"complete\"}"], Is.EqualTo(2));
    }

    private static bool IsDisposed(SendStream stream)
    {
        try
        {
            return stream.Statistics is null;
        }
        catch (ObjectDisposedException)
        {
            return true;
        }
    }
}
