// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;

namespace Spead2.Testing.Engines;

/// <summary>A bound socket that its owner hands to a stream, and those who send to it.</summary>
internal sealed class CallersSocket : IDisposable
{
    // Linux' <asm-generic/socket.h>, <linux/in.h> and <linux/udp.h>.
    private const int SolSocket = 1;
    private const int SoTimestamp = 29;
    private const int SoTimestampNs = 35;
    private const int SolIp = 0;
    private const int IpReceiveErrors = 11;
    private const int SolUdp = 17;
    private const int UdpSegment = 103;

    // Of one heap: several packets, so that the kernel coalesces them.
    private const int HeapSize = 4000;
    private const int PacketSize = 1000;

    private readonly CallersSocketKind _kind;
    private readonly UdpClient _client;
    private readonly IPAddress _address;

    // Where nobody listens unless something is being sent from there.
    private readonly IPEndPoint _peer = UnusedEndPoint();

    public CallersSocket(CallersSocketKind kind)
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Ignore("What is done to these sockets is Linux' own.");
        }

        _kind = kind;
        _address = kind == CallersSocketKind.PacketInfoV6 ? IPAddress.IPv6Loopback : IPAddress.Loopback;
        _client = new(new IPEndPoint(_address, 0));
        Port = ((IPEndPoint)Socket.LocalEndPoint!).Port;
        switch (kind)
        {
            case CallersSocketKind.Timestamp:
                Set(Socket, SolSocket, SoTimestamp, 1);
                break;
            case CallersSocketKind.TimestampNs:
                Set(Socket, SolSocket, SoTimestampNs, 1);
                break;
            case CallersSocketKind.PacketInfo:
                Socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.PacketInformation, true);
                break;
            case CallersSocketKind.PacketInfoV6:
                Socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.PacketInformation, true);
                break;
            case CallersSocketKind.QueuedError:
                Set(Socket, SolIp, IpReceiveErrors, 1);
                break;
            case CallersSocketKind.Refused:
                Socket.Connect(_peer);
                break;
        }
    }

    public Socket Socket => _client.Client;

    public int Port { get; }

    /// <summary>Whether the kernel tells of errors of this socket.</summary>
    public bool HasErrors => _kind is CallersSocketKind.QueuedError or CallersSocketKind.Refused;

    /// <summary>Whether the socket has been shut down, once it is <see cref="Disturb"/>ed.</summary>
    public bool IsShutDown => _kind is
        CallersSocketKind.ShutForReceiving or CallersSocketKind.ShutDown or CallersSocketKind.UdpClientDisposed;

    /// <summary>Whether the owner still has the socket, also when it is <see cref="Disturb"/>ed.</summary>
    public bool IsKept => _kind is not (CallersSocketKind.Closed or CallersSocketKind.UdpClientDisposed);

    /// <summary>What the kind says happens to the socket. Errors come again each time.</summary>
    public void Disturb()
    {
        switch (_kind)
        {
            case CallersSocketKind.QueuedError:
            case CallersSocketKind.Refused:
                SendInVain();
                break;
            case CallersSocketKind.ShutForReceiving:
                ShutDown(SocketShutdown.Receive);
                break;
            case CallersSocketKind.ShutDown:
                ShutDown(SocketShutdown.Both);
                break;
            case CallersSocketKind.Closed:
                Socket.Dispose();
                break;
            case CallersSocketKind.UdpClientDisposed:
                _client.Dispose();
                break;
        }
    }

    /// <summary>Sends heaps, the packets of each at once, so that they arrive as one message.</summary>
    public void Send(IEnumerable<ulong> cnts)
    {
        using Socket sender = new(_address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        if (_kind == CallersSocketKind.Refused)
        {
            sender.Bind(_peer);
        }

        Set(sender, SolUdp, UdpSegment, PacketSize);
        sender.Connect(_address, Port);
        foreach (ulong cnt in cnts)
        {
            sender.Send(Packets.Concatenate(Packets.OfHeap(cnt, HeapSize, PacketSize)));
        }
    }

    /// <summary>The payload of a heap that was sent.</summary>
    public static byte[] Content(ulong cnt) => Packets.Content(cnt, HeapSize);

    public void Dispose() => _client.Dispose();

    private static IPEndPoint UnusedEndPoint()
    {
        // No other test is bound to this address, so the port stays free.
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.99"), 0));
        return (IPEndPoint)socket.LocalEndPoint!;
    }

    private static void Set(Socket socket, int level, int option, int value) =>
        socket.SetRawSocketOption(level, option, BitConverter.GetBytes(value));

    private void SendInVain()
    {
        try
        {
            Socket.SendTo([0], _peer);
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionRefused)
        {
            // That was the last one's error, which has been taken from the socket.
            Socket.SendTo([0], _peer);
        }
    }

    private void ShutDown(SocketShutdown how)
    {
        try
        {
            Socket.Shutdown(how);
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.NotConnected)
        {
            // Linux has done it all the same.
        }
    }
}
