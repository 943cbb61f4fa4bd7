// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace Spead2.Managed;

/// <summary>
/// Threads that receive the packets of one or more streams (receiving.txt: <c>spead2.ThreadPool</c>). Each packet
/// reader belongs to one thread, the one with the fewest readers when it was added.
/// </summary>
/// <remarks>
/// Disposing the pool gives up the caller's hold on it: the threads end when the last stream on it has been disposed,
/// too.
/// </remarks>
public sealed class ManagedIoThreadPool : IDisposable
{
    /// <summary>Largest number of threads.</summary>
    public const int MaxThreads = 1024;

    internal const string DefaultName = "spead2";

    private int _disposed;

    /// <summary>Starts the threads.</summary>
    /// <param name="threads">How many: at least 1, at most <see cref="MaxThreads"/>.</param>
    /// <param name="affinity">
    /// CPU numbers, given to the threads in turn; threads are not bound if there are none. A CPU that a thread cannot
    /// be bound to gives a warning.
    /// </param>
    /// <param name="logger">
    /// Receives the pool's messages, like <see cref="Receive.ReceiveStreamOptions.Logger"/>.
    /// </param>
    /// <param name="name">
    /// Threads are called this and their number; <c>spead2</c> if left out. Some systems keep only 15 bytes.
    /// </param>
    /// <exception cref="ArgumentException">A value breaks its rule.</exception>
    /// <exception cref="Spead2Exception">The threads could not be started.</exception>
    public ManagedIoThreadPool(
        int threads = 1, IEnumerable<int>? affinity = null, ILogger? logger = null, string? name = null)
        : this(threads, affinity, logger, name, DefaultBackend)
    {
    }

    internal ManagedIoThreadPool(
        int threads, IEnumerable<int>? affinity, ILogger? logger, string? name, IoBackend backend)
    {
        if (threads is < 1 or > MaxThreads)
        {
            throw new ArgumentOutOfRangeException(
                nameof(threads), threads, $"{nameof(threads)} must be from 1 to {MaxThreads}.");
        }

        int[] cpus = [.. affinity ?? []];
        foreach (int cpu in cpus)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(cpu, nameof(affinity));
        }

        if (name is not null && (name.Length == 0 || name.Contains('\0', StringComparison.Ordinal)))
        {
            throw new ArgumentException(
                $"{nameof(name)} must not be empty and must not contain NUL; leave it out for the usual name.",
                nameof(name));
        }

        Threads = new(threads, cpus, name ?? DefaultName, EngineLog.For(logger), backend);
        ThreadCount = threads;
    }

    /// <summary>Gives up a pool that was never disposed.</summary>
    ~ManagedIoThreadPool()
    {
        // Null if the constructor failed.
        Threads?.Release(wait: false);
    }

    /// <summary>Number of threads.</summary>
    public int ThreadCount { get; }

    internal IoThreads Threads { get; }

    internal static IoBackend DefaultBackend =>
        OperatingSystem.IsLinux() && nint.Size == sizeof(long) ? IoBackend.Epoll : IoBackend.Sockets;

    /// <summary>Binds the calling thread to a CPU, for example the one that reads heaps.</summary>
    /// <param name="cpu">Number of the CPU.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    /// <exception cref="Spead2Exception">For example there is no such CPU.</exception>
    public static void BindCallingThread(int cpu)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(cpu);
        if (Processor.BindThisThread(cpu) is { } error)
        {
            throw StatusException.Os(
                $"cannot bind the calling thread to CPU {cpu}: {error}", Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Gives up the pool. Calling it again does nothing.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            GC.SuppressFinalize(this);
            Threads.Release(wait: true);
        }
    }

    /// <summary>One thread that ends with the stream that it is for.</summary>
    internal static IoThreads NewThreads() => new(1, [], DefaultName, EngineLog.For(null), DefaultBackend);
}
