// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Runtime.InteropServices;

namespace Spead2.Managed.Linux;

/// <summary>An event loop that also watches sockets.</summary>
internal sealed unsafe class EpollLoop : EventLoop
{
    // Readiness events taken at a time: more are taken next time round, so that tasks get their turn.
    private const int EventsPerRound = 64;

    // What stands for the descriptor that wakes the loop.
    private const long WakeKey = 0;

    private readonly Lock _watchedLock = new();
    private readonly Dictionary<long, LoopTask> _watched = [];
    private readonly int _epoll;

    // Readable: somebody posted while the loop slept.
    private readonly int _wake;

    private long _lastKey = WakeKey;

    /// <inheritdoc/>
    /// <exception cref="Spead2Exception">The descriptors could not be opened.</exception>
    public EpollLoop(string name, Action started, Action ended)
        : base(name, started, ended)
    {
        _epoll = Check(Libc.epoll_create1(Libc.EPOLL_CLOEXEC));
        try
        {
            _wake = Check(Libc.eventfd(0, Libc.EFD_CLOEXEC | Libc.EFD_NONBLOCK));
            try
            {
                Check(Control(Libc.EPOLL_CTL_ADD, _wake, Libc.EPOLLIN, WakeKey));
            }
            catch
            {
                _ = Libc.close(_wake);
                throw;
            }
        }
        catch
        {
            _ = Libc.close(_epoll);
            throw;
        }

        OpenDescriptors.Add(_epoll);
        OpenDescriptors.Add(_wake);
        Start();
    }

    /// <summary>Runs a task whenever a socket is readable and not paused.</summary>
    /// <returns>What to name the socket by, or -1 and the last error.</returns>
    public long AddSocket(int socket, LoopTask task, bool paused)
    {
        long key;
        lock (_watchedLock)
        {
            key = ++_lastKey;
            _watched.Add(key, task);
        }

        if (Control(Libc.EPOLL_CTL_ADD, socket, paused ? 0 : Libc.EPOLLIN, key) == 0)
        {
            return key;
        }

        Forget(key);
        return -1;
    }

    /// <summary>Leaves a socket alone; false, and the last error, if that fails.</summary>
    public bool PauseSocket(int socket, long key) => Control(Libc.EPOLL_CTL_MOD, socket, 0, key) == 0;

    /// <summary>Watches a socket again; false, and the last error, if that fails.</summary>
    public bool ResumeSocket(int socket, long key) => Control(Libc.EPOLL_CTL_MOD, socket, Libc.EPOLLIN, key) == 0;

    /// <summary>Ends watching a socket. Its task may still run once.</summary>
    public void RemoveSocket(int socket, long key)
    {
        _ = Control(Libc.EPOLL_CTL_DEL, socket, 0, key);
        Forget(key);
    }

    protected override void RunReady(int milliseconds)
    {
        byte* events = stackalloc byte[EventsPerRound * EpollEvents.Size];
        int count = Libc.epoll_wait(_epoll, events, EventsPerRound, milliseconds);
        for (int i = 0; i < count; i++)
        {
            long key = EpollEvents.ReadData(events, i);
            if (key == WakeKey)
            {
                ulong value;
                _ = Libc.read(_wake, &value, sizeof(ulong));
            }
            else
            {
                Find(key)?.Run();
            }
        }
    }

    protected override void WakeUp()
    {
        ulong one = 1;
        _ = Libc.write(_wake, &one, sizeof(ulong));
    }

    protected override void Close()
    {
        OpenDescriptors.Remove(_wake);
        OpenDescriptors.Remove(_epoll);
        _ = Libc.close(_wake);
        _ = Libc.close(_epoll);
    }

    private static int Check(int result)
    {
        if (result < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            throw StatusException.Os(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"cannot open the descriptors of an event loop: {Marshal.GetPInvokeErrorMessage(error)}"),
                error);
        }

        return result;
    }

    private int Control(int operation, int fd, uint events, long key)
    {
        byte* @event = stackalloc byte[EpollEvents.Size];
        EpollEvents.Write(@event, events, key);
        return Libc.epoll_ctl(_epoll, operation, fd, @event);
    }

    private LoopTask? Find(long key)
    {
        lock (_watchedLock)
        {
            return _watched.GetValueOrDefault(key);
        }
    }

    private void Forget(long key)
    {
        lock (_watchedLock)
        {
            _watched.Remove(key);
        }
    }
}
