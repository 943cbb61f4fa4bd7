// SPDX-License-Identifier: MIT

using Spead2.Chunks;

namespace Spead2.Managed;

/// <summary>What a group is made with, beside its chunks. Valid.</summary>
/// <param name="MaxChunks">Chunks of the window.</param>
/// <param name="LineLimit">Chunks that may wait for the consumer until the end.</param>
/// <param name="Members">Streams that there will be.</param>
/// <param name="IsLossless">Whether the window waits for each member.</param>
/// <param name="MemberTimeout">How long for a silent one, in nanoseconds.</param>
internal sealed record ChunkWindowOptions(
    int MaxChunks, long LineLimit, int Members, bool IsLossless, long MemberTimeout)
{
    /// <summary>A timeout that never comes.</summary>
    public const long Never = long.MaxValue;

    /// <summary>Those of a user of .NET.</summary>
    public static ChunkWindowOptions Of(ChunkGroupOptions options) => new(
        options.MaxChunks,
        options.DataRingCapacity,
        options.Members,
        options.Eviction == ChunkEviction.Lossless,
        options.MemberTimeout == Timeout.InfiniteTimeSpan ? Never : (long)options.MemberTimeout.TotalNanoseconds);
}
