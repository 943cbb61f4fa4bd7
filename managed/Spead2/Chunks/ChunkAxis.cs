// SPDX-License-Identifier: MIT

namespace Spead2.Chunks;

/// <summary>
/// One axis of a <see cref="ChunkLayout"/>: an item whose immediate value says where along it a heap lies. The value
/// <see cref="First"/> has index 0, each <see cref="Step"/> more is the next index; a heap with a value between or outside of
/// these is rejected.
/// </summary>
public sealed class ChunkAxis
{
    /// <summary>Most <see cref="Values"/>.</summary>
    public const int MostValues = 1 << 20;

    /// <summary>Identifier of the item, also a special one: 1 is the heap cnt.</summary>
    public long ItemId { get; set; }

    /// <summary>Value of index 0. The first axis of a layout has <see cref="ChunkLayout.Origin"/> instead.</summary>
    public long First { get; set; }

    /// <summary>Between the values of neighbours. At least 1.</summary>
    public long Step { get; set; } = 1;

    /// <summary>Number of indices. At least 1.</summary>
    public long Count { get; set; } = 1;

    /// <summary>
    /// Instead of <see cref="First"/>, <see cref="Step"/> and <see cref="Count"/>: the value of each index, all different; for
    /// example the numbers of those antennas that take part. By default <c>null</c>.
    /// </summary>
    public IReadOnlyList<long>? Values { get; set; }

    /// <summary>
    /// Bytes of data from one index to the next. By default (<c>null</c>) what the axes behind this one need, so that heaps lie
    /// close together, those of the last axis side by side.
    /// </summary>
    public long? DataStride { get; set; }

    /// <summary>Presence flags from one index to the next. By default (<c>null</c>) likewise.</summary>
    public long? PresentStride { get; set; }

    /// <summary>Number of indices.</summary>
    internal long Length => Values?.Count ?? Count;
}
