// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>What the kernel counts of UDP, and what that says of the messages that a stream's sockets lost.</summary>
public sealed class KernelCountersTests
{
    private const int Messages = 7;
    private const int Flood = 3000;

    [TestCase("127.0.0.1")]
    [TestCase("::1")]
    public void Wrong_checksums_are_told_from_full_buffers(string host) => NetworkNamespace.Run(() =>
    {
        using ReceiveStream stream = new();
        int port = stream.Add(new UdpSourceOptions { BindHost = host }).Port;
        KernelUdpCounters before = ReceiveStream.ReadKernelCounters()!.Value;

        SendWrongChecksums(new(IPAddress.Parse(host), port));
        Poll.Until(() => stream.Statistics.KernelDropMessages == Messages, "the kernel has dropped them");

        Assert.That(
            (ReceiveStream.ReadKernelCounters()!.Value - before).Explain(Messages),
            Is.EqualTo(new KernelDrops(default, new(Messages, Messages), default)));
    });

    [Test]
    public void Full_buffers_are_told() => NetworkNamespace.Run(() =>
    {
        using ReceiveStream stream = new(new ReceiveStreamOptions { ExplicitStart = true });
        int port = stream.Add(new UdpSourceOptions { BindHost = "127.0.0.1", BufferSize = 1 << 16 }).Port;
        KernelUdpCounters before = ReceiveStream.ReadKernelCounters()!.Value;
        using UdpSender sender = new(port);
        sender.Send(Packets.OfHeaps(Flood, size: 1000));

        long dropped = stream.Statistics.KernelDropMessages;

        Assert.That(dropped, Is.Not.Zero);
        Assert.That(
            (ReceiveStream.ReadKernelCounters()!.Value - before).Explain(dropped),
            Is.EqualTo(new KernelDrops(new(dropped, dropped), default, default)));
    });

    [Test]
    public void Counters_are_null_where_the_system_does_not_tell() =>
        Assert.That(ReceiveStream.ReadKernelCounters().HasValue, Is.EqualTo(OperatingSystem.IsLinux()));

    private static void SendWrongChecksums(IPEndPoint destination)
    {
        const ushort sourcePort = 4000;
        const ushort wrong = 0x1234;

        // The checksum of shorter datagrams is looked at before their socket is known.
        byte[] datagram = new byte[200];
        BinaryPrimitives.WriteUInt16BigEndian(datagram, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(2), (ushort)destination.Port);
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(4), (ushort)datagram.Length);
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(6), wrong);
        using Socket raw = new(destination.AddressFamily, SocketType.Raw, ProtocolType.Udp);
        for (int i = 0; i < Messages; i++)
        {
            raw.SendTo(datagram, new IPEndPoint(destination.Address, 0));
        }
    }
}
