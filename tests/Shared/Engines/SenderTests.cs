// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

public sealed class SenderTests
{
    private const int Half = 1024;

    // As tests/cases/packets/two-senders.packets: one heap of two packets of each, in the order in which both are mixed.
    private static readonly (int Sender, int Part)[] Order = [(0, 0), (1, 0), (1, 1), (0, 1)];

    [Test]
    public void Heap_knows_its_sender_where_that_is_asked_for([Values] SenderTracking tracking)
    {
        using ReceiveStream stream = Open(tracking);
        PacketSource source = AddSocket(stream);
        using Socket sender = SenderTo(source);
        foreach (ReadOnlyMemory<byte> packet in Packets.OfHeap(1, size: 20_000))
        {
            sender.Send(packet.Span);
        }

        using Heap heap = stream.Read();
        Assert.That(heap.Sender, Is.EqualTo(tracking == SenderTracking.None ? null : sender.LocalEndPoint));
        Assert.That((heap.IsMixed, heap.IsContradictory), Is.EqualTo((false, false)));
        Assert.That(stream.Statistics.HeapsMixed, Is.Zero);
    }

    [Test]
    public void Heap_of_an_ipv6_sender_knows_it()
    {
        using ReceiveStream stream = Open(SenderTracking.Record);
        PacketSource source = stream.Add(new UdpSourceOptions { BindHost = IPAddress.IPv6Loopback.ToString() });
        using Socket sender = new(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
        sender.Connect(source.LocalEndPoint!);
        sender.Send(Packets.OfHeap(1)[0].Span);

        using Heap heap = stream.Read();
        IPEndPoint local = (IPEndPoint)sender.LocalEndPoint!;
        Assert.That(heap.Sender, Is.EqualTo(new IPEndPoint(IPAddress.IPv6Loopback, local.Port)));
    }

    [Test]
    public void Heap_with_packets_of_two_senders_is_flagged([Values] bool twoSockets)
    {
        using ReceiveStream stream = Open(SenderTracking.Record);
        Socket[] senders = SendTwo(stream, twoSockets);
        using Heap heap = stream.Read();

        Assert.That(heap.Sender, Is.EqualTo(senders[0].LocalEndPoint));
        Assert.That((heap.IsMixed, heap.IsContradictory), Is.EqualTo((true, true)));
        Poll.Until(() => stream.Statistics.HeapsMixed == 1, "it is counted");
        Assert.That(stream.Statistics.HeapsContradictory, Is.EqualTo(1));
        Array.ForEach(senders, sender => sender.Dispose());
    }

    [Test]
    public void Heaps_of_two_senders_are_kept_apart([Values] bool twoSockets)
    {
        using ReceiveStream stream = Open(SenderTracking.Separate);
        Socket[] senders = SendTwo(stream, twoSockets);
        Heap[] heaps = [stream.Read(), stream.Read()];

        Assert.That(
            heaps.Select(heap => heap.Sender), Is.EquivalentTo(senders.Select(sender => sender.LocalEndPoint)));
        foreach (Heap heap in heaps)
        {
            byte content = heap.Sender!.Equals(senders[0].LocalEndPoint) ? (byte)0xa0 : (byte)0xa1;
            Assert.That(heap.Payload.ToArray(), Has.Length.EqualTo(2 * Half).And.All.EqualTo(content));
            Assert.That((heap.IsComplete, heap.IsMixed, heap.IsContradictory), Is.EqualTo((true, false, false)));
            heap.Dispose();
        }

        Assert.That(stream.Statistics.RejectedDuplicate, Is.Zero);
        Array.ForEach(senders, sender => sender.Dispose());
    }

    [Test]
    public void Heap_from_memory_with_contradicting_items_is_flagged()
    {
        using ReceiveStream stream = new(new ReceiveStreamOptions { ContiguousOnly = false }, NullLogger.Instance);
        stream.AddDatagramReader([.. Order.Select(packet => (ReadOnlyMemory<byte>)Packet(packet.Sender, packet.Part))]);
        Heap[] heaps = [.. stream.ReadAll()];

        Assert.That(heaps.Select(heap => heap.IsContradictory), Is.EqualTo(new[] { true, false }));
        Assert.That(heaps.Select(heap => (heap.IsMixed, heap.Sender)), Has.All.EqualTo((false, (IPEndPoint?)null)));
        Assert.That(stream.Statistics.HeapsContradictory, Is.EqualTo(1));
        Array.ForEach(heaps, heap => heap.Dispose());
    }

    [TestCase(false, new[] { 0xc101_0000_0000_0000 }, new[] { 0xc101_0000_0000_0000 }, Description = "repeated")]
    [TestCase(true, new[] { 0xc101_0000_0000_0000 }, new[] { 0xc101_0000_0000_0001 }, Description = "another value")]
    [TestCase(false, new[] { 0xc101_0000_0000_0000 }, new[] { 0xc102_0000_0000_0001 }, Description = "another item")]
    [TestCase(false, new[] { 0xc101_0000_0000_0000 }, new[] { 0x4101_0000_0000_0001UL }, Description = "an address")]
    [TestCase(false, new[] { 0x8006_0000_0000_0000 }, new[] { 0x8006_0000_0000_0001 }, Description = "stream control")]
    [TestCase(
        false, new[] { 0xc101_0000_0000_0000, 0xc101_0000_0000_0001 }, new ulong[0], Description = "within one packet")]
    public void Contradiction_takes_two_packets(bool contradicts, ulong[] first, ulong[] second)
    {
        using ReceiveStream stream = new(new ReceiveStreamOptions(), NullLogger.Instance);
        stream.AddDatagramReader([Packet(0, 0, first), Packet(0, 1, second)]);
        using Heap heap = stream.Read();

        Assert.That(heap.IsContradictory, Is.EqualTo(contradicts));
    }

    private static ReceiveStream Open(SenderTracking tracking) =>
        new(new ReceiveStreamOptions { Senders = tracking }, NullLogger.Instance);

    private static PacketSource AddSocket(ReceiveStream stream) =>
        stream.Add(new UdpSourceOptions { BindHost = IPAddress.Loopback.ToString() });

    private static Socket SenderTo(PacketSource source)
    {
        Socket sender = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        sender.Connect(source.LocalEndPoint!);
        return sender;
    }

    /// <summary>Sends the packets of both senders, each when the one before has been received.</summary>
    private static Socket[] SendTwo(ReceiveStream stream, bool twoSockets)
    {
        PacketSource first = AddSocket(stream);
        PacketSource second = twoSockets ? AddSocket(stream) : first;
        Socket[] senders = [SenderTo(first), SenderTo(second)];
        for (int i = 0; i < Order.Length; i++)
        {
            senders[Order[i].Sender].Send(Packet(Order[i].Sender, Order[i].Part));
            int sent = i + 1;
            Poll.Until(() => stream.Statistics.Packets == sent, "the packet has come");
        }

        return senders;
    }

    private static byte[] Packet(int sender, int part) => Packet(
        sender, part, [0xc101_0000_0000_0000 + (ulong)(uint)sender, 0x1000_0000_0000_0000]);

    private static byte[] Packet(int sender, int part, ulong[] items)
    {
        ulong[] words =
        [
            0x5304_0206_0000_0004 + (ulong)items.Length, 0x8001_0000_0000_0001, 0x8002_0000_0000_0000 | (2 * Half),
            0x8003_0000_0000_0000 + (ulong)(uint)(part * Half), 0x8004_0000_0000_0000 | Half, .. items,
        ];
        return
        [
            .. words.SelectMany(word => BitConverter.GetBytes(IPAddress.HostToNetworkOrder((long)word))),
            .. Enumerable.Repeat((byte)(0xa0 + sender), Half),
        ];
    }
}
