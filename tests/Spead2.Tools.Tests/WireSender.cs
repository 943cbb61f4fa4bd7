// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Spead2.Tools.Tests;

/// <summary>
/// Another host at the far end of a link of a <see cref="Testing.Engines.NetworkNamespace"/>: its datagrams come in by the near
/// end, from any address, and with any checksum.
/// </summary>
internal sealed class WireSender : IDisposable
{
    // From <asm-generic/socket.h>, and IPPROTO_RAW: the header of IP is written here.
    private const int SolSocket = 1;
    private const int BindToDevice = 25;
    private const ProtocolType Header = ProtocolType.Raw;

    private const int HeaderSize = 20;
    private const int UdpHeaderSize = 8;
    private const ushort SenderPort = 4000;

    // Zero stands for none.
    private const ushort NoChecksum = 0;
    private const ushort WrongChecksum = 0x1234;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Raw, Header);

    public WireSender(string device) =>
        _socket.SetRawSocketOption(SolSocket, BindToDevice, Encoding.ASCII.GetBytes($"{device}\0"));

    /// <summary>Sends a datagram.</summary>
    /// <param name="from">Address of the sender, whose port is 4000.</param>
    /// <param name="to">Where to, as in <c>239.255.77.1:7148</c>.</param>
    /// <param name="content">Its content.</param>
    /// <param name="isWrong">Whether its checksum is wrong.</param>
    public void Send(string from, string to, byte[] content, bool isWrong = false)
    {
        IPEndPoint end = IPEndPoint.Parse(to);
        byte[] packet = new byte[HeaderSize + UdpHeaderSize + content.Length];
        packet[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
        packet[8] = 8;
        packet[9] = (byte)ProtocolType.Udp;
        IPAddress.Parse(from).TryWriteBytes(packet.AsSpan(12), out _);
        end.Address.TryWriteBytes(packet.AsSpan(16), out _);
        Span<byte> udp = packet.AsSpan(HeaderSize);
        BinaryPrimitives.WriteUInt16BigEndian(udp, SenderPort);
        BinaryPrimitives.WriteUInt16BigEndian(udp[2..], (ushort)end.Port);
        BinaryPrimitives.WriteUInt16BigEndian(udp[4..], (ushort)udp.Length);
        BinaryPrimitives.WriteUInt16BigEndian(udp[6..], isWrong ? WrongChecksum : NoChecksum);
        content.CopyTo(udp[UdpHeaderSize..]);
        _socket.SendTo(packet, end);
    }

    public void Dispose() => _socket.Dispose();
}
