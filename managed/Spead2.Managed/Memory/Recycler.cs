// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>
/// The default memory of heap payloads, for the whole process. Blocks of finished heaps are kept by size class and used
/// again, so that a running stream does not pay for page faults on every heap. What is kept is bounded, given back to
/// the operating system when it was not used for <see cref="IdleSeconds"/> to twice that, and given back at once when
/// the last pool of I/O threads has gone. (receiving.txt, section "Memory allocators", asks users to set up a pool for
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

    private static readonly SizeClass[] Classes =
        [.. Enumerable.Range(0, SizeClasses.Count).Select(index => new SizeClass(index))];

    private static ulong _cacheLimit = DefaultCacheLimit;
    private static long _largeCachedBytes;
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
    public static bool IsIdleWorkPending => Volatile.Read(ref _obtainedBlocks) != 0 || LiveHeapPool.HasHeaps;

    /// <summary>Whether there are users, without whom no blocks are kept.</summary>
    internal static bool HasUsers => Volatile.Read(ref _users) != 0;

    /// <summary>What there is now.</summary>
    public static RecyclerState State
    {
        get
        {
            RecyclerState state = new() { CacheLimit = CacheLimit };
            foreach (SizeClass sizeClass in Classes)
            {
                state.UsedBytes += sizeClass.UsedBytes;
                state.CachedBytes += sizeClass.CachedBytes;
                state.Hits += sizeClass.Hits;
                state.Misses += sizeClass.Misses;
            }

            return state;
        }
    }

    /// <summary>At least <paramref name="size"/> bytes; null if there is no memory.</summary>
    public static byte* Allocate(ulong size)
    {
        int index = SizeClasses.IndexOf(size);
        return index >= Classes.Length || SizeClasses.SizeOf(index) > nuint.MaxValue
            ? null
            : Classes[index].Allocate();
    }

    /// <summary>Takes a block back; <paramref name="size"/> as it was asked for. Null is allowed.</summary>
    public static void Free(byte* block, ulong size)
    {
        if (block is not null)
        {
            Classes[SizeClasses.IndexOf(size)].Free(block);
        }
    }

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

    /// <summary>Gives back what stayed unused for long, if it is time for that. To be called about every second.</summary>
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

    /// <summary>Counts a large block that is to be kept, unless there is no room under the limit.</summary>
    internal static bool TryKeepLarge(ulong size, ulong limit)
    {
        if ((ulong)Interlocked.Add(ref _largeCachedBytes, (long)size) <= limit)
        {
            return true;
        }

        CancelKeepLarge(size);
        return false;
    }

    internal static void CancelKeepLarge(ulong size) => Interlocked.Add(ref _largeCachedBytes, -(long)size);

    private static void AgeAll()
    {
        LiveHeapPool.Age();
        foreach (SizeClass sizeClass in Classes)
        {
            if (sizeClass.HasBlocks)
            {
                sizeClass.Age();
            }
        }
    }
}
