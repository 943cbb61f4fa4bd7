// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;

namespace Spead2.Managed;

/// <summary>Packets as UDP datagrams, by sockets of .NET, on every operating system.</summary>
internal sealed class PortableDatagramSender : PacketWriter
{
    // No system tells by itself that there is room; this is how long a full socket is left alone.
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(1);

    private readonly SendCore _stream;
    private readonly Socket _socket;
    private readonly SocketAddress[] _destinations;
    private readonly byte[] _room;

    /// <summary>Takes a socket over.</summary>
    public PortableDatagramSender(SendCore stream, Socket socket, IReadOnlyList<IPEndPoint> destinations)
    {
        _stream = stream;
        _socket = socket;
        _socket.Blocking = false;
        _destinations = [.. destinations.Select(destination => destination.Serialize())];
        _room = new byte[stream.Settings.MaxPacketSize];
    }

    public override int Destinations => _destinations.Length;

    public override int MaxPacketSize => UdpWriter.LargestPacket;

    public override int Write(Span<PacketOut> packets)
    {
        for (int i = 0; i < packets.Length; i++)
        {
            try
            {
                _socket.SendTo(packets[i].Bytes(_room), SocketFlags.None, _destinations[packets[i].Destination]);
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.WouldBlock)
            {
                return i;
            }
            catch (SocketException exception)
            {
                packets[i].Error = exception.NativeErrorCode;
            }
        }

        return packets.Length;
    }

    public override int Arm(LoopTask task)
    {
        _stream.Loop.PostAfter(task, Retry);
        return 0;
    }

    public override void Dispose() => _socket.Dispose();
}
