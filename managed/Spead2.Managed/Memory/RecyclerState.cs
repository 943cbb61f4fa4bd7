// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>State of the recycler, for the whole process.</summary>
internal record struct RecyclerState
{
    /// <summary>Bytes committed to heaps now; what is real may be less.</summary>
    public ulong UsedBytes { get; set; }

    /// <summary>Bytes of blocks that wait to be used again, as far as they are real.</summary>
    public ulong CachedBytes { get; set; }

    /// <summary>Largest value that <see cref="CachedBytes"/> may take.</summary>
    public ulong CacheLimit { get; set; }

    /// <summary>Blocks taken from the cache since the start of the process.</summary>
    public long Hits { get; set; }

    /// <summary>Blocks asked from the operating system since the start of the process.</summary>
    public long Misses { get; set; }
}
