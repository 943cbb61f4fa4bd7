// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Chunks;

/// <summary>What an engine has to do for a sequence of chunks.</summary>
internal abstract class ChunkEngine : IChunkOwner
{
    /// <summary>The waiters for chunks.</summary>
    public abstract ReadQueue<Chunk> Queue { get; }

    /// <summary>The statistics.</summary>
    public abstract ChunkGroupStatistics ReadStatistics();

    /// <summary>Makes a stream that places its heaps in the chunks, by valid options.</summary>
    /// <exception cref="InvalidOperationException">The group has all of its streams, or has ended.</exception>
    public abstract ReceiveStreamBase AddStream(
        ChunkOptions chunks, ReceiveStreamOptions options, ILogger? logger, IoThreadPool? pool);

    /// <summary>Stops all streams and ends the sequence.</summary>
    public abstract void Stop(bool drain);

    /// <inheritdoc/>
    public abstract void Return(Chunk chunk);

    /// <inheritdoc/>
    public abstract void Free(Chunk chunk);

    /// <summary>Frees the chunks that no consumer has; those that one has when it disposes them. Once, after a stop.</summary>
    public abstract void Free();
}
