// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>
/// How much has been written between two uses of a block: whether its lines are in the caches when the next heap is
/// written to it. That depends on what the consumer does with heaps, and is found out by looking. Under the lock of its
/// owner.
/// </summary>
internal sealed class BlockReuse
{
    /// <summary>Smaller blocks are not looked at.</summary>
    public const ulong Least = 16 << 10;

    private const ulong MostCached = 16 << 20;

    // Of the last-level cache a stream has this part to itself at best.
    private const ulong CacheShare = 2;

    // Streams tell each other how much they have written in steps of this many bytes, so that they do not contend for
    // the sum.
    private const ulong CountedStep = MostCached / 64;

    // Blocks are often a fixed distance apart, for which one multiplication may give few places.
    private const ulong HashMultiplier = 0x9e3779b97f4a7c15;

    // By all streams.
    private static ulong _written;

    // By a hash of the address; so many blocks of the least size fit into what the caches are taken to hold.
    private readonly Entry[] _entries = new Entry[MostCached / Least];

    private ulong _uncounted;
    private bool _isFar;

    /// <summary>
    /// Bytes between two uses of a block that are too many for the caches; <see cref="ulong.MaxValue"/> where nothing is
    /// known of these.
    /// </summary>
    public static ulong Far { get; } =
        LastCache.Size == 0 ? ulong.MaxValue : Math.Min(LastCache.Size / CacheShare, MostCached);

    /// <summary>A block is taken.</summary>
    /// <returns>True if its lines are not in the caches.</returns>
    public bool Take(nint block)
    {
        ulong now = Volatile.Read(ref _written) + _uncounted;
        ulong once = (ulong)block * HashMultiplier;
        ulong hash = (once ^ once >> 32) * HashMultiplier;
        ref Entry entry = ref _entries[(hash >> 32) % (ulong)_entries.Length];
        bool isOld = now - entry.Written > Far;
        if (entry.Block == block || isOld)
        {
            // An entry that is some other block's, and not old, tells nothing of this one, which then is taken to be as
            // the one before.
            _isFar = isOld;
        }

        entry = new(block, now);
        return _isFar;
    }

    /// <summary>So many bytes have been written to a block: not what packets announce.</summary>
    public void Add(ulong bytes)
    {
        _uncounted += bytes;
        if (_uncounted >= CountedStep)
        {
            _ = Interlocked.Add(ref _written, _uncounted);
            _uncounted = 0;
        }
    }

    // Written: by all streams, before the block was taken.
    private readonly record struct Entry(nint Block, ulong Written);
}
