// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;
using Spead2.Chunks;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>A sequence of chunks that is received without native code.</summary>
internal sealed class ManagedChunks : ChunkEngine
{
    private readonly ChunkGroup _group;
    private readonly ChunkBlocks _blocks;
    private readonly ManagedChunkQueue _queue;

    /// <param name="options">Options, which are checked.</param>
    /// <param name="memory">Where chunks live; the operating system's memory if null.</param>
    public ManagedChunks(ChunkGroupOptions options, MemoryAllocator? memory)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _blocks = new(options, memory);
        _group = new(ChunkWindowOptions.Of(options));
        for (int i = 0; i < options.ChunksMade; i++)
        {
            _group.AddFree(new(this, _blocks[i], i, options.Shape));
        }

        _queue = new(_group, options.SpinTime);
        _group.Ready = _queue.OnReady;
    }

    public override ReadQueue<Chunk> Queue => _queue;

    public override ChunkGroupStatistics ReadStatistics() => _group.Statistics;

    public override ReceiveStreamBase AddStream(
        ChunkOptions chunks, ReceiveStreamOptions options, ILogger? logger, IoThreadPool? pool) =>
        new ManagedReceiveStream(options, logger, pool, new ChunkMembership(_group, chunks));

    public override void Stop(bool drain) => _group.Stop(drain);

    public override void Return(Chunk chunk) => _group.Return(chunk);

    public override void Free(Chunk chunk) => _blocks.Free(chunk.Index);

    public override void Free()
    {
        _group.Free();
        _blocks.EndUse();
    }
}
