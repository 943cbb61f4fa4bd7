// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Receive;
using Spead2.Send;

namespace Spead2.Testing.Engines;

public sealed class StatisticsTests
{
    [Test]
    public void Every_packet_is_accounted_for()
    {
        ReadOnlyMemory<byte> tooLarge = Convert.FromHexString(
            "5304020600000004" + "8001000000000001" + "8002ffffffffffff" + "8003000000000000" + "8004000000000004" +
            "61626364");
        IReadOnlyList<ReadOnlyMemory<byte>> heap = Packets.OfHeap(2, size: 3000);
        using ReceiveStream stream = new();
        stream.AddDatagramReader([tooLarge, heap[0], heap[0], .. heap.Skip(1), new byte[20], default]);

        using Heap received = stream.Read();
        Assert.That(() => stream.Read(), Throws.InstanceOf<StreamStoppedException>());
        StreamStatistics statistics = stream.Statistics;
        Assert.Multiple(() =>
        {
            Assert.That(received.Cnt, Is.EqualTo(2));
            Assert.That(statistics.Heaps, Is.EqualTo(1));
            Assert.That(statistics.Packets, Is.EqualTo(heap.Count + 2));
            Assert.That(statistics.PacketsAccepted, Is.EqualTo(heap.Count));
            Assert.That(statistics.PayloadBytes, Is.EqualTo(3000));
            Assert.That(statistics.TooLarge, Is.EqualTo(1));
            Assert.That(statistics.RejectedDuplicate, Is.EqualTo(1));
            Assert.That(statistics.Malformed, Is.EqualTo(1));
            Assert.That(statistics.Empty, Is.EqualTo(1));
        });
    }

    [Test]
    public void Copy_does_not_change_afterwards()
    {
        using ReceiveStream stream = new();
        StreamStatistics before = stream.Statistics;
        stream.AddDatagramReader(Packets.OfHeaps(1));
        using Heap heap = stream.Read();

        Assert.That(before.Sum(pair => pair.Value), Is.Zero);
        Poll.Until(() => stream.Statistics.Heaps == 1, "the heap is counted");
    }

    [Test]
    public void Heap_size_has_a_limit()
    {
        using ReceiveStream stream = new(new ReceiveStreamOptions { MaxHeapSize = 1000 });
        stream.AddDatagramReader([.. Packets.OfHeap(1, size: 1001), .. Packets.OfHeap(2, size: 1000)]);

        using Heap heap = stream.Read();
        Assert.That(heap.Cnt, Is.EqualTo(2));
        Poll.Until(() => stream.Statistics.TooLarge == 1, "the larger heap is counted");
    }

    [Test]
    public void Datagrams_after_the_stop_item_are_accounted_for() => AccountForDatagrams(
        [.. Packets.OfHeaps(5), .. Packets.OfStop(6), .. Packets.OfHeaps(30)],
        new ReceiveStreamOptions { RingHeaps = 64, ExplicitStart = true },
        stream =>
        {
            Poll.Until(() => stream.Statistics.Packets == 6, "the stop item has come");
            Assert.That(stream.Statistics.StopHeaps, Is.EqualTo(1));
        });

    [Test]
    public void Datagrams_that_wait_for_a_full_ring_when_the_stream_stops_are_accounted_for() => AccountForDatagrams(
        Packets.OfHeaps(30),
        new ReceiveStreamOptions { RingHeaps = 1, ExplicitStart = true },
        stream =>
        {
            Poll.Until(() => stream.Statistics.WorkerBlocked != 0, "the ring is full");
            stream.Stop();
        });

    [Test]
    public void Largest_heap_counts_whether_or_not_it_is_complete()
    {
        using ReceiveStream stream = new(new ReceiveStreamOptions { RingHeaps = 16 }, NullLogger.Instance);
        stream.AddDatagramReader(
            [.. Packets.OfHeap(1, size: 100), .. Packets.OfHeap(2, size: 9000).SkipLast(1), .. Packets.OfHeap(3, size: 200)]);
        long[] received = [.. stream.ReadAll().Select(heap => heap.ReceivedLength)];

        Assert.That(received, Has.Length.EqualTo(2), "the incomplete heap is dropped");
        Assert.That(stream.Statistics.MaxHeapBytes, Is.GreaterThan(received.Max()).And.LessThan(9000));
    }

    [Test]
    public void Packets_missing_are_those_of_heaps_that_were_begun()
    {
        IReadOnlyList<ReadOnlyMemory<byte>> whole = Packets.OfHeap(1, size: 20_000);
        IReadOnlyList<ReadOnlyMemory<byte>> torn = Packets.OfHeap(2, size: 20_000);
        using ReceiveStream stream = new(new ReceiveStreamOptions { RingHeaps = 16 }, NullLogger.Instance);
        stream.AddDatagramReader([.. whole, torn[0], .. torn.Skip(3).SkipLast(1)]);
        using Heap heap = stream.Read();
        Assert.That(() => stream.Read(), Throws.InstanceOf<StreamStoppedException>());

        StreamStatistics statistics = stream.Statistics;
        Assert.That(statistics.Packets + statistics.PacketsMissing, Is.EqualTo(whole.Count + torn.Count));
        Assert.That(statistics.PayloadBytes + statistics.BytesMissing, Is.EqualTo(2 * 20_000));
        Assert.That(statistics.PacketsMissing, Is.EqualTo(3));
    }

    [Test]
    public void Nothing_is_missing_of_heaps_that_a_stop_interrupts()
    {
        using ReceiveStream stream = new(new ReceiveStreamOptions { ExplicitStart = true }, NullLogger.Instance);
        using UdpSender sender = new(stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0)));
        stream.Start();
        sender.Send([Packets.OfHeap(1, size: 20_000)[0]]);
        Poll.Until(() => stream.Statistics.Packets == 1, "the packet has come");
        stream.Stop();

        Assert.That(stream.Statistics.HeapsDroppedAtStop, Is.EqualTo(1));
        Assert.That(stream.Statistics.BytesMissing, Is.Zero);
    }

    [Test]
    public void Heap_that_a_stop_dropped_leaves_no_ranges_to_the_next_ones()
    {
        const int Size = 20_000;
        IReadOnlyList<ReadOnlyMemory<byte>> packets = Packets.OfHeap(1, Size);
        Assert.That(packets, Has.Count.GreaterThan(6));
        for (int i = 0; i < 20; i++)
        {
            using ReceiveStream dropping = new(new ReceiveStreamOptions(), NullLogger.Instance);
            using UdpSender sender = new(dropping.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0)));
            sender.Send([packets[0], packets[2], packets[4]]);
            Poll.Until(() => dropping.Statistics.Packets == 3, "the packets have come");
            dropping.Stop();
            Assert.That(dropping.Statistics.HeapsDroppedAtStop, Is.EqualTo(1));

            using ReceiveStream stream = new(new ReceiveStreamOptions(), NullLogger.Instance);
            stream.AddDatagramReader([packets[1], packets[3], packets[0], packets[2], .. packets.Skip(4)]);
            using Heap heap = stream.Read();
            Assert.That(heap.IsComplete, Is.True);
            Assert.That(heap.Items[0].Bytes.Span.SequenceEqual(Packets.Content(1, Size)), Is.True);
            Assert.That(stream.Statistics.RejectedDuplicate, Is.Zero);
        }
    }

    [Test]
    public void Every_tenth_heap_removed_counts_as_missing()
    {
        using ReceiveStream stream = new(
            new ReceiveStreamOptions { RingHeaps = 128, Accounting = HeapAccounting.BySubstream }, NullLogger.Instance);
        stream.AddDatagramReader(
            [.. Enumerable.Range(1, 100).Where(cnt => cnt % 10 != 5).SelectMany(cnt => Packets.OfHeap((ulong)cnt))]);
        Assert.That(stream.ReadAll().Count(), Is.EqualTo(90));

        StreamStatistics statistics = stream.Statistics;
        Assert.That((statistics.HeapsAccounted, statistics.HeapsMissing), Is.EqualTo((90, 10)));
    }

    [Test]
    public void Heaps_without_a_step_are_unplaced_and_the_step_of_later_ones_is_learned()
    {
        // Squares have no step in common; after 64 of them what they were is forgotten.
        IEnumerable<int> strays = Enumerable.Range(1, 64).Select(i => i * i);
        IEnumerable<int> regular = Enumerable.Range(10_001, 16);
        using ReceiveStream stream = new(
            new ReceiveStreamOptions { RingHeaps = 128, Accounting = HeapAccounting.BySubstream }, NullLogger.Instance);
        stream.AddDatagramReader([.. strays.Concat(regular).SelectMany(cnt => Packets.OfHeap((ulong)cnt))]);
        Assert.That(stream.ReadAll().Count(), Is.EqualTo(80));

        StreamStatistics statistics = stream.Statistics;
        Assert.That(
            (statistics.HeapsUnplaced, statistics.HeapsAccounted, statistics.HeapsMissing), Is.EqualTo((64, 16, 0)));
    }

    [Test]
    public void Timestamps_of_each_antenna_tell_what_is_missing()
    {
        const int Timestamp = 0x1600;
        const int Antenna = 0x4101;
        List<ReadOnlyMemory<byte>> packets = [];
        for (int i = 0; i < 60; i++)
        {
            HeapToSend heap = new();
            heap.AddImmediate(Timestamp, (ulong)(8192 * (i / 3)));
            heap.AddImmediate(Antenna, (ulong)(i % 3));
            packets.AddRange(i is 20 or 40 or 41 ? [] : Packets.Encode(heap, (ulong)(i * i)));
        }

        using ReceiveStream stream = new(
            new ReceiveStreamOptions
            {
                RingHeaps = 128,
                Accounting = HeapAccounting.BySubstream,
                CntStep = 8192,
                CountItem = Timestamp,
                SetItem = Antenna,
            },
            NullLogger.Instance);
        stream.AddDatagramReader(packets);
        Assert.That(stream.ReadAll().Count(), Is.EqualTo(57));

        StreamStatistics statistics = stream.Statistics;
        Assert.That(
            (statistics.HeapsUnplaced, statistics.HeapsAccounted, statistics.HeapsMissing), Is.EqualTo((0, 57, 3)));
    }

    [TestCase(HeapAccounting.BySubstream, 780)]
    [TestCase(HeapAccounting.BySource, 0)]
    public void Antenna_that_falls_silent_is_missing(HeapAccounting accounting, long missing)
    {
        const long Antenna = 0x4101;
        List<ReadOnlyMemory<byte>> packets = [];
        for (int cnt = 0; cnt < 800; cnt++)
        {
            for (int antenna = 0; antenna < (cnt < 20 ? 3 : 2); antenna++)
            {
                HeapToSend heap = new();
                heap.AddImmediate(Antenna, (ulong)antenna);
                packets.AddRange(Packets.Encode(heap, (ulong)cnt));
            }
        }

        using ReceiveStream stream = new(
            new ReceiveStreamOptions { RingHeaps = 1024, Accounting = accounting, SetItem = Antenna }, NullLogger.Instance);
        stream.AddDatagramReader(packets);
        Assert.That(stream.ReadAll().Count(), Is.EqualTo(1620));

        StreamStatistics statistics = stream.Statistics;
        Assert.That(
            (statistics.HeapsUnplaced, statistics.HeapsAccounted, statistics.HeapsMissing), Is.EqualTo((0, 1620, missing)));
    }

    [TestCase(1)]
    [TestCase(6)]
    [TestCase(-1)]
    public void Item_that_is_not_of_senders_counts_nothing(long id)
    {
        Assert.That(() => new ReceiveStream(new() { CountItem = id }), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new ReceiveStream(new() { SetItem = id }), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Senders_of_two_sources_are_accounted_for_one_by_one()
    {
        using ReceiveStream stream = new(
            new ReceiveStreamOptions { RingHeaps = 512, Accounting = HeapAccounting.BySource }, NullLogger.Instance);
        using UdpSender first = new(stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0)));
        using UdpSender second = new(stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0)));
        for (int cnt = 1; cnt <= 100; cnt++)
        {
            first.Send(cnt % 10 == 5 ? [] : Packets.OfHeap((ulong)cnt));
            second.Send(cnt % 20 == 5 ? [] : Packets.OfHeap((ulong)cnt + 5000));
        }

        Poll.Until(() => stream.Statistics.Heaps == 185, "all heaps have come");
        stream.Stop();
        StreamStatistics statistics = stream.Statistics;
        Assert.That((statistics.HeapsAccounted, statistics.HeapsMissing), Is.EqualTo((185, 15)));
        Assert.That(statistics.SenderRestarts, Is.Zero);
    }

    [TestCase("malformed_size", "53040206000000")]
    [TestCase("malformed_magic", "5204020600000000")]
    [TestCase("malformed_magic", "5303020600000000")]
    [TestCase("malformed_flavour", "5304000800000000")]
    [TestCase("malformed_widths", "5304030600000000")]
    [TestCase("malformed_item_table", "5304020600000001")]
    [TestCase("malformed_item_missing", "530402060000000180010000000000ff")]
    [TestCase("malformed_payload", "5304020600000003800100000000000180030000000000008004000000000001")]
    [TestCase(
        "malformed_beyond_heap",
        "53040206000000048001000000000001800200000000000080030000000000008004000000000001ff")]
    public void Malformed_datagram_counts_under_its_cause(string statistic, string datagram)
    {
        using ReceiveStream stream = new(new ReceiveStreamOptions(), NullLogger.Instance);
        stream.AddDatagramReader([Convert.FromHexString(datagram)]);
        Assert.That(() => stream.Read(), Throws.InstanceOf<StreamStoppedException>());

        string[] counted = [.. stream.Statistics.Where(pair => pair.Value == 1).Select(pair => pair.Key)];
        Assert.That(counted.Where(name => name.StartsWith("malformed", StringComparison.Ordinal)),
            Is.EquivalentTo(["malformed", statistic]));
    }

    [Test]
    public void Option_that_breaks_its_rule_is_named()
    {
        Assert.That(
            () => new ReceiveStream(new ReceiveStreamOptions { MaxHeaps = 0 }),
            Throws.InstanceOf<ArgumentOutOfRangeException>()
                .With.Property(nameof(ArgumentException.ParamName)).EqualTo(nameof(ReceiveStreamOptions.MaxHeaps))
                .And.Message.Contains("MaxHeaps must be from 1"));
    }

    /// <summary>
    /// All wait in the socket when the stream starts, so that one look at the socket takes more than are used. The test
    /// finds in its own handle of the socket what the stream left there.
    /// </summary>
    private static void AccountForDatagrams(
        IReadOnlyCollection<ReadOnlyMemory<byte>> datagrams, ReceiveStreamOptions options, Action<ReceiveStream> stop)
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using ReceiveStream stream = new(options, NullLogger.Instance);
        using UdpSender sender = new(stream.AddUdpReader(new UdpSourceOptions { Socket = socket }));
        sender.Send(datagrams);
        stream.Start();
        stop(stream);

        Poll.Until(
            () => stream.Statistics.DatagramsDroppedAtStop != 0, "datagrams dropped at the stop are counted");
        int left = 0;
        byte[] buffer = new byte[UdpSourceOptions.LargestDatagram];
        while (socket.Poll(0, SelectMode.SelectRead))
        {
            socket.Receive(buffer);
            left++;
        }

        StreamStatistics statistics = stream.Statistics;
        Assert.That(
            statistics.Packets + statistics.DatagramsDroppedAtStop + left, Is.EqualTo(datagrams.Count), $"{left} left");
    }
}
