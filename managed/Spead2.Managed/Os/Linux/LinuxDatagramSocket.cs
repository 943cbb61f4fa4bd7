// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Spead2.Managed.Linux;

/// <summary>A UDP socket that is watched by epoll and read by recvmmsg, with generic receive offload.</summary>
internal sealed class LinuxDatagramSocket : DatagramSocket
{
    private readonly EpollLoop _loop;
    private readonly MessageBatch _batch;
    private LinuxGroupWatch? _watch;
    private int _fd;

    // Keeps the socket from being finalized, and so closed, before the source of a forgotten stream is.
    private GCHandle _root;
    private long _key;
    private bool _armed;

    // What is to be received from when the socket is empty.
    private Socket? _next;

    // Under a lock of their own: the socket, and what the kernel's own counter, which wraps, said last.
    private readonly Lock _countLock = new();
    private Socket _socket;
    private uint _dropsSeen;
    private long _dropped;

    /// <summary>Takes a bound socket over; closes it if that fails.</summary>
    /// <exception cref="Spead2Exception">There is not enough memory.</exception>
    public LinuxDatagramSocket(EpollLoop loop, Socket socket, int maxSize)
    {
        _loop = loop;
        _socket = socket;
        _fd = (int)socket.Handle;
        LocalEndPoint = (IPEndPoint)socket.LocalEndPoint!;
        try
        {
            // One byte more than a packet may have shows that a datagram was longer.
            _batch = TryCoalesce(socket)
                ? new(MessageBatch.CoalescedSlots, MessageBatch.CoalescedSize)
                : new(Slots, maxSize + 1);
        }
        catch (OutOfMemoryException)
        {
            socket.Dispose();
            throw StatusException.NoMemory("the packets of a UDP source");
        }

        OpenDescriptors.Add(_fd);
        _root = GCHandle.Alloc(socket);

        // What was dropped before does not concern the stream.
        CountDrops();
        _dropped = 0;
    }

    /// <summary>The drops of a group that it shares by filters; null: it does not. Set once, before anything else.</summary>
    public FilteredDrops? Filtered
    {
        get;
        set
        {
            field = value;
            value?.Open(Member, _socket);
        }
    }

    /// <summary>Which of those that share the group it is. Set before <see cref="Filtered"/>.</summary>
    public int Member { get; init; }

    public override IPEndPoint LocalEndPoint { get; }

    // What comes after a batch that is not full makes epoll call.
    public override bool IsDrained => !_batch.IsFull && _next is null;

    public override IPEndPoint? LastSender => _batch.LastSender;

    public override bool AsksSenders
    {
        get => _batch.AsksSenders;
        set => _batch.AsksSenders = value;
    }

    public override SenderAddress SenderOf(int index) => _batch.SenderOf(index);

    public override UdpMessage this[int index] => _batch[index];

    public override Spead2Exception? Arm()
    {
        if (_armed)
        {
            return null;
        }

        int error = _loop.Watch(_fd, Interest.Readable, Owner!, out _key);
        _armed = error == 0;
        return _armed ? null : StatusException.Os(
            string.Create(
                CultureInfo.InvariantCulture, $"cannot wait for a UDP socket: {Marshal.GetPInvokeErrorMessage(error)}"),
            error);
    }

    // A socket that is only not asked for would still tell of errors.
    public override void Disarm()
    {
        if (_armed)
        {
            _armed = false;
            _loop.Unwatch(_fd, _key);
        }
    }

    public override Reception Receive()
    {
        Filtered?.BeginReceive(Member);
        int count = _batch.Receive(_fd, out string? error);
        Filtered?.EndReceive(Member, count);
        if (count != 0 || error is not null)
        {
            return new(count, error);
        }

        Reception reception = FindReason();
        if (_next is not null && !reception.IsMore)
        {
            TakeNext(_next);
            reception = reception with { IsMore = true };
        }

        return reception;
    }

    public override string? WatchedInterface => _watch?.InterfaceName;

    public override string? WatchGroup(UdpTarget target, long? bufferSize, LoopTask task)
    {
        int error = LinuxGroupWatch.Begin(_socket, target, bufferSize, _loop, task, out _watch);
        return error == 0 ? null : Marshal.GetPInvokeErrorMessage(error);
    }

    public override GroupNews LookAtGroup(EngineLog log)
    {
        GroupNews news = _watch!.Look(log);
        if (news.Replacement is { } socket)
        {
            _ = TryCoalesce(socket);
            CloseNext();
            OpenDescriptors.Add((int)socket.Handle);
            _next = socket;
        }

        return news;
    }

    public override void Close()
    {
        Filtered?.Close();
        Disarm();
        _watch?.Close();
        CloseNext();
        OpenDescriptors.Remove(_fd);
        _socket.Dispose();
        _root.Free();
    }

    public override void Dispose() => _batch.Dispose();

    public override long CountDrops()
    {
        if (Filtered is not null)
        {
            return Member == 0 ? Filtered.Count() : 0;
        }

        lock (_countLock)
        {
            return CountDropsNow();
        }
    }

    /// <summary>
    /// A socket that nothing is received from any more makes room for the one that has taken its place.
    /// </summary>
    private void TakeNext(Socket next)
    {
        bool wasArmed = _armed;
        Disarm();
        Filtered?.Open(Member, next);
        lock (_countLock)
        {
            CountDropsNow();
            OpenDescriptors.Remove(_fd);
            _socket.Dispose();
            _root.Free();
            _root = GCHandle.Alloc(next);
            _socket = next;
            _fd = (int)next.Handle;
            _dropsSeen = 0;
        }

        _next = null;
        if (wasArmed)
        {
            // If that fails it is tried again, and told, when there is nothing more.
            Arm();
        }
    }

    private void CloseNext()
    {
        if (_next is not null)
        {
            OpenDescriptors.Remove((int)_next.Handle);
            _next.Dispose();
            _next = null;
        }
    }

    /// <summary>Why a socket that was reported to have something has nothing.</summary>
    private unsafe Reception FindReason()
    {
        Libc.PollDescriptor look = new() { Descriptor = _fd, Events = Libc.POLLRDHUP };
        if (Libc.poll(&look, 1, 0) != 1)
        {
            return default;
        }

        // Entries of the queue (IP_RECVERR, time stamps of what was sent) take room from packets.
        int errors = (look.Returned & Libc.POLLERR) == 0 ? 0 : _batch.DropErrors(_fd);
        return new(
            0,
            QueuedErrors: errors,
            IsMore: errors != 0,
            IsShutDown: (look.Returned & Libc.POLLRDHUP) != 0);
    }

    /// <summary>As <see cref="CountDrops"/>, under the lock.</summary>
    private long CountDropsNow()
    {
        if (SocketDrops.Read(_socket) is { } drops)
        {
            _dropped += drops - _dropsSeen;
            _dropsSeen = drops;
        }

        return _dropped;
    }

    /// <summary>Lets the kernel coalesce datagrams; false if it cannot.</summary>
    private static bool TryCoalesce(Socket socket)
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
