// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Receive;

/// <summary>A memory pool for the payload of heaps.</summary>
/// <param name="Lower">Smallest size in bytes that it serves.</param>
/// <param name="Upper">Largest, and the size of its blocks.</param>
/// <param name="MaxFree">Most blocks that wait in it.</param>
/// <param name="Initial">Blocks to start with.</param>
internal sealed record MemoryPoolOptions(long Lower, long Upper, int MaxFree, int Initial);
