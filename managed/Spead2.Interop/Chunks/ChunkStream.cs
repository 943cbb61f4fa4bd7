// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Chunks;

/// <summary>A stream that native code receives, and that places its heaps in chunks.</summary>
/// <inheritdoc cref="ChunkReaderBase" path="/remarks"/>
[SuppressMessage("Naming", "CA1711", Justification = "SPEAD calls it a stream.")]
public sealed class ChunkStream : ChunkStreamBase
{
    /// <summary>Makes a stream and its chunks.</summary>
    /// <param name="group">Options of the sequence of chunks.</param>
    /// <param name="chunks">How heaps are placed in them.</param>
    /// <param name="options">Options of the stream; the defaults if left out.</param>
    /// <param name="logger">Receives the stream's messages; without one, warnings go to standard error.</param>
    /// <param name="pool">Threads that receive the packets; one thread of the stream's own if left out.</param>
    /// <param name="memory">Where chunks live; the operating system's memory if left out.</param>
    /// <exception cref="ArgumentException">An option breaks its rule.</exception>
    /// <exception cref="ObjectDisposedException">The pool has been disposed.</exception>
    /// <exception cref="Spead2Exception">There is not enough memory.</exception>
    /// <exception cref="DllNotFoundException">The native library is missing or does not fit.</exception>
    public ChunkStream(
        ChunkGroupOptions group,
        ChunkOptions chunks,
        ReceiveStreamOptions? options = null,
        ILogger? logger = null,
        IoThreadPool? pool = null,
        MemoryAllocator? memory = null)
        : base(options => new NativeChunks(options, memory), group, chunks, options, logger, pool)
    {
    }
}
