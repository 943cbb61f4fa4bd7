// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Chunks;

/// <summary>
/// Several streams that place their heaps in one sequence of chunks (spead2: <c>ChunkStreamRingGroup</c>), each on a thread
/// that receives its packets.
/// </summary>
/// <inheritdoc cref="ChunkReaderBase" path="/remarks"/>
public abstract class ChunkGroupBase : ChunkReaderBase
{
    private readonly ChunkGroupOptions _options;

    private protected ChunkGroupBase(ChunkEngine engine, ChunkGroupOptions options)
        : base(engine) => _options = options;

    /// <summary>
    /// Makes a stream of the group. Its heaps cannot be read: they are in the chunks. Give all streams to the group before
    /// packets come, for example with <see cref="ReceiveStreamOptions.ExplicitStart"/>, so that none comes too late. The
    /// stream is the caller's to dispose, before the group or after it. One that ends does not keep the others waiting.
    /// </summary>
    /// <param name="chunks">How the stream places its heaps.</param>
    /// <param name="options">Options of the stream; the defaults if left out.</param>
    /// <param name="logger">Receives the stream's messages; without one, warnings go to standard error.</param>
    /// <param name="pool">
    /// Threads that receive the packets; one thread of the stream's own if left out, which a group needs to be fast.
    /// </param>
    /// <exception cref="ArgumentException">An option breaks its rule.</exception>
    /// <exception cref="InvalidOperationException">The group has all of its streams (<see cref="ChunkGroupOptions.Members"/>), or has ended.</exception>
    /// <exception cref="ObjectDisposedException">The group has been disposed.</exception>
    public ReceiveStreamBase AddStream(
        ChunkOptions chunks, ReceiveStreamOptions? options = null, ILogger? logger = null, IoThreadPool? pool = null)
    {
        ArgumentNullException.ThrowIfNull(chunks);
        options?.Validate();
        chunks.Validate(_options);
        ThrowIfDisposed();
        return MakeStream(chunks, options, logger, pool);
    }
}
