// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;
using Spead2.Bindings;

namespace Spead2;

/// <summary>
/// Native threads that receive the packets of one or more streams (receiving.txt: <c>spead2.ThreadPool</c>). Each
/// packet reader belongs to one thread, the one with the fewest readers when it was added.
/// </summary>
/// <remarks>
/// Disposing the pool gives up the caller's hold on it: the threads end when the last stream on it has been disposed,
/// too.
/// </remarks>
public sealed class IoThreadPool : IDisposable
{
    private readonly NativeLog? _log;

    /// <summary>Starts the threads.</summary>
    /// <param name="threads">How many: at least 1, at most 1024.</param>
    /// <param name="affinity">
    /// CPU numbers, given to the threads in turn; threads are not bound if there are none. A CPU that a thread cannot
    /// be bound to gives a warning.
    /// </param>
    /// <param name="logger">
    /// Receives the pool's messages, like <see cref="Receive.ReceiveStreamOptions.Logger"/>.
    /// </param>
    /// <param name="name">
    /// The threads are called this and their number; <c>spead2</c> if left out. Some systems keep only the first 15
    /// bytes.
    /// </param>
    /// <exception cref="ArgumentException">A value breaks its rule.</exception>
    /// <exception cref="Spead2Exception">The threads could not be started.</exception>
    /// <exception cref="DllNotFoundException">The native library is missing or does not fit.</exception>
    public IoThreadPool(
        int threads = 1, IEnumerable<int>? affinity = null, ILogger? logger = null, string? name = null)
    {
        if (threads is < 1 or > NativeMethods.SP2_THREAD_POOL_MAX_THREADS)
        {
            throw new ArgumentOutOfRangeException(
                nameof(threads),
                threads,
                $"{nameof(threads)} must be from 1 to {NativeMethods.SP2_THREAD_POOL_MAX_THREADS}.");
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

        _log = logger is null ? null : new NativeLog(logger);
        Handle = new IoThreadPoolHandle(threads, cpus, name, _log);
        ThreadCount = threads;
    }

    /// <summary>Number of threads.</summary>
    public int ThreadCount { get; }

    internal IoThreadPoolHandle Handle { get; }

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
        NativeStatus.ThrowIfFailed(NativeMethods.sp2_thread_set_affinity(cpu));
    }

    /// <summary>Gives up the pool. Calling it again does nothing.</summary>
    public void Dispose()
    {
        Handle.Dispose();
        _log?.Flush();
    }
}
