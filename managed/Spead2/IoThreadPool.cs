// SPDX-License-Identifier: MIT

using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace Spead2;

/// <summary>
/// Threads that receive the packets of one or more streams (spead2: <c>spead2.ThreadPool</c>). Each packet source
/// belongs to one thread, the one with the fewest sources when it was added.
/// </summary>
/// <remarks>
/// <para>
/// Streams of both engines can use a pool. Its threads start with the first stream or memory pool that does; should
/// streams of both engines use it, each engine has threads of its own.
/// </para>
/// <para>
/// Disposing the pool releases the caller's reference to it: the threads end when the last stream on it has been disposed,
/// too.
/// </para>
/// <para>Threads: any.</para>
/// </remarks>
public sealed class IoThreadPool : IDisposable
{
    /// <summary>Largest number of threads.</summary>
    public const int MaxThreads = 1024;

    private readonly Lock _gate = new();

    // Under the gate: what each engine has started.
    private readonly List<IDisposable> _started = [];
    private bool _disposed;

    /// <summary>Makes a pool.</summary>
    /// <param name="threads">How many: at least 1, at most <see cref="MaxThreads"/>.</param>
    /// <param name="affinity">
    /// CPU numbers, given to the threads in turn; threads are not bound if there are none. A CPU that a thread cannot
    /// be bound to gives a warning.
    /// </param>
    /// <param name="logger">
    /// Receives the pool's messages, one at a time and in order, on threads of the .NET thread pool. Without a logger,
    /// warnings go to standard error.
    /// </param>
    /// <param name="name">
    /// The threads are called this and their number; <c>spead2</c> if left out. Some systems keep only the first 15
    /// bytes.
    /// </param>
    /// <exception cref="ArgumentException">A value breaks its rule.</exception>
    public IoThreadPool(
        int threads = 1, IEnumerable<int>? affinity = null, ILogger? logger = null, string? name = null)
    {
        if (threads is < 1 or > MaxThreads)
        {
            throw new ArgumentOutOfRangeException(
                nameof(threads), threads, $"{nameof(threads)} must be from 1 to {MaxThreads}.");
        }

        Affinity = [.. affinity ?? []];
        foreach (int cpu in Affinity)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(cpu, nameof(affinity));
        }

        if (name is not null && (name.Length == 0 || name.Contains('\0', StringComparison.Ordinal)))
        {
            throw new ArgumentException(
                $"{nameof(name)} must not be empty and must not contain NUL; leave it out for the usual name.",
                nameof(name));
        }

        ThreadCount = threads;
        Logger = logger;
        Name = name;
    }

    /// <summary>Number of threads.</summary>
    public int ThreadCount { get; }

    internal ImmutableArray<int> Affinity { get; }

    internal ILogger? Logger { get; }

    internal string? Name { get; }

    /// <summary>Binds the calling thread to a processor, for example the one that reads heaps.</summary>
    /// <param name="cpu">
    /// Its number. The binding is the operating system thread's, so use it on threads of your own (<c>new Thread</c>)
    /// and not on those of the .NET thread pool.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    /// <exception cref="Spead2Exception">For example there is no such processor.</exception>
    public static void BindCallingThread(int cpu)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(cpu);
        if (ThreadAffinity.BindThisThread(cpu, out int osCode) is { } error)
        {
            throw new Spead2Exception(
                $"cannot bind the calling thread to CPU {cpu}: {error}", Spead2Status.OperatingSystem, osCode);
        }
    }

    /// <summary>Gives up the pool. Calling it again does nothing.</summary>
    public void Dispose()
    {
        IDisposable[] started;
        lock (_gate)
        {
            _disposed = true;
            started = [.. _started];
            _started.Clear();
        }

        Array.ForEach(started, threads => threads.Dispose());
    }

    /// <summary>The threads of one engine, which are started if they have not been.</summary>
    /// <typeparam name="T">
    /// What the engine calls them. Disposing them releases the pool's reference; so does their finalizer.
    /// </typeparam>
    /// <exception cref="ObjectDisposedException">The pool has been disposed.</exception>
    internal T Threads<T>(Func<IoThreadPool, T> start)
        where T : class, IDisposable
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_started.OfType<T>().FirstOrDefault() is { } threads)
            {
                return threads;
            }

            threads = start(this);
            _started.Add(threads);
            return threads;
        }
    }
}
