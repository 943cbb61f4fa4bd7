// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;

namespace Spead2.Tools.Send;

/// <summary>
/// A UDP socket for packets to one destination. On Linux the kernel, or the network card, is handed many packets in
/// one piece and cuts them apart (generic segmentation offload). Where that is refused, each packet is sent by itself.
/// </summary>
internal sealed class PacketSocket : IDisposable
{
    private const int SendBufferSize = 512 * 1024;

    // The most that a UDP datagram over IPv4 carries; it also limits what is segmented in one piece.
    private const int LargestDatagram = 65507;

    // From <linux/udp.h>: option level, option, and the most segments that every kernel with the option accepts.
    private const int SolUdp = 17;
    private const int UdpSegment = 103;
    private const int MaxSegments = 64;

    private readonly Socket _socket;
    private readonly int _packetSize;
    private bool _segmentation;

    /// <summary>Takes over a socket.</summary>
    /// <param name="connected">A UDP socket that is connected to where the packets go.</param>
    /// <param name="packetSize">Size of every packet but the last of a burst.</param>
    public PacketSocket(Socket connected, int packetSize)
    {
        _packetSize = packetSize;
        _socket = connected;
        _segmentation = TrySetSegmentSize(packetSize);
    }

    /// <summary>Makes a socket for packets to one destination.</summary>
    /// <exception cref="SocketException">There is no way to the destination.</exception>
    public static PacketSocket Connect(IPEndPoint destination, int packetSize)
    {
        var socket = new Socket(destination.AddressFamily, SocketType.Dgram, ProtocolType.Udp)
        {
            SendBufferSize = SendBufferSize,
        };
        try
        {
            socket.Connect(destination);
            return new PacketSocket(socket, packetSize);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Most packets that <see cref="Send"/> takes in one burst.</summary>
    public int PacketsPerBurst => Math.Clamp(LargestDatagram / _packetSize, 1, MaxSegments);

    /// <summary>
    /// Whether the destination's host has said that nobody receives there. It can only be known of earlier packets,
    /// and is no failure: UDP does not need a receiver.
    /// </summary>
    public bool WasRefused { get; private set; }

    /// <summary>Sends packets that lie back to back; all but the last have the socket's packet size.</summary>
    /// <exception cref="SocketException">The operating system refuses to send.</exception>
    public void Send(ReadOnlySpan<byte> burst)
    {
        if (_segmentation || burst.Length <= _packetSize)
        {
            SocketError error = TrySend(burst);
            if (error == SocketError.Success)
            {
                return;
            }

            if (!_segmentation || burst.Length <= _packetSize)
            {
                throw new SocketException((int)error);
            }

            _segmentation = false;
            _ = TrySetSegmentSize(0);
        }

        while (!burst.IsEmpty)
        {
            ReadOnlySpan<byte> packet = burst[..Math.Min(_packetSize, burst.Length)];
            SocketError error = TrySend(packet);
            if (error != SocketError.Success)
            {
                throw new SocketException((int)error);
            }

            burst = burst[packet.Length..];
        }
    }

    public void Dispose() => _socket.Dispose();

    private SocketError TrySend(ReadOnlySpan<byte> datagrams)
    {
        _ = _socket.Send(datagrams, SocketFlags.None, out SocketError error);
        if (error == SocketError.ConnectionRefused)
        {
            // This reports an earlier packet; nothing of these has been sent yet.
            WasRefused = true;
            _ = _socket.Send(datagrams, SocketFlags.None, out error);
            error = error == SocketError.ConnectionRefused ? SocketError.Success : error;
        }

        return error;
    }

    private bool TrySetSegmentSize(int size)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        try
        {
            _socket.SetRawSocketOption(SolUdp, UdpSegment, BitConverter.GetBytes(size));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
