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
    /// <exception cref="ArgumentOutOfRangeException">A value breaks its rule.</exception>
    /// <exception cref="Spead2Exception">The threads could not be started.</exception>
    /// <exception cref="DllNotFoundException">The native library is missing or does not fit.</exception>
    public IoThreadPool(int threads = 1, IEnumerable<int>? affinity = null, ILogger? logger = null)
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

        _log = logger is null ? null : new NativeLog(logger);
        Handle = new IoThreadPoolHandle(threads, cpus, _log);
        ThreadCount = threads;
    }

    /// <summary>Number of threads.</summary>
    public int ThreadCount { get; }

    internal IoThreadPoolHandle Handle { get; }

    /// <summary>Gives up the pool. Calling it again does nothing.</summary>
    public void Dispose()
    {
        Handle.Dispose();
        _log?.Flush();
    }
}
