// SPDX-License-Identifier: MIT

namespace Spead2.Chunks;

/// <summary>What became of the chunks of a group at one moment. What became of heaps is in the statistics of its streams.</summary>
/// <param name="ChunksEmitted">Chunks that left the window for the consumer.</param>
/// <param name="ChunksDropped">Chunks of the window that a stop has dropped.</param>
/// <param name="IdsSkipped">Numbers between chunks that were emitted of which there is no chunk.</param>
/// <param name="WaitsForRoom">Times that a stream found as many chunks waiting for the consumer as may.</param>
/// <param name="WaitsForFree">Times that a stream found no free chunk.</param>
/// <param name="WaitsForMembers">Times that a stream was ahead of another one, and had to wait for it.</param>
/// <param name="MemberTimeouts">Times that streams did not wait any longer for a silent one.</param>
/// <param name="FreeChunks">Chunks that wait for heaps now.</param>
/// <param name="ReadyChunks">Chunks that wait for the consumer now.</param>
public readonly record struct ChunkGroupStatistics(
    long ChunksEmitted,
    long ChunksDropped,
    long IdsSkipped,
    long WaitsForRoom,
    long WaitsForFree,
    long WaitsForMembers,
    long MemberTimeouts,
    long FreeChunks,
    long ReadyChunks);
