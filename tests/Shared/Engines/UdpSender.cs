// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;

namespace Spead2.Testing.Engines;

/// <summary>Sends packets to a port of this host.</summary>
internal sealed class UdpSender : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

    public UdpSender(int port)
    {
        _socket.Connect(IPAddress.Loopback, port);
    }

    public void Send(IEnumerable<ReadOnlyMemory<byte>> packets)
    {
        foreach (ReadOnlyMemory<byte> packet in packets)
        {
            _socket.Send(packet.Span);
        }
    }

    public void Dispose() => _socket.Dispose();
}
