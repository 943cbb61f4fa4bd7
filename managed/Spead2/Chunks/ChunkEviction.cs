// SPDX-License-Identifier: MIT

namespace Spead2.Chunks;

/// <summary>When a chunk leaves the window of a group of streams.</summary>
public enum ChunkEviction
{
    /// <summary>
    /// As soon as any stream needs a newer chunk and the window is full: heaps of slower streams may come too late.
    /// </summary>
    Lossy,

    /// <summary>
    /// When every stream needs no heap of it any more. Streams that are ahead pause, at most for
    /// <see cref="ChunkGroupOptions.MemberTimeout"/> because of one that is silent.
    /// </summary>
    Lossless,
}
