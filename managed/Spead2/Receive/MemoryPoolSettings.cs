// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>What a memory pool is to be like; the values agree with each other.</summary>
/// <param name="Lower">Smallest size in bytes that the pool serves.</param>
/// <param name="Upper">Largest, and the size of its blocks.</param>
/// <param name="MaxFree">Most blocks that wait in the pool.</param>
/// <param name="Initial">Blocks to start with.</param>
/// <param name="LowWater">With fewer blocks than this the pool is filled up to <paramref name="Initial"/>.</param>
internal readonly record struct MemoryPoolSettings(
    ulong Lower, ulong Upper, ulong MaxFree, ulong Initial, ulong LowWater);
