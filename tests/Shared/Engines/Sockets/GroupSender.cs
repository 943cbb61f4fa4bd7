// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;

namespace Spead2.Testing.Engines;

/// <summary>Sends heaps to a group through a link, as one of its two hosts.</summary>
internal sealed class GroupSender : IDisposable
{
    private readonly Socket _socket;
    private readonly IPEndPoint _to;

    public GroupSender(IPAddress group, int port, int link, int host = 1)
    {
        bool isV6 = group.AddressFamily == AddressFamily.InterNetworkV6;
        int index = NetworkNamespace.IndexOf($"near{link}");
        _to = new(isV6 ? new IPAddress(group.GetAddressBytes(), index) : group, port);
        _socket = new(group.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        _socket.SetSocketOption(
            isV6 ? SocketOptionLevel.IPv6 : SocketOptionLevel.IP,
            SocketOptionName.MulticastInterface,
            isV6 ? index : IPAddress.HostToNetworkOrder(index));
        _socket.Bind(new IPEndPoint(
            isV6
                ? new IPAddress(IPAddress.Parse(NetworkNamespace.AddressV6(link, host)).GetAddressBytes(), index)
                : IPAddress.Parse(NetworkNamespace.Address(link, host)),
            0));
    }

    public void Send(ulong cnt)
    {
        foreach (ReadOnlyMemory<byte> packet in Packets.OfHeap(cnt))
        {
            _socket.SendTo(packet.Span, _to);
        }
    }

    public void Dispose() => _socket.Dispose();
}
