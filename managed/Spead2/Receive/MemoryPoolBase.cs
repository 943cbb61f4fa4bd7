// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>
/// A pool of blocks of one size (spead2: <c>spead2.MemoryPool</c>), of either engine: what
/// <c>Spead2.Receive.MemoryPool</c> and <c>Spead2.Managed.ManagedMemoryPool</c> have in common.
/// </summary>
/// <remarks>Threads: any. Streams and heaps keep a pool alive as long as they need it.</remarks>
public abstract class MemoryPoolBase : MemoryAllocator
{
    internal MemoryPoolBase()
    {
    }

    /// <summary>
    /// Whether there is a warning when a block is wanted and the pool is empty (spead2: <c>warn_on_empty</c>);
    /// so it is by default. It may change at any time.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The pool has been disposed.</exception>
    public abstract bool WarnOnEmpty { get; set; }

    /// <summary>A consistent copy of the pool's state.</summary>
    /// <exception cref="ObjectDisposedException">The pool has been disposed.</exception>
    public abstract MemoryPoolStatistics Statistics { get; }

    /// <summary>Checks the arguments of a pool's constructor.</summary>
    /// <exception cref="ArgumentException">A value breaks its rule.</exception>
    /// <exception cref="ObjectDisposedException">The base allocator has been disposed.</exception>
    internal static MemoryPoolSettings Check(
        long lower,
        long upper,
        int maxFree,
        int initial,
        int lowWater,
        IoThreadPool? threadPool,
        MemoryAllocator? allocator)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lower);
        ArgumentOutOfRangeException.ThrowIfLessThan(upper, Math.Max(lower, 1));
        ArgumentOutOfRangeException.ThrowIfNegative(maxFree);
        ArgumentOutOfRangeException.ThrowIfNegative(initial);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(initial, maxFree);
        ArgumentOutOfRangeException.ThrowIfNegative(lowWater);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lowWater, initial);
        if (lowWater != 0 && threadPool is null)
        {
            throw new ArgumentException(
                $"{nameof(lowWater)} is {lowWater}, so the pool needs a {nameof(threadPool)} that fills it.",
                nameof(threadPool));
        }

        allocator?.ThrowIfDisposed();
        return new((ulong)lower, (ulong)upper, (ulong)maxFree, (ulong)initial, (ulong)lowWater);
    }
}
