// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Spead2.Receive;

namespace Spead2.Soak.Receiving;

/// <summary>
/// A UDP socket that streams are given one after the other. What one stream leaves there the next one takes, and in the
/// end it can be seen what nobody took and what the kernel dropped, without asking the streams.
/// </summary>
internal sealed class ReceiverSocket : IDisposable
{
    // From <asm-generic/socket.h> and <linux/sock_diag.h>.
    private const int SolSocket = 1;
    private const int SoMemInfo = 55;
    private const int DropsIndex = 8;

    private uint _dropsSeen;
    private long _drops;

    /// <summary>Makes a socket on a port of this host that the system chooses.</summary>
    /// <param name="bufferSize">Bytes of its buffer.</param>
    public ReceiverSocket(int bufferSize)
    {
        Socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = bufferSize };
        Socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
    }

    /// <summary>The socket, for readers of streams.</summary>
    public Socket Socket { get; }

    /// <summary>Its port.</summary>
    public int Port => ((IPEndPoint)Socket.LocalEndPoint!).Port;

    /// <summary>Whether no datagram waits.</summary>
    public bool IsEmpty => !Socket.Poll(0, SelectMode.SelectRead);

    /// <summary>Datagrams that the kernel has dropped since the socket was made, as it says itself.</summary>
    public long CountDrops()
    {
        Span<byte> info = stackalloc byte[(DropsIndex + 1) * sizeof(uint)];
        Socket.GetRawSocketOption(SolSocket, SoMemInfo, info);
        uint drops = MemoryMarshal.Cast<byte, uint>(info)[DropsIndex];
        _drops += drops - _dropsSeen;
        _dropsSeen = drops;
        return _drops;
    }

    /// <summary>Takes all datagrams that wait, and gives how many there were.</summary>
    public long Drain()
    {
        byte[] buffer = new byte[UdpSourceOptions.LargestDatagram];
        long count = 0;
        while (!IsEmpty)
        {
            Socket.Receive(buffer);
            count++;
        }

        return count;
    }

    public void Dispose() => Socket.Dispose();
}
