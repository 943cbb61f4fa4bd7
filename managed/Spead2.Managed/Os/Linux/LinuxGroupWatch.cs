// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Spead2.Managed.Linux;

/// <summary>
/// A group that a socket has joined, and a watch over its interface, of which the kernel tells by netlink. A membership
/// ends with its interface: when that is deleted, what is left of it must be dropped, by every socket, before anybody
/// joins the group on an interface that is made again, perhaps with the same index. So all groups of the process are in
/// one list.
/// </summary>
internal sealed unsafe class LinuxGroupWatch
{
    // Messages taken at a time: more are taken next time round.
    private const int MostNews = 64;
    private const int NewsSize = 8192;

    // struct nlmsghdr begins with its length and type; struct ifinfomsg, behind it, with a family, and has the index.
    private const int HeaderSize = 16;
    private const int TypeOffset = 4;
    private const int IndexOffset = 4;
    private const int MessageAlignment = 4;

    // Any port does to ask for a route; nothing is sent.
    private const int DiscardPort = 9;

    private static readonly Lock ListLock = new();
    private static readonly List<LinuxGroupWatch> All = [];
    private static ulong _latestUnknownNetwork = ulong.MaxValue;

    private readonly EpollLoop _loop;
    private readonly LoopTask _task;
    private readonly long? _bufferSize;
    private readonly bool _isChosenBySystem;
    private readonly string _name;
    private readonly int _news;
    private ulong _network;
    private long _key;
    private bool _toldAway;

    // Under the list's lock:
    private int _socket;
    private UdpTarget _target;
    private int _index;
    private bool _isAway;

    private LinuxGroupWatch(
        int socket, UdpTarget target, string name, int index, int news, long? bufferSize, EpollLoop loop, LoopTask task)
    {
        _socket = socket;
        _target = target;
        _name = name;
        _index = index;
        _news = news;
        _bufferSize = bufferSize;
        _loop = loop;
        _task = task;
        _isChosenBySystem = target.InterfaceIndex == 0;
    }

    /// <summary>The interface.</summary>
    public string InterfaceName => _name;

    /// <summary>Watches the interface of a group that a socket has joined, from then on.</summary>
    /// <param name="socket">The socket, which is bound.</param>
    /// <param name="target">The group.</param>
    /// <param name="bufferSize">As in the options, of a new socket.</param>
    /// <param name="loop">Runs the task.</param>
    /// <param name="task">Is run when it is time to look.</param>
    /// <param name="watch">The watch; null if it fails, or nobody can tell which interface it is.</param>
    /// <returns>0, or the number of an error.</returns>
    public static int Begin(
        Socket socket, UdpTarget target, long? bufferSize, EpollLoop loop, LoopTask task, out LinuxGroupWatch? watch)
    {
        watch = null;
        int fd = (int)socket.Handle;
        string? name = target.InterfaceIndex == 0 ? FindChosenName(target) : target.InterfaceName;
        int index = target.InterfaceIndex;
        if (name is null || (index == 0 && LinuxInterfaces.FindIndex(fd, name, out index) != 0))
        {
            return 0;
        }

        int error = OpenNews(out int news);
        if (error != 0)
        {
            return error;
        }

        // The system may have chosen the port.
        IPEndPoint bound = new(target.EndPoint.Address, ((IPEndPoint)socket.LocalEndPoint!).Port);
        LinuxGroupWatch begun = new(
            fd, target with { EndPoint = bound }, name, index, news, bufferSize, loop, task);
        begun._network = begun.NetworkOf(fd);

        // It may have been deleted before there was anybody to be told.
        begun._isAway = LinuxInterfaces.FindIndex(fd, name, out int now) != 0 || now != index;
        OpenDescriptors.Add(news);
        lock (ListLock)
        {
            All.Add(begun);
        }

        // The task may run before the loop's call returns.
        watch = begun;
        error = loop.Watch(news, Interest.Readable, task, out begun._key);
        if (error != 0)
        {
            watch = null;
            begun.Close();
            return error;
        }

        if (begun._isAway)
        {
            loop.Post(task);
        }

        return 0;
    }

    /// <summary>
    /// Looks what has become of the interface, and joins the group again if it is back. On the loop.
    /// </summary>
    public DatagramSocket.GroupNews Look(EngineLog log)
    {
        lock (ListLock)
        {
            if (ReadNews() && !_isAway)
            {
                LeaveEverywhere();
            }

            DatagramSocket.GroupNews news = new(IsGone: _isAway && !_toldAway);
            if (_isAway)
            {
                news = ComeBack(news, log);
            }

            _toldAway = _isAway;
            return news;
        }
    }

    /// <summary>Ends the watch, before the socket is closed.</summary>
    public void Close()
    {
        _loop.Unwatch(_news, _key);
        lock (ListLock)
        {
            All.Remove(this);
        }

        OpenDescriptors.Remove(_news);
        _ = Libc.close(_news);
    }

    private static int OpenNews(out int news)
    {
        // struct sockaddr_nl: the family, 2 bytes of padding, a port that the kernel gives, the groups of messages.
        Span<byte> address = stackalloc byte[12];
        address.Clear();
        BitConverter.TryWriteBytes(address, (ushort)Libc.AF_NETLINK);
        BitConverter.TryWriteBytes(address[8..], Libc.RTMGRP_LINK);
        news = Libc.socket(Libc.AF_NETLINK, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, Libc.NETLINK_ROUTE);
        if (news < 0)
        {
            return Marshal.GetLastPInvokeError();
        }

        fixed (byte* first = address)
        {
            if (Libc.bind(news, first, (uint)address.Length) == 0)
            {
                return 0;
            }
        }

        int error = Marshal.GetLastPInvokeError();
        _ = Libc.close(news);
        return error;
    }

    /// <summary>
    /// The interface that this host would send to the group through: the kernel has joined it there by its own choice.
    /// </summary>
    private static string? FindChosenName(UdpTarget target)
    {
        try
        {
            using Socket probe = new(target.EndPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            probe.Connect(target.EndPoint.Address, DiscardPort);
            return LinuxInterfaces.FindName(((IPEndPoint)probe.LocalEndPoint!).Address);
        }
        catch (SocketException)
        {
            return null;
        }
    }

    /// <summary>A number of its own for each network namespace; an unlikely one where the kernel has none.</summary>
    private ulong NetworkOf(int fd)
    {
        ulong cookie;
        uint length = sizeof(ulong);
        if (Libc.getsockopt(fd, Libc.SOL_SOCKET, Libc.SO_NETNS_COOKIE, &cookie, &length) == 0)
        {
            return cookie;
        }

        return _network != 0 ? _network : Interlocked.Decrement(ref _latestUnknownNetwork);
    }

    /// <summary>
    /// Whether the kernel says that the interface was deleted, or that there was more than it could tell.
    /// </summary>
    private bool ReadNews()
    {
        byte* bytes = stackalloc byte[NewsSize];
        bool isGone = false;
        for (int i = 0; i < MostNews; i++)
        {
            int length = (int)Libc.recv(_news, bytes, NewsSize, Libc.MSG_DONTWAIT);
            if (length >= 0)
            {
                isGone |= Tells(new(bytes, length));
            }
            else if (Marshal.GetLastPInvokeError() == Libc.ENOBUFS)
            {
                isGone = true;
            }
            else if (Marshal.GetLastPInvokeError() != Libc.EINTR)
            {
                return isGone;
            }
        }

        // The kernel does not call for what it has called for already.
        _loop.Post(_task);
        return isGone;
    }

    /// <summary>Whether messages say that the interface was deleted.</summary>
    private bool Tells(ReadOnlySpan<byte> messages)
    {
        while (messages.Length >= HeaderSize)
        {
            int length = (int)MemoryMarshal.Read<uint>(messages);
            if (length < HeaderSize || length > messages.Length)
            {
                return false;
            }

            // A bridge that an interface leaves says the same in its own family.
            ReadOnlySpan<byte> link = messages[HeaderSize..length];
            if (MemoryMarshal.Read<ushort>(messages[TypeOffset..]) == Libc.RTM_DELLINK &&
                link.Length >= IndexOffset + sizeof(int) &&
                link[0] == Libc.AF_UNSPEC &&
                MemoryMarshal.Read<int>(link[IndexOffset..]) == _index)
            {
                return true;
            }

            messages = messages[Math.Min(messages.Length, (length + MessageAlignment - 1) & -MessageAlignment)..];
        }

        return false;
    }

    /// <summary>
    /// The group's interface was deleted: every socket of the process drops its membership there. Under the list's lock.
    /// </summary>
    private void LeaveEverywhere()
    {
        int index = _index;
        foreach (LinuxGroupWatch watch in All)
        {
            if (watch._network == _network && watch._index == index && !watch._isAway)
            {
                LinuxGroup.Leave(watch._socket, watch._target, index);
                watch._isAway = true;
                if (watch != this)
                {
                    watch._loop.Post(watch._task);
                }
            }
        }
    }

    /// <summary>If the interface is back. Under the list's lock.</summary>
    private DatagramSocket.GroupNews ComeBack(DatagramSocket.GroupNews news, EngineLog log)
    {
        if (LinuxInterfaces.FindIndex(_socket, _name, out int index) != 0 || !LinuxInterfaces.IsUp(_socket, _name))
        {
            return news;
        }

        Socket? opened = null;
        int error;
        if (_target.IsV6 && !_isChosenBySystem)
        {
            // A socket that was bound to the old interface gets nothing from the new one.
            _target = _target.On(index, _name);
            error = Open(log, out opened);
        }
        else
        {
            error = JoinAgain(index);
        }

        if (error == 0)
        {
            _index = index;
            _isAway = false;
            _socket = opened is null ? _socket : (int)opened.Handle;
        }

        return news with { IsBack = error == 0, Error = error, Replacement = opened };
    }

    /// <summary>Joins on the same socket.</summary>
    private int JoinAgain(int index)
    {
        UdpTarget target = _target.On(index, _name);
        int error = LinuxGroup.JoinAgain(_socket, target);
        if (error == Libc.EADDRINUSE)
        {
            LinuxGroup.Leave(_socket, target, index);
            error = LinuxGroup.JoinAgain(_socket, target);
        }

        return error;
    }

    private int Open(EngineLog log, out Socket? opened)
    {
        int error;
        opened = null;
        Socket? socket = null;
        try
        {
            socket = new(_target.EndPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { DualMode = true };
            SocketBuffer.Set(socket, _bufferSize, log);
            error = LinuxGroup.Join(socket, _target);
            if (error == 0)
            {
                socket.Bind(_target.EndPoint);

                // The loop's thread may be in another network namespace than the caller was.
                error = NetworkOf((int)socket.Handle) == _network ? 0 : Libc.EXDEV;
            }
        }
        catch (SocketException exception)
        {
            error = exception.NativeErrorCode;
        }

        if (error == 0)
        {
            opened = socket;
        }
        else
        {
            socket?.Dispose();
        }

        return error;
    }
}
