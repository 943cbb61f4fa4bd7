// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>State of a memory pool at one moment.</summary>
/// <param name="Free">Blocks that wait in the pool.</param>
/// <param name="InUse">Blocks of the pool's size that heaps hold.</param>
/// <param name="Hits">Allocations that took a waiting block.</param>
/// <param name="Misses">Allocations that found the pool empty, so that a block was made at once.</param>
/// <param name="Outside">Allocations of a size that the pool does not serve.</param>
/// <param name="Refilled">Blocks made in the background.</param>
public readonly record struct MemoryPoolStatistics(
    long Free, long InUse, long Hits, long Misses, long Outside, long Refilled);
