// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Spead2.Managed.Linux;

namespace Spead2.Managed;

/// <summary>
/// One thread that runs tasks: those that were posted, those whose time has come, and those of descriptors that have
/// become ready. A task runs on the loop's thread only, one at a time.
/// </summary>
internal abstract class EventLoop
{
    /// <summary>Where memory waits to be released, the loop looks after it this often, in nanoseconds.</summary>
    private const long IdleWorkInterval = 1_000_000_000;

    private readonly Lock _lock = new();
    private readonly Action _started;
    private readonly Action _ended;
    private readonly Thread _thread;

    // The operating system's number of the thread, once it runs.
    private volatile int _id;
    private long _rounds;

    // Under the lock:
    private LoopTask? _first;
    private LoopTask? _last;

    // An entry counts only while it agrees with its task's DueAt: a task that was given another time has a second one.
    private readonly PriorityQueue<LoopTask, long> _timers = new();
    private bool _asleep;
    private bool _ending;

    /// <param name="name">Name of the thread.</param>
    /// <param name="started">Runs on the loop's thread, first of all. Must not throw.</param>
    /// <param name="ended">Runs on the loop's thread, last of all. Must not throw.</param>
    protected EventLoop(string name, Action started, Action ended)
    {
        _started = started;
        _ended = ended;
        _thread = new(Main) { Name = name, IsBackground = true };
    }

    /// <summary>Whether this is the loop's own thread.</summary>
    public bool IsCurrent => Thread.CurrentThread == _thread;

    /// <summary>How often the loop has looked for work. A loop without work does not look.</summary>
    public long Rounds => Volatile.Read(ref _rounds);

    /// <summary>Makes the task run once, soon. A task that waits already is not posted again. Any thread.</summary>
    public void Post(LoopTask task)
    {
        bool asleep;
        lock (_lock)
        {
            if (!TryAppend(task))
            {
                return;
            }

            asleep = _asleep;
            _asleep = false;
        }

        if (asleep)
        {
            WakeUp();
        }
    }

    /// <summary>
    /// Posts the task after a time, in place of any time that was asked for before. Any thread, but for a task one at a
    /// time.
    /// </summary>
    public void PostAfter(LoopTask task, TimeSpan delay)
    {
        bool asleep;
        lock (_lock)
        {
            task.DueAt = Stopwatch.GetTimestamp() + (long)(delay.TotalSeconds * Stopwatch.Frequency);
            _timers.Enqueue(task, task.DueAt);
            asleep = _asleep;
            _asleep = false;
        }

        if (asleep)
        {
            WakeUp();
        }
    }

    /// <summary>Ends the thread once what was posted has run. Does not wait for it. Any thread.</summary>
    public void End()
    {
        lock (_lock)
        {
            _ending = true;
        }

        WakeUp();
    }

    /// <summary>Waits until the thread has ended, unless it is the caller's own.</summary>
    public void Join()
    {
        if (IsCurrent)
        {
            return;
        }

        _thread.Join();
        if (OperatingSystem.IsLinux())
        {
            LinuxThread.WaitUntilGone(_id);
        }
    }

    /// <summary>
    /// Waits until everything that runs or was posted has run, unless the thread is the caller's own.
    /// </summary>
    public void Barrier()
    {
        if (!IsCurrent)
        {
            using BarrierTask task = new();
            Post(task);
            task.Wait();
        }
    }

    /// <summary>Starts the thread: last of all in a constructor.</summary>
    protected void Start() => _thread.UnsafeStart();

    /// <summary>Runs the tasks of descriptors that are ready, after waiting for one if need be.</summary>
    /// <param name="nanoseconds">How long to wait at most; 0 not at all, negative without limit.</param>
    protected abstract void RunReady(long nanoseconds);

    /// <summary>Ends <see cref="RunReady"/>, now or the next time. Any thread.</summary>
    protected abstract void WakeUp();

    /// <summary>Gives up what the loop needed. On its thread, when nothing calls it any more.</summary>
    protected abstract void Close();

    private void Main()
    {
        if (OperatingSystem.IsLinux())
        {
            LinuxThread.WakeThisInTime();
            LinuxThread.NameThis(_thread.Name!);
            _id = LinuxThread.ThisId();
        }

        _started();
        do
        {
            Volatile.Write(ref _rounds, _rounds + 1);
            RunReady(PrepareToSleep());
            RunPosted();
            if (Recycler.IsIdleWorkPending)
            {
                Recycler.IdleWork();
            }
        }
        while (GoOn());
        Close();
        _ended();
    }

    /// <summary>How many nanoseconds there is nothing to do.</summary>
    private long PrepareToSleep()
    {
        lock (_lock)
        {
            long untilTimer = _timers.Count == 0 ? Timeout.Infinite : PostDue();
            if (_first is not null || _ending)
            {
                return 0;
            }

            _asleep = true;
            return !Recycler.IsIdleWorkPending ? untilTimer
                : untilTimer < 0 ? IdleWorkInterval
                : Math.Min(untilTimer, IdleWorkInterval);
        }
    }

    /// <summary>
    /// Posts the tasks whose time has come; gives the nanoseconds until the next one's. Under the lock.
    /// </summary>
    private long PostDue()
    {
        long now = Stopwatch.GetTimestamp();
        while (_timers.TryPeek(out LoopTask? task, out long due))
        {
            if (task.DueAt == due && due > now)
            {
                return (long)Math.Ceiling((due - now) * (Clock.NanosecondsPerSecond / Stopwatch.Frequency));
            }

            _timers.Dequeue();
            if (task.DueAt == due)
            {
                task.DueAt = 0;
                TryAppend(task);
            }
        }

        return Timeout.Infinite;
    }

    private bool GoOn()
    {
        lock (_lock)
        {
            _asleep = false;
            return !_ending || _first is not null;
        }
    }

    private void RunPosted()
    {
        LoopTask? task;
        lock (_lock)
        {
            task = _first;
            _first = null;
            _last = null;
        }

        while (task is not null)
        {
            LoopTask? next = task.NextPosted;
            lock (_lock)
            {
                task.IsPosted = false;
            }

            task.Run();
            task = next;
        }
    }

    /// <summary>Puts a task behind those that wait to run; false if it is there. Under the lock.</summary>
    private bool TryAppend(LoopTask task)
    {
        if (task.IsPosted)
        {
            return false;
        }

        task.IsPosted = true;
        task.NextPosted = null;
        if (_last is null)
        {
            _first = task;
        }
        else
        {
            _last.NextPosted = task;
        }

        _last = task;
        return true;
    }

    /// <summary>Tells when it has been reached.</summary>
    private sealed class BarrierTask : LoopTask, IDisposable
    {
        private readonly ManualResetEventSlim _reached = new();

        public override void Run() => _reached.Set();

        public void Wait() => _reached.Wait();

        public void Dispose() => _reached.Dispose();
    }
}

/// <summary>Work that an event loop does on its thread, one task at a time.</summary>
internal abstract class LoopTask
{
    /// <summary>The loop's: the task that was posted after this one.</summary>
    internal LoopTask? NextPosted { get; set; }

    /// <summary>The loop's: whether the task waits to run.</summary>
    internal bool IsPosted { get; set; }

    /// <summary>The loop's: when the task is to be posted, as a time stamp of the system's; 0 if at no time.</summary>
    internal long DueAt { get; set; }

    /// <summary>Does the work. Must not throw.</summary>
    public abstract void Run();
}

/// <summary>What a loop watches a descriptor for. Errors, and the end of what can be read, are always told.</summary>
[Flags]
internal enum Interest
{
    /// <summary>Errors only.</summary>
    None = 0,

    Readable = 1,

    Writable = 2,
}
