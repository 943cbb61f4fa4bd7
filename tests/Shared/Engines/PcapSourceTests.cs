// SPDX-License-Identifier: MIT

using System.Net;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>Packets from captures. What is in frames, the tests of the C interface look at, with both engines.</summary>
internal sealed class PcapSourceTests
{
    private const int Heaps = 50;

    [Test]
    public void Heaps_of_a_capture_are_received()
    {
        IReadOnlyList<ReadOnlyMemory<byte>> packets = Packets.OfHeaps(Heaps, 4000);
        string path = Captures.Write(Captures.Pcap(packets));
        using ReceiveStream stream = new(new() { Senders = SenderTracking.Record });
        PacketSource source = stream.Add(new PcapSourceOptions { Path = path });

        for (int cnt = 1; cnt <= Heaps; cnt++)
        {
            using Heap heap = stream.Read();
            Assert.That(heap.Cnt, Is.EqualTo(cnt));
            Assert.That(heap.Payload.Span.SequenceEqual(Packets.Content((ulong)cnt, 4000)), Is.True);
        }

        Assert.That(ReadAll(stream), Is.Empty);
        Poll.Until(() => source.Statistics.LastSender is not null, "the sender is told");
        PacketSourceStatistics statistics = source.Statistics;
        Assert.Multiple(() =>
        {
            Assert.That(source.Kind, Is.EqualTo(SourceKind.Pcap));
            Assert.That(statistics.Frames, Is.EqualTo(packets.Count));
            Assert.That(statistics.Datagrams, Is.EqualTo(packets.Count));
            Assert.That(statistics.Bytes, Is.EqualTo(packets.Sum(packet => packet.Length)));
            Assert.That(statistics.LastSender, Is.EqualTo(new IPEndPoint(IPAddress.Parse("10.0.0.1"), 40000)));
        });
    }

    [Test]
    public void Shortcut_of_spead2_reads_a_capture()
    {
        using ReceiveStream stream = new();
        stream.AddUdpPcapFileReader(Captures.Write(Captures.Pcap(Packets.OfHeaps(2))));

        Assert.That(ReadAll(stream), Is.EqualTo(new[] { 1L, 2L }));
    }

    [TestCase("239.2.1.150", 0, 2)]
    [TestCase("", 7148, 2)]
    [TestCase(null, 7149, 0)]
    [TestCase("::ffff:239.2.1.150", 7148, 2)]
    [TestCase("239.2.1.151", 7148, 0)]
    public void Only_datagrams_to_the_chosen_endpoint_are_used(string? address, int port, int heaps)
    {
        using ReceiveStream stream = new();
        PacketSource source = stream.Add(new PcapSourceOptions
        {
            Path = Captures.Write(Captures.Pcap(Packets.OfHeaps(2))),
            Address = address,
            Port = port,
        });

        Assert.That(ReadAll(stream), Has.Length.EqualTo(heaps));
        Assert.That(source.Statistics.FramesFiltered, Is.EqualTo(2 - heaps));
    }

    [Test]
    public void Outgoing_frames_are_used_if_they_are_asked_for([Values] bool outgoing)
    {
        using ReceiveStream stream = new();
        PacketSource source = stream.Add(new PcapSourceOptions
        {
            Path = Captures.Write(Captures.Pcap(Packets.OfHeaps(2), Captures.Cooked, isOutgoing: true)),
            Outgoing = outgoing,
        });

        Assert.That(ReadAll(stream), Has.Length.EqualTo(outgoing ? 2 : 0));
        Assert.That(source.Statistics.FramesOutgoing, Is.EqualTo(outgoing ? 0 : 2));
    }

    [Test]
    public void Packets_of_a_capture_are_read_in_a_dialect()
    {
        // Without a heap length: a datagram is a heap.
        byte[] packet = Convert.FromHexString(
            "530403050000000380000100000000018000030000000000800004000000000461626364");
        string path = Captures.Write(Captures.Pcap([packet]));
        using ReceiveStream stream = new();
        stream.Add(new PcapSourceOptions { Path = path, Dialect = Dialect.Find("datagram-is-heap") });

        using Heap heap = stream.Read();
        Assert.That(heap.Payload.Length, Is.EqualTo(4));
    }

    [Test]
    public void Missing_file_and_file_that_is_no_capture_are_refused()
    {
        using ReceiveStream stream = new();
        string text = Captures.Write("not a capture"u8.ToArray());

        Spead2Exception missing = Assert.Throws<Spead2Exception>(
            () => stream.Add(new PcapSourceOptions { Path = "/nowhere/x.pcap" }))!;
        Assert.That(missing.Status, Is.EqualTo(Spead2Status.OperatingSystem));
        Assert.That(missing.Message, Does.Contain("cannot open the capture \"/nowhere/x.pcap\": "));
        Spead2Exception none = Assert.Throws<Spead2Exception>(() => stream.Add(new PcapSourceOptions { Path = text }))!;
        Assert.That(none.Status, Is.EqualTo(Spead2Status.InvalidArgument));
        Assert.That(none.Message, Does.StartWith($"Path is \"{text}\", which is no capture"));
    }

    [Test]
    public void Stopped_stream_opens_no_capture()
    {
        using ReceiveStream stream = new();
        stream.Stop();

        PacketSource source = stream.Add(new PcapSourceOptions { Path = "/nowhere/x.pcap" });

        Assert.That(source.State, Is.EqualTo(SourceState.Ended));
    }

    private static long[] ReadAll(ReceiveStream stream)
    {
        List<long> cnts = [];
        while (stream.TryRead(out Heap? heap, Timeout.InfiniteTimeSpan))
        {
            using (heap)
            {
                cnts.Add((long)heap.Cnt);
            }
        }

        return [.. cnts];
    }
}
