// SPDX-License-Identifier: MIT

using Spead2.Chunks;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>Streams that are received without native code, and place their heaps in one sequence of chunks.</summary>
/// <inheritdoc cref="ChunkReaderBase" path="/remarks"/>
public sealed class ManagedChunkGroup : ChunkGroupBase
{
    /// <summary>Makes a group and its chunks.</summary>
    /// <param name="options">Options of the sequence of chunks.</param>
    /// <param name="memory">
    /// Where <see cref="Chunk.Data"/> lives, a block for each chunk as long as the group; the operating system's memory if left
    /// out.
    /// </param>
    /// <exception cref="ArgumentException">An option breaks its rule.</exception>
    /// <exception cref="Spead2Exception">There is not enough memory.</exception>
    public ManagedChunkGroup(ChunkGroupOptions options, MemoryAllocator? memory = null)
        : base(new ManagedChunks(options, memory), options)
    {
    }
}
