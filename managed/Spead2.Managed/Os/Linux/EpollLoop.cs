// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace Spead2.Managed.Linux;

/// <summary>
/// An event loop that also watches descriptors. Edge-triggered: a task runs when something has come since it was last
/// told, so it takes all that there is, or posts itself. What a descriptor only goes on being (shut down, with an error
/// that nobody fetches) costs nothing.
/// </summary>
internal sealed unsafe class EpollLoop : EventLoop
{
    // Readiness events taken at a time: more are taken next time round, so that tasks get their turn.
    private const int EventsPerRound = 64;

    // Waits for epoll end on a millisecond; shorter ones than this, in milliseconds, are to end in time.
    private const int LongWait = 100;

    // What stands for the descriptor that wakes the loop.
    private const long WakeKey = 0;

    // Where the kernel does not say what is ready, everything is looked at this often, in milliseconds.
    private const int BlindInterval = 10;

    // struct epoll_event is packed on x86 and nowhere else.
    private static readonly int EventDataOffset =
        RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.X86 ? sizeof(uint) : sizeof(ulong);

    private readonly EngineLog _log;
    private readonly Lock _watchedLock = new();
    private readonly Dictionary<long, LoopTask> _watched = [];
    private readonly int _epoll;

    // Readable: somebody posted while the loop slept.
    private readonly int _wake;

    private long _lastKey = WakeKey;

    /// <inheritdoc/>
    /// <exception cref="Spead2Exception">The descriptors could not be opened.</exception>
    public EpollLoop(string name, Action started, Action ended, EngineLog log)
        : base(name, started, ended)
    {
        _log = log;
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

    /// <summary>The epoll descriptor, for tests that take it away.</summary>
    public int Descriptor => _epoll;

    private static int EventSize => EventDataOffset + sizeof(ulong);

    /// <summary>
    /// Runs a task when a descriptor becomes ready, and at once if it is. Each time a descriptor is watched it has
    /// another key, so that no event of an earlier one under the same number is taken for its own.
    /// </summary>
    /// <param name="descriptor">What to watch.</param>
    /// <param name="interest">What for.</param>
    /// <param name="task">What to run.</param>
    /// <param name="key">
    /// What to name the watch by. It is set before the task can run, which may be before this returns.
    /// </param>
    /// <returns>0, or the number of the error.</returns>
    public int Watch(int descriptor, Interest interest, LoopTask task, out long key)
    {
        lock (_watchedLock)
        {
            key = ++_lastKey;
            _watched.Add(key, task);
        }

        uint events = ((interest & Interest.Readable) != 0 ? Libc.EPOLLIN : 0) |
            ((interest & Interest.Writable) != 0 ? Libc.EPOLLOUT : 0);
        if (Control(Libc.EPOLL_CTL_ADD, descriptor, events | Libc.EPOLLET, key) == 0)
        {
            return 0;
        }

        int error = Marshal.GetLastPInvokeError();
        Forget(key);
        return error;
    }

    /// <summary>Ends a watch, always before the descriptor is closed. Its task may still run once.</summary>
    public void Unwatch(int descriptor, long key)
    {
        _ = Control(Libc.EPOLL_CTL_DEL, descriptor, 0, key);
        Forget(key);
    }

    protected override void RunReady(long nanoseconds)
    {
        int milliseconds = nanoseconds < 0
            ? Timeout.Infinite
            : (int)Math.Min(nanoseconds / Clock.NanosecondsPerMillisecond, int.MaxValue);
        if (nanoseconds > 0 && milliseconds < LongWait)
        {
            Libc.TimeSpec time = new() { Nanoseconds = (nint)nanoseconds };
            Libc.PollDescriptor ready = new() { Descriptor = _epoll, Events = Libc.POLLIN };
            _ = Libc.ppoll(&ready, 1, &time, null);
            milliseconds = 0;
        }

        byte* events = stackalloc byte[EventsPerRound * EventSize];
        int count = Libc.epoll_wait(_epoll, events, EventsPerRound, milliseconds);
        if (count < 0 && Marshal.GetLastPInvokeError() != Libc.EINTR)
        {
            RunAll(Marshal.GetLastPInvokeErrorMessage());
        }

        for (int i = 0; i < count; i++)
        {
            long key = Unsafe.ReadUnaligned<long>(events + i * EventSize + EventDataOffset);
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
        byte* @event = stackalloc byte[EventSize];
        Unsafe.WriteUnaligned(@event, events);
        Unsafe.WriteUnaligned(@event + EventDataOffset, key);
        return Libc.epoll_ctl(_epoll, operation, fd, @event);
    }

    /// <summary>What takes the place of waiting where that fails: slow, but nobody is deaf.</summary>
    private void RunAll(string error)
    {
        _log.Write(
            MessageKind.Thread,
            LogLevel.Warning,
            error,
            static error => string.Create(
                CultureInfo.InvariantCulture,
                $"cannot wait for sockets: {error}; each is looked at every {BlindInterval} ms instead"));
        Thread.Sleep(BlindInterval);
        LoopTask[] tasks;
        lock (_watchedLock)
        {
            tasks = [.. _watched.Values];
        }

        foreach (LoopTask task in tasks)
        {
            task.Run();
        }
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
