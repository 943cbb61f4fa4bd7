// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Chunks;

/// <summary>Streams that native code receives, and that place their heaps in one sequence of chunks.</summary>
/// <inheritdoc cref="ChunkReaderBase" path="/remarks"/>
public sealed class ChunkGroup : ChunkGroupBase
{
    /// <summary>Makes a group and its chunks.</summary>
    /// <param name="options">Options of the sequence of chunks.</param>
    /// <param name="memory">
    /// Where chunks live, each as long as the group; the operating system's memory if left out.
    /// </param>
    /// <exception cref="ArgumentException">An option breaks its rule.</exception>
    /// <exception cref="Spead2Exception">There is not enough memory.</exception>
    /// <exception cref="DllNotFoundException">The native library is missing or does not fit.</exception>
    public ChunkGroup(ChunkGroupOptions options, MemoryAllocator? memory = null)
        : base(new NativeChunks(options, memory), options)
    {
    }
}
