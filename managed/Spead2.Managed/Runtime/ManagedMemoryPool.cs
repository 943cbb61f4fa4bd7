// SPDX-License-Identifier: MIT

using System.Globalization;
using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>
/// A pool of blocks of one size (receiving.txt: <c>spead2.MemoryPool</c>), best where all heaps have about the same
/// size. A size from <c>lower</c> to <c>upper</c> gets a block of <c>upper</c> bytes, the one that was freed last;
/// other sizes go to the base allocator. If the pool is empty a block is made at once, with a warning; it joins the
/// pool when it is freed.
/// </summary>
/// <remarks>
/// <para>Threads: any.</para>
/// <para>
/// A pool that has been disposed gives no blocks any more. Those that heaps hold then go back to the base allocator
/// when they are freed, which must not be disposed before.
/// </para>
/// </remarks>
public sealed unsafe class ManagedMemoryPool : MemoryAllocator
{
    private readonly Lock _lock = new();
    private readonly MemoryPoolSettings _settings;
    private readonly RootedAllocator? _source;
    private readonly IoThreads? _threads;
    private readonly EngineLog _log;
    private readonly PoolRefill _refill;
    private volatile bool _warnOnEmpty = true;

    // Under the lock: the block that was freed last comes first.
    private PoolBlock? _free;
    private ManagedMemoryPoolStatistics _statistics;
    private bool _refilling;
    private bool _ended;

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
    /// Where blocks come from, and sizes that the pool does not serve; the operating system if left out.
    /// </param>
    /// <param name="logger">Receives the pool's messages, like <see cref="ReceiveStreamOptions.Logger"/>.</param>
    /// <exception cref="ArgumentException">A value breaks its rule.</exception>
    /// <exception cref="ObjectDisposedException">The thread pool has been disposed.</exception>
    /// <exception cref="Spead2Exception">There is not enough memory for the blocks to start with.</exception>
    public ManagedMemoryPool(
        long lower,
        long upper,
        int maxFree,
        int initial,
        int lowWater = 0,
        ManagedIoThreadPool? threadPool = null,
        MemoryAllocator? allocator = null,
        ILogger? logger = null)
        : this(
            Check(lower, upper, maxFree, initial, lowWater, threadPool),
            threadPool?.Threads,
            allocator,
            EngineLog.For(logger))
    {
    }

    /// <summary>Takes no hold on the allocator, but one on the threads.</summary>
    internal ManagedMemoryPool(
        MemoryPoolSettings settings, IoThreads? threads, MemoryAllocator? allocator, EngineLog log)
    {
        _settings = settings;
        _source = allocator is null ? null : new(allocator);
        _log = log;
        _refill = new(this);
        ObjectDisposedException.ThrowIf(threads is not null && !threads.TryRetain(), typeof(ManagedIoThreadPool));
        _threads = threads;
        if (!TryMakeInitialBlocks())
        {
            Dispose();
            throw StatusException.NoMemory(string.Create(
                CultureInfo.InvariantCulture,
                $"a memory pool's {settings.Initial} initial blocks of {settings.Upper} bytes"));
        }
    }

    /// <summary>Gives up a pool that was never disposed.</summary>
    ~ManagedMemoryPool()
    {
        // Null if the constructor refused an argument: then there is nothing to give up.
        if (_lock is not null)
        {
            Dispose(disposing: false);
        }
    }

    /// <summary>
    /// Whether there is a warning when a block is wanted and the pool is empty (receiving.txt: <c>warn_on_empty</c>);
    /// so it is by default. It may change at any time.
    /// </summary>
    public bool WarnOnEmpty
    {
        get => _warnOnEmpty;
        set => _warnOnEmpty = value;
    }

    /// <summary>A consistent copy of the pool's state.</summary>
    public ManagedMemoryPoolStatistics Statistics
    {
        get
        {
            lock (_lock)
            {
                return _statistics;
            }
        }
    }

    /// <summary>Makes a block that nobody waits for; says whether another one is wanted.</summary>
    internal bool RefillOne()
    {
        lock (_lock)
        {
            _refilling = !_ended && (ulong)_statistics.Free < _settings.Initial;
            if (!_refilling)
            {
                return false;
            }
        }

        PoolBlock? block = MakeSpareBlock();
        bool kept;
        bool again;
        lock (_lock)
        {
            kept = block is not null && TryKeep(block);
            again = kept && (ulong)_statistics.Free < _settings.Initial;
            _statistics = _statistics with { Refilled = _statistics.Refilled + (kept ? 1 : 0) };
            _refilling = again;
        }

        if (block is not null && !kept)
        {
            FreeToSource(block.Memory);
        }

        return again;
    }

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The pool has been disposed.</exception>
    protected internal override MemoryBlock Allocate(long size, in PacketHeader packet)
    {
        if ((ulong)size < _settings.Lower || (ulong)size > _settings.Upper)
        {
            return AllocateOutside(size);
        }

        PoolBlock? block;
        bool refill;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_ended, this);
            block = _free;
            if (block is not null)
            {
                _free = block.Next;
                _statistics = _statistics with
                {
                    Free = _statistics.Free - 1,
                    Hits = _statistics.Hits + 1,
                    InUse = _statistics.InUse + 1,
                };
            }

            refill = !_refilling && (ulong)_statistics.Free < _settings.LowWater;
            _refilling |= refill;
        }

        if (refill)
        {
            _refill.Begin(_threads!.IdlestLoop());
        }

        block ??= MakeBlockAtOnce(size);
        return block is null ? default : new MemoryBlock(block.Memory.Address, size, block);
    }

    /// <inheritdoc/>
    protected internal override void Free(in MemoryBlock block)
    {
        if (block.Owner is not PoolBlock poolBlock || poolBlock.Pool != this)
        {
            FreeToSource(block);
            return;
        }

        bool kept;
        lock (_lock)
        {
            _statistics = _statistics with { InUse = _statistics.InUse - 1 };
            kept = TryKeep(poolBlock);
        }

        if (!kept)
        {
            FreeToSource(poolBlock.Memory);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        PoolBlock? block;
        lock (_lock)
        {
            if (_ended)
            {
                return;
            }

            _ended = true;
            block = _free;
            _free = null;
            _statistics = _statistics with { Free = 0 };
        }

        if (disposing)
        {
            _log.SayLeftOut();
            _log.Flush();
        }

        for (; block is not null; block = block.Next)
        {
            FreeToSource(block.Memory);
        }

        _threads?.Release(wait: disposing);
    }

    private static MemoryPoolSettings Check(
        long lower, long upper, int maxFree, int initial, int lowWater, ManagedIoThreadPool? threadPool)
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

        return new((ulong)lower, (ulong)upper, (ulong)maxFree, (ulong)initial, (ulong)lowWater);
    }

    private bool TryMakeInitialBlocks()
    {
        if (Math.BigMul(_settings.Initial, _settings.Upper, out _) != 0)
        {
            return false;
        }

        while ((ulong)_statistics.Free < _settings.Initial)
        {
            if (MakeSpareBlock() is not { } block)
            {
                return false;
            }

            TryKeep(block);
        }

        return true;
    }

    /// <summary>Puts a block into the pool, unless there are too many. Under the lock.</summary>
    private bool TryKeep(PoolBlock block)
    {
        if (_ended || (ulong)_statistics.Free >= _settings.MaxFree)
        {
            return false;
        }

        block.Next = _free;
        _free = block;
        _statistics = _statistics with { Free = _statistics.Free + 1 };
        return true;
    }

    private MemoryBlock AllocateOutside(long size)
    {
        MemoryBlock memory = AllocateFromSource((ulong)size);
        if (memory.Address is not null)
        {
            lock (_lock)
            {
                _statistics = _statistics with { Outside = _statistics.Outside + 1 };
            }
        }

        return memory;
    }

    private PoolBlock? MakeBlockAtOnce(long size)
    {
        if (_warnOnEmpty)
        {
            _log.Write(
                MessageKind.PoolEmpty,
                LogLevel.Warning,
                size,
                static size => string.Create(
                    CultureInfo.InvariantCulture,
                    $"the memory pool is empty: {size} bytes are wanted, and memory is allocated at once (more initial blocks, or a higher low_water, avoid that)"));
        }

        PoolBlock? block = MakeBlock();
        if (block is not null)
        {
            lock (_lock)
            {
                _statistics = _statistics with { Misses = _statistics.Misses + 1, InUse = _statistics.InUse + 1 };
            }
        }

        return block;
    }

    /// <summary>A block that nobody waits for, with its pages in place.</summary>
    private PoolBlock? MakeSpareBlock()
    {
        PoolBlock? block = MakeBlock();
        if (block is not null && _source is null)
        {
            SystemMemory.Touch((byte*)block.Memory.Address, (nuint)_settings.Upper);
        }

        return block;
    }

    private PoolBlock? MakeBlock()
    {
        MemoryBlock memory = AllocateFromSource(_settings.Upper);
        return memory.Address is null ? null : new(this, memory);
    }

    // No packet has caused the block, or it is made for no packet in particular.
    private MemoryBlock AllocateFromSource(ulong size)
    {
        if (size > long.MaxValue)
        {
            return default;
        }

        if (_source is not null)
        {
            return _source.Allocate((long)size, default);
        }

        byte* memory = SystemMemory.Allocate((nuint)size);
        return memory is null ? default : new MemoryBlock(memory, (long)size);
    }

    private void FreeToSource(in MemoryBlock memory)
    {
        if (_source is not null)
        {
            _source.Free(memory);
        }
        else
        {
            SystemMemory.Free((byte*)memory.Address, (nuint)memory.Size);
        }
    }
}
