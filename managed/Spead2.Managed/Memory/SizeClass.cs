// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Spead2.Managed;

/// <summary>
/// Blocks of one size. They are freed by any thread onto a list without a lock; the thread that allocates takes that list as a
/// whole when its own is empty. What was unused at the last look is used last, and released to the operating system
/// if it is still unused at the next look.
/// </summary>
internal sealed unsafe class SizeClass
{
    // A list's first block and its length stand in one number, which changes atomically.
    private const int AddressBits = 48;
    private const ulong AddressMask = (1UL << AddressBits) - 1;
    private const ulong LongestList = 65535;

    // Part of its share that a small class may keep on the list of returned blocks without counting the others.
    private const ulong UncountedShare = 8;

    private readonly Lock _lock = new();
    private readonly ulong _size;
    private readonly bool _isLarge;

    // Blocks are reserved, and committed as they are needed.
    private readonly bool _isReserved;

    // Under the lock:
    private FreeBlock* _ready;
    private FreeBlock* _idle;
    private long _taken;
    private long _hits;

    // Blocks from the operating system, now.
    private long _obtained;

    private ReturnedBlocks _returned;

    public SizeClass(int index)
    {
        _size = SizeClasses.SizeOf(index);
        _isLarge = index >= SizeClasses.SmallCount;
        _isReserved = SystemMemory.CanReserve(_size);
    }

    /// <summary>Blocks that were handed out, ever, and had been used before.</summary>
    public long Hits => Volatile.Read(ref _hits);

    /// <summary>Blocks that had to be asked from the operating system, ever.</summary>
    public long Misses => Math.Max(0, Volatile.Read(ref _taken) - Hits);

    /// <summary>
    /// Bytes in small blocks that are in use. Counters change while they are read, but it is never below zero.
    /// </summary>
    public ulong SmallUsedBytes => _isLarge ? 0 : UsedBlocks * _size;

    /// <summary>Bytes in small recycled blocks.</summary>
    public ulong SmallCachedBytes => _isLarge ? 0 : CachedBlocks * _size;

    public bool HasBlocks => Volatile.Read(ref _obtained) != 0;

    private ulong UsedBlocks
    {
        get
        {
            long given = Volatile.Read(ref _returned.Given);
            return (ulong)Math.Max(0, Volatile.Read(ref _taken) - given);
        }
    }

    private ulong CachedBlocks => (ulong)Math.Max(0, Volatile.Read(ref _obtained) - (long)UsedBlocks);

    /// <summary>A block, of which perhaps nothing is usable yet; false if there is no memory.</summary>
    public bool TryAllocate(out PayloadBlock block)
    {
        block = new() { Size = _size, Usable = _isReserved ? 0 : _size };
        lock (_lock)
        {
            FreeBlock* kept = PopBlock();
            block.Memory = (byte*)kept;
            if (kept is not null)
            {
                _hits++;
                if (_isLarge)
                {
                    Recycler.CancelKeepLarge(*kept, _size);
                    (block.Usable, block.Warm, block.Sparse) = (kept->Usable, kept->Warm, kept->Sparse);
                }
            }
            else if (!TryObtain(out block.Memory))
            {
                return false;
            }

            _taken++;
        }

        if (_isLarge)
        {
            Recycler.CountLargeUsed((long)block.Usable);
        }

        return true;
    }

    /// <summary>Takes a block back.</summary>
    public void Free(in PayloadBlock block)
    {
        ulong list = Volatile.Read(ref _returned.List);
        Interlocked.Increment(ref _returned.Given);
        FreeBlock now = new() { Usable = block.Usable, Warm = block.Warm, Sparse = block.Sparse };
        if (_isLarge)
        {
            Recycler.CountLargeUsed(-(long)block.Usable);
        }

        if (block.Usable == 0 || !MayKeep(now, list >> AddressBits))
        {
            GiveBack((FreeBlock*)block.Memory);
            return;
        }

        FreeBlock* kept = (FreeBlock*)block.Memory;
        *kept = now;
        ulong seen = list;
        do
        {
            list = seen;
            kept->Next = (FreeBlock*)(list & AddressMask);
            ulong longer = (ulong)kept | (((list >> AddressBits) + 1) << AddressBits);
            seen = Interlocked.CompareExchange(ref _returned.List, longer, list);
        }
        while (seen != list);

        // The last user may have left, and released everything, just before the block was kept.
        if (!Recycler.HasUsers)
        {
            Age();
            Age();
        }
    }

    /// <summary>Gives the idle blocks back and makes all that are unused now the idle ones.</summary>
    public void Age()
    {
        FreeBlock* old;
        lock (_lock)
        {
            old = _idle;
            _idle = null;
            FreeBlock* aged = null;
            for (FreeBlock* block = PopBlock(); block is not null; block = PopBlock())
            {
                block->Next = aged;
                aged = block;
            }

            _idle = aged;
        }

        while (old is not null)
        {
            FreeBlock* next = old->Next;
            if (_isLarge)
            {
                Recycler.CancelKeepLarge(*old, _size);
            }

            GiveBack(old);
            old = next;
        }
    }

    /// <summary>The next block of the lists, or null. Under the lock.</summary>
    private FreeBlock* PopBlock()
    {
        if (_ready is null && Volatile.Read(ref _returned.List) != 0)
        {
            _ready = (FreeBlock*)(Interlocked.Exchange(ref _returned.List, 0) & AddressMask);
        }

        FreeBlock* block;
        if (_ready is not null)
        {
            block = _ready;
            _ready = block->Next;
        }
        else
        {
            block = _idle;
            _idle = block is null ? null : block->Next;
        }

        return block;
    }

    /// <summary>A block of the operating system's.</summary>
    private bool TryObtain(out byte* memory)
    {
        memory = _isReserved ? SystemMemory.Reserve((nuint)_size) : SystemMemory.Allocate((nuint)_size);
        if (memory is null)
        {
            return false;
        }

        Recycler.CountObtained(1);
        Interlocked.Increment(ref _obtained);
        return true;
    }

    private void GiveBack(FreeBlock* block)
    {
        Interlocked.Decrement(ref _obtained);
        Recycler.CountObtained(-1);
        SystemMemory.Free((byte*)block, (nuint)_size);
    }

    /// <summary>
    /// Whether one more block may be kept, given how many are on the list of returned ones; counts it among the large
    /// ones if so.
    /// </summary>
    private bool MayKeep(in FreeBlock block, ulong returned)
    {
        if (!Recycler.HasUsers || returned >= LongestList)
        {
            return false;
        }

        if (_isLarge)
        {
            return Recycler.TryKeepLarge(block, _size);
        }

        ulong share = Recycler.CacheLimit / 2 / SizeClasses.SmallCount;
        return (returned + 1) * _size <= share / UncountedShare ||
            (CachedBlocks + 1) * _size <= share - share / UncountedShare;
    }
}

/// <summary>What stands at the start of a recycled block.</summary>
internal unsafe struct FreeBlock
{
    public FreeBlock* Next;

    /// <summary>As in <see cref="PayloadBlock"/>, like the others; of large blocks only.</summary>
    public ulong Usable;

    public ulong Warm;

    public ulong Sparse;
}

/// <summary>
/// The side of a size class that threads that free blocks change, on other processors than threads that allocate: it stands
/// two cache lines apart from everything else, as lines are fetched in pairs.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 3 * Apart)]
internal struct ReturnedBlocks
{
    private const int Apart = 128;

    /// <summary>A list: the address of its first block, and above <see cref="SizeClass"/>'s address bits its length.</summary>
    [FieldOffset(Apart)]
    public ulong List;

    /// <summary>Blocks taken back, ever.</summary>
    [FieldOffset(Apart + sizeof(ulong))]
    public long Given;
}
