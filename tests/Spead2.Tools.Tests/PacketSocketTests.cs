// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using Spead2.Tools.Send;

namespace Spead2.Tools.Tests;

/// <summary>Packets that are handed over back to back arrive one by one.</summary>
[TestFixture]
public sealed class PacketSocketTests
{
    private const int PacketSize = 100;

    // From <asm-generic/socket.h>. Without checksums the kernel refuses to segment.
    private const int SolSocket = 1;
    private const int NoCheck = 11;

    [Test]
    public void Burst_arrives_as_single_packets([Values] bool segmentationIsRefused)
    {
        using Socket receiver = Bound();
        using Socket sender = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        sender.Connect(receiver.LocalEndPoint!);
        if (segmentationIsRefused && OperatingSystem.IsLinux())
        {
            sender.SetRawSocketOption(SolSocket, NoCheck, BitConverter.GetBytes(1));
        }

        using var socket = new PacketSocket(sender, PacketSize);
        byte[] burst = [.. Enumerable.Range(0, (3 * PacketSize) + 7).Select(i => (byte)i)];

        socket.Send(burst);
        socket.Send(burst.AsSpan(0, 5));

        Assert.That(
            Receive(receiver, 5),
            Is.EqualTo(burst.Chunk(PacketSize).Append(burst[..5])));
    }

    [Test]
    public void Missing_receiver_is_noticed_and_is_no_error()
    {
        using Socket receiver = Bound();
        using Socket sender = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        sender.Connect(receiver.LocalEndPoint!);
        receiver.Dispose();
        using var socket = new PacketSocket(sender, PacketSize);

        socket.Send(new byte[PacketSize]);
        Assert.That(socket.WasRefused, Is.False);
        socket.Send(new byte[PacketSize]);

        Assert.That(socket.WasRefused, Is.True);
    }

    [TestCase(56, 64)]
    [TestCase(1472, 44)]
    [TestCase(65504, 1)]
    public void Burst_fits_in_one_call(int packetSize, int packets)
    {
        using Socket receiver = Bound();
        using var socket = PacketSocket.Connect((IPEndPoint)receiver.LocalEndPoint!, packetSize);

        Assert.That(socket.PacketsPerBurst, Is.EqualTo(packets));
    }

    private static Socket Bound()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)
        {
            ReceiveTimeout = 10_000,
        };
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    private static List<byte[]> Receive(Socket socket, int count)
    {
        byte[] buffer = new byte[65536];
        return [.. Enumerable.Range(0, count).Select(_ => buffer[..socket.Receive(buffer)])];
    }
}
