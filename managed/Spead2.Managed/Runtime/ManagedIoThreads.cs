// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>The threads that the managed port has started for a user-supplied pool: the pool's reference to them.</summary>
internal sealed class ManagedIoThreads : IDisposable
{
    public const string DefaultName = "spead2";

    private int _disposed;

    /// <exception cref="Spead2Exception">The threads could not be started.</exception>
    public ManagedIoThreads(IoThreadPool pool, IoBackend backend) => Threads = new(
        pool.ThreadCount, pool.Affinity, pool.Name ?? DefaultName, EngineLog.For(pool.Logger), backend);

    /// <summary>Gives up the threads of a pool that was never disposed.</summary>
    ~ManagedIoThreads()
    {
        // Null if the constructor failed.
        Threads?.Release(wait: false);
    }

    public static IoBackend DefaultBackend =>
        OperatingSystem.IsLinux() && nint.Size == sizeof(long) ? IoBackend.Epoll : IoBackend.Sockets;

    public IoThreads Threads { get; }

    /// <summary>The threads of a pool, for a stream or a memory pool, which has to release them.</summary>
    /// <exception cref="ObjectDisposedException">The pool has been disposed.</exception>
    public static IoThreads RetainOf(IoThreadPool pool)
    {
        IoThreads threads = pool.Threads(static pool => new ManagedIoThreads(pool, DefaultBackend)).Threads;
        ObjectDisposedException.ThrowIf(!threads.TryRetain(), pool);
        return threads;
    }

    /// <summary>One thread that ends with the stream that it is for.</summary>
    public static IoThreads NewThreads() => new(1, [], DefaultName, EngineLog.For(null), DefaultBackend);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            GC.SuppressFinalize(this);
            Threads.Release(wait: true);
        }
    }
}
