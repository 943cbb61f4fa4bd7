// SPDX-License-Identifier: MIT

using System.Globalization;
using Microsoft.Extensions.Logging;
using Spead2.Managed.Linux;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>
/// A pool of blocks of one size (spead2: <c>spead2.MemoryPool</c>), best where all heaps have about the same
/// size. A size from <c>lower</c> to <c>upper</c> gets a block of <c>upper</c> bytes, the one that was freed last;
/// other sizes go to the base allocator. If the pool is empty a block is made at once, with a warning; it joins the
/// pool when it is freed.
/// </summary>
/// <remarks>Threads: any. Streams and heaps keep the pool alive as long as they need it.</remarks>
public sealed unsafe class ManagedMemoryPool : MemoryPoolBase
{
    // How much of a new block the background fills with pages at a time: about a millisecond's work, so that the sources
    // of the same thread get their slices.
    private const long PopulateBytes = 2 << 20;

    private readonly Lock _lock = new();
    private readonly MemoryPoolSettings _settings;
    private readonly RootedAllocator? _source;
    private readonly IoThreads? _threads;
    private readonly EngineLog _log;
    private readonly PoolRefill _refill;
    private volatile bool _warnOnEmpty = true;

    // Under the lock: the block that was freed last comes first.
    private PoolBlock? _free;
    private MemoryPoolStatistics _statistics;
    private bool _refilling;
    private bool _ended;

    // Under the lock: the owner until it disposes the pool, and streams and pools that take their memory from it.
    private int _users = 1;

    private int _disposals;

    // The refill's: a new block whose pages come, and how many bytes of it have theirs.
    private PoolBlock? _filling;
    private long _filled;

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
    /// <param name="logger">Receives the pool's messages, as <see cref="ManagedReceiveStream"/>'s does.</param>
    /// <exception cref="ArgumentException">A value breaks its rule, or the allocator is for native code only.</exception>
    /// <exception cref="ObjectDisposedException">The thread pool or the base allocator has been disposed.</exception>
    /// <exception cref="Spead2Exception">There is not enough memory for the blocks to start with.</exception>
    public ManagedMemoryPool(
        long lower,
        long upper,
        int maxFree,
        int initial,
        int lowWater = 0,
        IoThreadPool? threadPool = null,
        MemoryAllocator? allocator = null,
        ILogger? logger = null)
        : this(
            Check(lower, upper, maxFree, initial, lowWater, threadPool, ForManaged(allocator)),
            EngineLog.For(logger),
            allocator,
            threadPool is null ? null : ManagedIoThreads.RetainOf(threadPool))
    {
    }

    /// <summary>Takes over the caller's reference to the threads.</summary>
    internal ManagedMemoryPool(
        MemoryPoolSettings settings, EngineLog log, MemoryAllocator? allocator, IoThreads? threads)
    {
        _settings = settings;
        _log = log;
        _refill = new(this);
        _threads = threads;
        if (allocator is not null)
        {
            _source = new(allocator);
            allocator.BeginUse();
        }

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

    /// <inheritdoc/>
    public override bool WarnOnEmpty
    {
        get
        {
            ThrowIfDisposed();
            return _warnOnEmpty;
        }

        set
        {
            ThrowIfDisposed();
            _warnOnEmpty = value;
        }
    }

    /// <inheritdoc/>
    public override MemoryPoolStatistics Statistics
    {
        get
        {
            ThrowIfDisposed();
            lock (_lock)
            {
                return _statistics;
            }
        }
    }

    /// <inheritdoc/>
    internal override bool BacksBlocks => _source?.Allocator.BacksBlocks ?? SystemMemory.CanReserve(_settings.Upper);

    /// <summary>
    /// A slice of filling the pool: makes a block that nobody waits for, or puts some of its pages in place. Says
    /// whether there is more to do.
    /// </summary>
    internal bool RefillMore()
    {
        bool ended;
        lock (_lock)
        {
            ended = _ended;
            _refilling = _filling is not null || (!ended && (ulong)_statistics.Free < _settings.Initial);
            if (!_refilling)
            {
                return false;
            }
        }

        if (_filling is null)
        {
            _filled = 0;
            _filling = MakeSpareBlock();
        }

        if (_filling is not null && !ended && !FillMore(_filling))
        {
            return true;
        }

        PoolBlock? block = _filling;
        _filling = null;
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
    internal override void Back(in MemoryBlock block, long end)
    {
        if (block.Owner is PoolBlock poolBlock && poolBlock.Pool == this)
        {
            BackOfSource(poolBlock.Memory, end);
        }
        else
        {
            BackOfSource(block, end);
        }
    }

    /// <inheritdoc/>
    internal override void Populate(in MemoryBlock block, long from, long to)
    {
        if (block.Owner is PoolBlock poolBlock && poolBlock.Pool == this)
        {
            PopulateOfSource(poolBlock.Memory, from, to);
        }
        else
        {
            PopulateOfSource(block, from, to);
        }
    }

    /// <inheritdoc/>
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

            refill = !_refilling && !_ended && (ulong)_statistics.Free < _settings.LowWater;
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

    internal override void BeginUse()
    {
        lock (_lock)
        {
            _users++;
        }
    }

    internal override void EndUse(bool wait)
    {
        lock (_lock)
        {
            if (--_users != 0)
            {
                return;
            }
        }

        End(wait);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (!disposing)
        {
            End(wait: false);
        }
        else if (Interlocked.Exchange(ref _disposals, 1) == 0)
        {
            _log.SayLeftOut();
            _log.Flush();
            EndUse(wait: true);
        }
    }

    /// <summary>Gives up what the pool holds. Blocks that heaps hold go back to the base allocator from now on.</summary>
    private void End(bool wait)
    {
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

        for (; block is not null; block = block.Next)
        {
            FreeToSource(block.Memory);
        }

        _source?.Allocator.EndUse(wait);
        _threads?.Release(wait);
    }

    private static MemoryAllocator? ForManaged(MemoryAllocator? allocator) => allocator?.IsNative != true
        ? allocator
        : throw new ArgumentException(
            $"{allocator.GetType().Name} gives memory to native code only; the base of a {nameof(ManagedMemoryPool)} " +
            "cannot be one.",
            nameof(allocator));

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

            PopulateOfSource(block.Memory, 0, (long)_settings.Upper);
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
                    $"the memory pool is empty: {size} bytes are wanted, and memory is allocated at once (more initial blocks, or a higher lowWater, avoid that)"));
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

    /// <summary>
    /// A block that nobody waits for: all of it will be used, so it gets huge pages where there are any.
    /// </summary>
    private PoolBlock? MakeSpareBlock()
    {
        PoolBlock? block = MakeBlock();
        long whole = (long)_settings.Upper & ~((long)HugePages.Size - 1);
        if (block is not null && whole != 0)
        {
            BackOfSource(block.Memory, whole);
        }

        return block;
    }

    /// <summary>Puts more pages of a block in place; whether all of them are now.</summary>
    private bool FillMore(PoolBlock block)
    {
        long end = Math.Min(_filled + PopulateBytes, (long)_settings.Upper);
        PopulateOfSource(block.Memory, _filled, end);
        _filled = end;
        return end == (long)_settings.Upper;
    }

    private void BackOfSource(in MemoryBlock memory, long end)
    {
        if (_source is not null)
        {
            _source.Allocator.Back(memory, end);
        }
        else if (SystemMemory.CanReserve((ulong)memory.Size))
        {
            SystemMemory.Back((byte*)memory.Address, (nuint)end);
        }
    }

    private void PopulateOfSource(in MemoryBlock memory, long from, long to)
    {
        if (_source is not null)
        {
            _source.Allocator.Populate(memory, from, to);
        }
        else
        {
            SystemMemory.Populate((byte*)memory.Address + from, (nuint)(to - from));
        }
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

/// <summary>A block of a memory pool's size, and the owner of the block that users see.</summary>
internal sealed class PoolBlock(ManagedMemoryPool pool, in MemoryBlock memory)
{
    public ManagedMemoryPool Pool { get; } = pool;

    /// <summary>As the pool got it.</summary>
    public MemoryBlock Memory { get; } = memory;

    /// <summary>The block that waits behind this one.</summary>
    public PoolBlock? Next { get; set; }
}

/// <summary>Fills a memory pool, a slice at a time, so that the sources of the same thread get theirs.</summary>
internal sealed class PoolRefill(ManagedMemoryPool pool) : LoopTask
{
    private EventLoop? _loop;

    /// <summary>Has the pool filled. Not while that is under way.</summary>
    public void Begin(EventLoop loop)
    {
        _loop = loop;
        loop.Post(this);
    }

    public override void Run()
    {
        if (pool.RefillMore())
        {
            _loop!.Post(this);
        }
    }
}
