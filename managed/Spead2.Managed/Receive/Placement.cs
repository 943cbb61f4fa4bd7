// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>Where the payload of a heap belongs, or why nowhere.</summary>
internal struct Placement
{
    /// <summary>Placed; otherwise what the heap counts as.</summary>
    public const Statistic Placed = (Statistic)(-1);

    /// <summary><see cref="Placed"/>, or what the heap counts as.</summary>
    public Statistic Outcome;

    public long ChunkId;
    public ulong HeapIndex;
    public ulong HeapOffset;
    public ulong ExtraOffset;
    public ulong ExtraSize;

    /// <summary>A heap that has no place.</summary>
    public static Placement None(Statistic reason) => new() { Outcome = reason };
}
