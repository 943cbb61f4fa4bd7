// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;
using Spead2.Bindings;

namespace Spead2.Receive;

/// <summary>
/// A pool of blocks of one size (spead2: <c>spead2.MemoryPool</c>), best where all heaps have about the same
/// size. A size from <c>lower</c> to <c>upper</c> gets a block of <c>upper</c> bytes, the one that was freed last;
/// other sizes go to the base allocator. If the pool is empty a block is made at once, with a warning; it joins the
/// pool when it is freed.
/// </summary>
/// <remarks>
/// <para>
/// The default memory of a stream is recycled, too. A pool is for more: blocks that are there before the first heap,
/// that are not released when idle, that come from a certain allocator, or that are made in the background.
/// </para>
/// <para>Threads: any. Streams and heaps keep the pool alive as long as they need it.</para>
/// </remarks>
public sealed unsafe class MemoryPool : MemoryPoolBase, INativeAllocator
{
    private readonly AllocatorHandle _handle;
    private readonly NativeLog _log;

    /// <summary>Makes a pool.</summary>
    /// <param name="lower">Smallest size in bytes that the pool serves.</param>
    /// <param name="upper">Largest, and the size of its blocks: at least 1 and <paramref name="lower"/>.</param>
    /// <param name="maxFree">Most blocks that wait in the pool; more go back to the base allocator.</param>
    /// <param name="initial">Blocks to start with: at most <paramref name="maxFree"/>.</param>
    /// <param name="lowWater">
    /// With fewer blocks than this the pool is filled up to <paramref name="initial"/> in the background: at most
    /// <paramref name="initial"/>. By default (0) it never is.
    /// </param>
    /// <param name="threadPool">
    /// Threads that do the filling, needed if <paramref name="lowWater"/> is not 0. The pool keeps them running.
    /// </param>
    /// <param name="allocator">
    /// Where blocks come from, and sizes that the pool does not serve; the operating system if left out. The pool keeps
    /// it alive.
    /// </param>
    /// <param name="logger">Receives the pool's messages, as <see cref="ReceiveStream"/>'s does.</param>
    /// <exception cref="ArgumentException">A value breaks its rule.</exception>
    /// <exception cref="ObjectDisposedException">The thread pool or the base allocator has been disposed.</exception>
    /// <exception cref="Spead2Exception">There is not enough memory for the blocks to start with.</exception>
    public MemoryPool(
        long lower,
        long upper,
        int maxFree,
        int initial,
        int lowWater = 0,
        IoThreadPool? threadPool = null,
        MemoryAllocator? allocator = null,
        ILogger? logger = null)
    {
        MemoryPoolSettings settings = Check(lower, upper, maxFree, initial, lowWater, threadPool, allocator);
        _log = new(logger);
        _handle = Create(settings, threadPool, allocator, _log);
    }

    /// <inheritdoc/>
    public override bool WarnOnEmpty
    {
        get
        {
            using HandleLease lease = new(_handle);
            int warn;
            NativeStatus.ThrowIfFailed(NativeMethods.sp2_memory_pool_get_warn_on_empty(_handle.Allocator, &warn));
            return warn != 0;
        }

        set
        {
            using HandleLease lease = new(_handle);
            NativeStatus.ThrowIfFailed(
                NativeMethods.sp2_memory_pool_set_warn_on_empty(_handle.Allocator, value ? 1 : 0));
        }
    }

    /// <inheritdoc/>
    public override MemoryPoolStatistics Statistics
    {
        get
        {
            using HandleLease lease = new(_handle);
            sp2_memory_pool_stats stats = new() { size = (uint)sizeof(sp2_memory_pool_stats) };
            NativeStatus.ThrowIfFailed(NativeMethods.sp2_memory_pool_get_stats(_handle.Allocator, &stats));
            return new(
                (long)stats.free,
                (long)stats.in_use,
                (long)stats.hits,
                (long)stats.misses,
                (long)stats.outside,
                (long)stats.refilled);
        }
    }

    internal override bool IsNative => true;

    AllocatorHandle INativeAllocator.Handle => _handle;

    /// <summary>Not for users.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    protected internal override MemoryBlock Allocate(long size, in PacketHeader packet) =>
        throw INativeAllocator.Refuse(this);

    /// <summary>Not for users.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    protected internal override void Free(in MemoryBlock block) => throw INativeAllocator.Refuse(this);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _handle.Dispose();
        base.Dispose(disposing);
        _log.Flush();
    }

    private static AllocatorHandle Create(
        in MemoryPoolSettings settings, IoThreadPool? threadPool, MemoryAllocator? allocator, NativeLog log)
    {
        sp2_memory_pool_options options = new()
        {
            size = (uint)sizeof(sp2_memory_pool_options),
            lower = settings.Lower,
            upper = settings.Upper,
            max_free = settings.MaxFree,
            initial = settings.Initial,
            low_water = settings.LowWater,
        };
        List<IDisposable> needs = [];
        try
        {
            needs.Add(log);
            options.log = NativeLog.Function;
            options.log_context = log.Context;
            options.log_level = (uint)log.Threshold;
            if (threadPool is not null)
            {
                IoThreadPoolHandle threads = IoThreadPoolHandle.Of(threadPool);
                needs.Add(new HandleLease(threads));
                options.thread_pool = threads.Pool;
            }

            if (allocator is not null)
            {
                AllocatorHandle.Lease lease = AllocatorHandle.LeaseOf(allocator, customStatistics: 0, log);
                needs.Add(lease);
                options.@base = lease.Allocator;
            }

            sp2_allocator* pool;
            NativeStatus.ThrowIfFailed(NativeMethods.sp2_memory_pool_create(&options, &pool));
            return new(pool, [.. needs]);
        }
        catch
        {
            needs.ForEach(need => need.Dispose());
            throw;
        }
    }
}
