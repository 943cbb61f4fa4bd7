// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Spead2.Managed.Linux;

/// <summary>A UDP socket that is watched by epoll and read by recvmmsg, with generic receive offload.</summary>
internal sealed class LinuxUdpSource : UdpSource
{
    private readonly EpollLoop _loop;
    private readonly Socket _socket;
    private readonly int _fd;
    private readonly MessageBatch _batch;
    private long _key;

    // What the kernel's own counter, which wraps, said last.
    private uint _dropsSeen;
    private long _dropped;

    /// <summary>Takes a bound socket over; closes it if that fails.</summary>
    /// <exception cref="Spead2Exception">There is not enough memory.</exception>
    public LinuxUdpSource(EpollLoop loop, Socket socket, int maxSize)
    {
        _loop = loop;
        _socket = socket;
        _fd = (int)socket.Handle;
        try
        {
            // One byte more than a packet may have shows that a datagram was longer.
            _batch = JoinsDatagrams(socket)
                ? new(MessageBatch.JoinedSlots, MessageBatch.JoinedSize)
                : new(Slots, maxSize + 1);
        }
        catch (OutOfMemoryException)
        {
            socket.Dispose();
            throw StatusException.NoMemory("the packets of a UDP reader");
        }

        OpenDescriptors.Add(_fd);

        // What was dropped before does not concern the stream.
        CountDrops();
        _dropped = 0;
    }

    // As long as there is more, the loop will call again.
    public override ReaderTurn AfterBatch => ReaderTurn.Wait;

    public override UdpMessage this[int index] => _batch.Message(index);

    public override void Watch(LoopTask task, bool paused)
    {
        _key = _loop.AddSocket(_fd, task, paused);
        if (_key < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            throw StatusException.Os(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"cannot wait for a UDP socket: {Marshal.GetPInvokeErrorMessage(error)}"),
                error);
        }
    }

    public override int Receive(out string? error) => _batch.Receive(_fd, out error);

    public override bool TryPause() => _loop.PauseSocket(_fd, _key);

    public override string? Resume() =>
        _loop.ResumeSocket(_fd, _key) ? null : Marshal.GetLastPInvokeErrorMessage();

    public override void Close()
    {
        _loop.RemoveSocket(_fd, _key);
        OpenDescriptors.Remove(_fd);
        _socket.Dispose();
    }

    public override void Dispose() => _batch.Dispose();

    public override long CountDrops()
    {
        Span<byte> info = stackalloc byte[Libc.SK_MEMINFO_VARS * sizeof(uint)];
        int length;
        try
        {
            length = _socket.GetRawSocketOption(Libc.SOL_SOCKET, Libc.SO_MEMINFO, info);
        }
        catch (SocketException)
        {
            return _dropped;
        }

        if (length > Libc.SK_MEMINFO_DROPS * sizeof(uint))
        {
            uint drops = MemoryMarshal.Cast<byte, uint>(info)[Libc.SK_MEMINFO_DROPS];
            _dropped += drops - _dropsSeen;
            _dropsSeen = drops;
        }

        return _dropped;
    }

    /// <summary>Lets the kernel join datagrams; false if it cannot.</summary>
    private static bool JoinsDatagrams(Socket socket)
    {
        try
        {
            socket.SetRawSocketOption(Libc.IPPROTO_UDP, Libc.UDP_GRO, BitConverter.GetBytes(1));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
