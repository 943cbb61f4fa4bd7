// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Spead2.Managed;
using Spead2.Managed.Linux;
using Spead2.Tools.CaptureFiles;

namespace Spead2.Tools.Record;

/// <summary>A bound socket that says of each datagram when it arrived, from where, and to which address.</summary>
internal sealed class RecordSocket : IDisposable
{
    private const long NsPerSecond = 1_000_000_000;

    private readonly Socket _socket;
    private readonly MessageBatch _batch;
    private readonly SenderAddress _local;
    private readonly uint _dropsBefore;
    private uint _drops;

    /// <summary>Takes a bound socket over.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="batch">Room for messages; sockets may share it, as only the latest call's are looked at.</param>
    /// <param name="coalesce">
    /// Whether the kernel may hand over datagrams together, which costs less; their time is then that of all of them.
    /// </param>
    public RecordSocket(Socket socket, MessageBatch batch, bool coalesce)
    {
        _socket = socket;
        _batch = batch;
        var local = (IPEndPoint)socket.LocalEndPoint!;
        Port = local.Port;
        _local = SenderAddress.Of(local.Address.GetAddressBytes(), Port);
        Ask(Libc.SOL_SOCKET, Libc.SO_TIMESTAMPNS);
        if (socket.AddressFamily == AddressFamily.InterNetworkV6)
        {
            Ask(Libc.IPPROTO_IPV6, Libc.IPV6_RECVPKTINFO);
        }
        else
        {
            Ask(Libc.IPPROTO_IP, Libc.IP_PKTINFO);
        }

        if (coalesce)
        {
            Ask(Libc.IPPROTO_UDP, Libc.UDP_GRO);
        }

        _dropsBefore = SocketDrops.Read(socket) ?? 0;
        _drops = _dropsBefore;
    }

    /// <summary>The port.</summary>
    public int Port { get; }

    /// <summary>File descriptor.</summary>
    public int Descriptor => (int)_socket.Handle;

    /// <summary>Messages that found no room in the socket's buffer, modulo 2^32.</summary>
    public long CountDrops()
    {
        _drops = SocketDrops.Read(_socket) ?? _drops;
        return _drops - _dropsBefore;
    }

    /// <summary>Takes what has arrived, without waiting; gives how many messages, and says what went wrong.</summary>
    public int Receive(out string? error) => _batch.Receive(Descriptor, out error);

    /// <summary>A message of the last call: datagrams of one length but for a shorter last, in a row.</summary>
    public unsafe ReadOnlySpan<byte> Message(int index, out int segment, out Datagram datagram)
    {
        DatagramSocket.UdpMessage message = _batch[index];
        segment = message.Segment;
        datagram = new(
            IpPacket.Unmapped(_batch.SenderOf(index)),
            IpPacket.Unmapped(DestinationOf(index)),
            TimeOf(index));
        return new(message.Data, message.Length);
    }

    public void Dispose() => _socket.Dispose();

    private void Ask(int level, int option) => _socket.SetRawSocketOption(level, option, BitConverter.GetBytes(1));

    private SenderAddress DestinationOf(int index) =>
        _batch.TryFindControl(index, Libc.IPPROTO_IPV6, Libc.IPV6_PKTINFO, out PacketInfoV6 v6)
            ? new(Host(v6.High), Host(v6.Low), _local.Port, SenderAddress.MostBytes)
        : _batch.TryFindControl(index, Libc.IPPROTO_IP, Libc.IP_PKTINFO, out PacketInfo v4)
            ? new(Host(v4.Address), 0, _local.Port, sizeof(uint))
        : _local;

    // The first time stamps come some microseconds after they were asked for.
    private long TimeOf(int index) =>
        _batch.TryFindControl(index, Libc.SOL_SOCKET, Libc.SO_TIMESTAMPNS, out TimeStamp time)
            ? (time.Seconds * NsPerSecond) + time.Nanoseconds
            : (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;

    // struct timespec of 64-bit systems.
    private readonly record struct TimeStamp(long Seconds, long Nanoseconds);

    // struct in_pktinfo; the last is the address in the packet.
    private readonly record struct PacketInfo(int Interface, uint Local, uint Address);

    // The start of struct in6_pktinfo.
    private readonly record struct PacketInfoV6(ulong High, ulong Low);

    private static uint Host(uint network) => BinaryPrimitives.ReverseEndianness(network);

    private static ulong Host(ulong network) => BinaryPrimitives.ReverseEndianness(network);
}
