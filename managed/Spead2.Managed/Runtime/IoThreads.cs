// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using Spead2.Managed.Linux;

namespace Spead2.Managed;

/// <summary>
/// The threads of a pool. They end when the pool and every stream on it have given them up.
/// </summary>
internal sealed class IoThreads
{
    // A thread's name on Linux; elsewhere it is the same, so that it can be relied on.
    private const int MostNameBytes = 15;

    private readonly Lock _lock = new();
    private readonly IoThread[] _threads;
    private readonly EngineLog _log;
    private int _references = 1;
    private int _running;

    /// <exception cref="Spead2Exception">The operating system refuses what threads need.</exception>
    public IoThreads(int count, IReadOnlyList<int> affinity, string name, EngineLog log, IoBackend backend)
    {
        _log = log;
        _threads = new IoThread[count];
        Backend = backend;
        Recycler.AddUser();
        _running = 1;
        try
        {
            for (int i = 0; i < count; i++)
            {
                string threadName = NameOf(name, i);
                int? cpu = affinity.Count == 0 ? null : affinity[i % affinity.Count];
                int index = i;
                Interlocked.Increment(ref _running);
                _threads[i] = new(NewLoop(threadName, () => Bind(index, cpu)));
            }
        }
        catch
        {
            End();
            throw;
        }
        finally
        {
            ThreadEnded();
        }
    }

    /// <summary>What the threads wait with.</summary>
    public IoBackend Backend { get; }

    /// <summary>Adds a reference to the threads; false if there is none any more.</summary>
    public bool TryRetain()
    {
        lock (_lock)
        {
            if (_references == 0)
            {
                return false;
            }

            _references++;
            return true;
        }
    }

    /// <summary>Removes a reference; with the last one the threads end, and may be waited for.</summary>
    public void Release(bool wait)
    {
        lock (_lock)
        {
            if (--_references != 0)
            {
                return;
            }
        }

        End();
        if (wait)
        {
            foreach (IoThread thread in _threads)
            {
                thread.Loop.Join();
            }

            _log.SayLeftOut();
            _log.Flush();
        }
    }

    /// <summary>The thread with the fewest sources, for one more.</summary>
    public IoThread Assign()
    {
        lock (_lock)
        {
            IoThread best = Idlest();
            best.Assign();
            return best;
        }
    }

    /// <summary>The loop of the thread with the fewest sources, for work that ends.</summary>
    public EventLoop IdlestLoop()
    {
        lock (_lock)
        {
            return Idlest().Loop;
        }
    }

    /// <summary>Waits until everything that runs or was posted on the threads has run, but the caller's own.</summary>
    public void Barrier()
    {
        foreach (IoThread thread in _threads)
        {
            thread.Loop.Barrier();
        }
    }

    /// <summary>
    /// The pool's name and the thread's number. A name that is too long for both is cut, but not within a character.
    /// </summary>
    private static string NameOf(string poolName, int index)
    {
        string number = string.Create(CultureInfo.InvariantCulture, $"-{index}");
        StringBuilder name = new();
        int room = MostNameBytes - number.Length;
        foreach (Rune character in poolName.EnumerateRunes())
        {
            room -= character.Utf8SequenceLength;
            if (room < 0)
            {
                break;
            }

            name.Append(character.ToString());
        }

        return name.Append(number).ToString();
    }

    private IoThread Idlest()
    {
        IoThread best = _threads[0];
        foreach (IoThread thread in _threads)
        {
            best = thread.Sources < best.Sources ? thread : best;
        }

        return best;
    }

    private EventLoop NewLoop(string name, Action started)
    {
        try
        {
            return Backend == IoBackend.Epoll && OperatingSystem.IsLinux()
                ? new EpollLoop(name, started, ThreadEnded, _log)
                : new PortableLoop(name, started, ThreadEnded);
        }
        catch
        {
            ThreadEnded();
            throw;
        }
    }

    private void End()
    {
        foreach (IoThread? thread in _threads)
        {
            thread?.Loop.End();
        }
    }

    /// <summary>When the last thread has ended, memory need not be kept for it any more.</summary>
    private void ThreadEnded()
    {
        if (Interlocked.Decrement(ref _running) == 0)
        {
            Recycler.RemoveUser();
        }
    }

    private void Bind(int index, int? cpu)
    {
        if (cpu is { } number && ThreadAffinity.BindThisThread(number, out _) is { } error)
        {
            _log.Write(
                MessageKind.Thread,
                LogLevel.Warning,
                (index, number, error),
                static x => string.Create(
                    CultureInfo.InvariantCulture, $"cannot bind thread {x.index} to CPU {x.number}: {x.error}"));
        }
    }

    /// <summary>A thread, and how many packet sources it has.</summary>
    internal sealed class IoThread(EventLoop loop)
    {
        private int _sources;

        public EventLoop Loop { get; } = loop;

        public int Sources => Volatile.Read(ref _sources);

        public void Assign() => Interlocked.Increment(ref _sources);

        public void Unassign() => Interlocked.Decrement(ref _sources);
    }
}

/// <summary>What threads wait with and sockets are read with.</summary>
internal enum IoBackend
{
    /// <summary>Sockets of .NET, on every operating system.</summary>
    Sockets,

    /// <summary>epoll and recvmmsg of Linux.</summary>
    Epoll,
}
