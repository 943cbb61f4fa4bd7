// SPDX-License-Identifier: MIT

using Spead2.Managed.Linux;

namespace Spead2.Managed;

/// <summary>
/// The default memory of heap payloads, for the whole process. Blocks of finished heaps are kept by size class and used
/// again, so that a running stream does not pay for page faults on every heap. What is kept is bounded, released to
/// the operating system when it was not used for <see cref="IdleSeconds"/> to twice that, and released at once when
/// the last pool of I/O threads has gone. (spead2's manual, section "Memory allocators", asks users to set up a pool for
/// this.) Any thread.
/// </summary>
internal static unsafe class Recycler
{
    /// <summary>
    /// Unused blocks are looked at this often. Long enough for a correlator that dumps every few seconds to find its
    /// memory again.
    /// </summary>
    public const int IdleSeconds = 5;

    /// <summary>1 GiB.</summary>
    public const ulong DefaultCacheLimit = 1UL << 30;

    private const long IdleMilliseconds = IdleSeconds * 1000;

    // What a block is at least real with once that has been written to it.
    private const ulong PageBytes = 4096;

    // A block that heaps of single packets have spread over is worth little more than its address space: it is kept for
    // the next such heap, which then costs no system call, as long as so many bytes of it are real, and as long as so
    // many blocks of less than half their size are kept.
    private const ulong MostSparseBytes = 256 << 10;
    private const ulong MostColdBlocks = 256;

    private static readonly SizeClass[] Classes =
        [.. Enumerable.Range(0, SizeClasses.Count).Select(index => new SizeClass(index))];

    private static ulong _cacheLimit = DefaultCacheLimit;

    // Of large blocks: real bytes of those that are kept, usable ones of those in use, cold ones among the kept.
    private static long _largeCachedBytes;
    private static long _largeUsedBytes;
    private static long _coldBlocks;
    private static long _obtainedBlocks;
    private static int _users;
    private static long _nextLook;

    /// <summary>
    /// Bytes of unused blocks that may be kept: one half of them for blocks of more than 256 KiB, the other in equal
    /// shares for each size class of smaller ones. A lower limit takes effect as blocks come and go.
    /// </summary>
    public static ulong CacheLimit
    {
        get => Volatile.Read(ref _cacheLimit);
        set => Volatile.Write(ref _cacheLimit, value);
    }

    /// <summary>Whether there are blocks in use or kept, which will need the idle work some time.</summary>
    public static bool IsIdleWorkPending => Volatile.Read(ref _obtainedBlocks) != 0 || RecordsWait();

    /// <summary>Whether there are recycled records of heaps, of which this layer knows nothing else.</summary>
    public static Func<bool> RecordsWait { get; set; } = static () => false;

    /// <summary>Ages such records.</summary>
    public static Action AgeRecords { get; set; } = static () => { };

    /// <summary>Whether there are users, without whom no blocks are kept.</summary>
    internal static bool HasUsers => Volatile.Read(ref _users) != 0;

    /// <summary>What there is now.</summary>
    public static RecyclerState State
    {
        get
        {
            RecyclerState state = new()
            {
                CacheLimit = CacheLimit,
                UsedBytes = (ulong)Volatile.Read(ref _largeUsedBytes),
                CachedBytes = (ulong)Volatile.Read(ref _largeCachedBytes),
            };
            foreach (SizeClass sizeClass in Classes)
            {
                state.UsedBytes += sizeClass.SmallUsedBytes;
                state.CachedBytes += sizeClass.SmallCachedBytes;
                state.Hits += sizeClass.Hits;
                state.Misses += sizeClass.Misses;
            }

            return state;
        }
    }

    /// <summary>
    /// A block that may come to have <paramref name="size"/> bytes, of which at least <paramref name="usable"/> may be
    /// written to now; false if there is no memory.
    /// </summary>
    public static bool TryTake(ulong size, ulong usable, out PayloadBlock block)
    {
        int index = SizeClasses.IndexOf(size);
        if (index >= Classes.Length || SizeClasses.SizeOf(index) > nuint.MaxValue - SystemMemory.WholePages(1) ||
            !Classes[index].TryAllocate(out block))
        {
            block = default;
            return false;
        }

        if (TryWiden(ref block, usable))
        {
            return true;
        }

        Give(block);
        block = default;
        return false;
    }

    /// <summary>
    /// Makes at least so many bytes of a block usable: at most its size, in whole huge pages where it has any. False,
    /// and no change, if there is no memory.
    /// </summary>
    public static bool TryWiden(ref PayloadBlock block, ulong usable)
    {
        if (usable <= block.Usable)
        {
            return true;
        }

        // Twice of what there is, so that packets far apart do not each cost a system call.
        ulong least = SystemMemory.WholePages((nuint)usable);
        ulong doubled = Math.Min(2 * block.Usable, SystemMemory.WholePages((nuint)block.Size));
        return (doubled > least && TryCommit(ref block, doubled)) || TryCommit(ref block, least);
    }

    /// <summary>
    /// Lets huge pages back the start of a block as far as they fit below <paramref name="end"/>, and counts that as
    /// warm.
    /// </summary>
    public static void Back(ref PayloadBlock block, ulong end)
    {
        ulong whole = Math.Min(end, block.Usable) & ~(HugePages.Size - 1UL);
        if (whole > block.Warm)
        {
            SystemMemory.Back(block.Memory, (nuint)whole);
            block.Warm = whole;
        }
    }

    /// <summary>Takes a block back.</summary>
    public static void Give(in PayloadBlock block) => Classes[SizeClasses.IndexOf(block.Size)].Free(block);

    /// <summary>Blocks are kept only while there are users, which call the idle work: the pools of threads.</summary>
    public static void AddUser()
    {
        if (Interlocked.Increment(ref _users) == 1)
        {
            Volatile.Write(ref _nextLook, Environment.TickCount64 + IdleMilliseconds);
        }
    }

    /// <inheritdoc cref="AddUser"/>
    public static void RemoveUser()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            Trim();
        }
    }

    /// <summary>Gives all unused blocks back now.</summary>
    public static void Trim()
    {
        AgeAll();
        AgeAll();
    }

    /// <summary>Releases what stayed unused for long, if it is time for that. To be called about every second.</summary>
    public static void IdleWork()
    {
        long now = Environment.TickCount64;
        long due = Volatile.Read(ref _nextLook);
        if (now >= due && Interlocked.CompareExchange(ref _nextLook, now + IdleMilliseconds, due) == due)
        {
            AgeAll();
        }
    }

    internal static void CountObtained(long blocks) => Interlocked.Add(ref _obtainedBlocks, blocks);

    internal static void CountLargeUsed(long bytes) => Interlocked.Add(ref _largeUsedBytes, bytes);

    /// <summary>Counts a large block that is to be kept, unless there is no room for it.</summary>
    internal static bool TryKeepLarge(in FreeBlock block, ulong size)
    {
        bool cold = IsCold(block, size);
        if (!HasUsers || block.Sparse > Math.Max(block.Warm, MostSparseBytes) ||
            (cold && !TryAdd(ref _coldBlocks, 1, MostColdBlocks)))
        {
            return false;
        }

        if (TryAdd(ref _largeCachedBytes, (long)RealBytes(block, size), CacheLimit / 2))
        {
            return true;
        }

        if (cold)
        {
            Interlocked.Decrement(ref _coldBlocks);
        }

        return false;
    }

    /// <summary>The opposite: a block that was kept is so no more.</summary>
    internal static void CancelKeepLarge(in FreeBlock block, ulong size)
    {
        Interlocked.Add(ref _largeCachedBytes, -(long)RealBytes(block, size));
        if (IsCold(block, size))
        {
            Interlocked.Decrement(ref _coldBlocks);
        }
    }

    /// <summary>Makes a block usable up to whole huge pages.</summary>
    private static bool TryCommit(ref PayloadBlock block, ulong end)
    {
        if (!SystemMemory.TryCommit(block.Memory, (nuint)block.Usable, (nuint)end))
        {
            return false;
        }

        CountLargeUsed((long)(end - block.Usable));
        block.Usable = end;
        return true;
    }

    private static ulong RealBytes(in FreeBlock block, ulong size) =>
        Math.Min(Math.Max(block.Warm, PageBytes) + block.Sparse, size);

    private static bool IsCold(in FreeBlock block, ulong size) => RealBytes(block, size) < size / 2;

    /// <summary>Adds to a counter unless that brings it over its limit.</summary>
    private static bool TryAdd(ref long counter, long amount, ulong limit)
    {
        if ((ulong)Interlocked.Add(ref counter, amount) <= limit)
        {
            return true;
        }

        Interlocked.Add(ref counter, -amount);
        return false;
    }

    private static void AgeAll()
    {
        AgeRecords();
        foreach (SizeClass sizeClass in Classes)
        {
            if (sizeClass.HasBlocks)
            {
                sizeClass.Age();
            }
        }
    }
}

/// <summary>State of the recycler, for the whole process.</summary>
internal record struct RecyclerState
{
    /// <summary>Bytes committed to heaps now; what is real may be less.</summary>
    public ulong UsedBytes { get; set; }

    /// <summary>Bytes of recycled blocks, as far as they are real.</summary>
    public ulong CachedBytes { get; set; }

    /// <summary>Largest value that <see cref="CachedBytes"/> may take.</summary>
    public ulong CacheLimit { get; set; }

    /// <summary>Blocks taken from the cache since the start of the process.</summary>
    public long Hits { get; set; }

    /// <summary>Blocks asked from the operating system since the start of the process.</summary>
    public long Misses { get; set; }
}
