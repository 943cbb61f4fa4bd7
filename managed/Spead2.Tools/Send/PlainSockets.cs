// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using Spead2.Send;

namespace Spead2.Tools.Send;

/// <summary>
/// Sockets that send single packets, for those that <see cref="PacketFaults"/> has left: at a time of its own choice, so
/// that no packet writer can send them.
/// </summary>
internal sealed class PlainSockets : IDisposable
{
    private readonly List<Socket> _sockets = [];
    private readonly List<(Socket Socket, IPEndPoint Address)> _destinations = [];

    /// <summary>Opens a socket for the destinations of each writer, in order.</summary>
    /// <exception cref="SocketException">The system refuses it.</exception>
    public PlainSockets(IEnumerable<UdpWriterOptions> writers)
    {
        try
        {
            foreach (UdpWriterOptions writer in writers)
            {
                IPEndPoint[] addresses =
                    [.. writer.Destinations.Select(to => new IPEndPoint(IPAddress.Parse(to.Host), to.Port))];
                Socket socket = Open(writer, addresses[0].AddressFamily);
                _destinations.AddRange(addresses.Select(address => (socket, address)));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Sends a packet; waits while the socket has no room.</summary>
    /// <exception cref="SocketException">The system refuses it.</exception>
    public void Send(int destination, ReadOnlySpan<byte> packet)
    {
        (Socket socket, IPEndPoint address) = _destinations[destination];
        socket.SendTo(packet, SocketFlags.None, address);
    }

    public void Dispose() => _sockets.ForEach(socket => socket.Dispose());

    private Socket Open(UdpWriterOptions writer, AddressFamily family)
    {
        bool v6 = family == AddressFamily.InterNetworkV6;
        SocketOptionLevel level = v6 ? SocketOptionLevel.IPv6 : SocketOptionLevel.IP;
        Socket socket = new(family, SocketType.Dgram, ProtocolType.Udp);
        _sockets.Add(socket);
        if (writer.BindHost is not null)
        {
            socket.Bind(new IPEndPoint(IPAddress.Parse(writer.BindHost), 0));
        }

        if (writer.TimeToLive != 0)
        {
            socket.SetSocketOption(level, SocketOptionName.MulticastTimeToLive, writer.TimeToLive);
        }

        if (writer.InterfaceIndex != 0)
        {
            socket.SetSocketOption(
                level,
                SocketOptionName.MulticastInterface,
                v6 ? writer.InterfaceIndex : IPAddress.HostToNetworkOrder(writer.InterfaceIndex));
        }

        return socket;
    }
}
