// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Chunks;

/// <summary>
/// A sequence of chunks that a consumer reads. What chunk streams and groups of both engines have in common.
/// </summary>
/// <remarks>
/// Threads: any, several at a time; several consumers get chunks in the order in which they asked. Chunks come in the order of
/// their numbers. A consumer that is slow fills the ring of chunks that wait, or uses up the free ones; then the streams pause,
/// and what does not fit the sockets' buffers is lost and counted.
/// </remarks>
public abstract class ChunkReaderBase : IDisposable, IAsyncDisposable
{
    // They receive as long as this object is in use, also where the program keeps none of them.
    private readonly List<ReceiveStreamBase> _streams = [];
    private int _disposed;

    private protected ChunkReaderBase(ChunkEngine engine) => Engine = engine;

    /// <summary>What became of the chunks.</summary>
    /// <exception cref="ObjectDisposedException">It has been disposed.</exception>
    public ChunkGroupStatistics ChunkStatistics
    {
        get
        {
            ThrowIfDisposed();
            return Engine.ReadStatistics();
        }
    }

    /// <summary>Whether all streams have ended and every chunk has been read.</summary>
    /// <exception cref="ObjectDisposedException">It has been disposed.</exception>
    public bool IsCompleted
    {
        get
        {
            ThrowIfDisposed();
            return Engine.Queue.IsCompleted;
        }
    }

    private protected ChunkEngine Engine { get; }

    /// <summary>Takes a chunk if one waits.</summary>
    /// <exception cref="ObjectDisposedException">It has been disposed.</exception>
    public bool TryRead([NotNullWhen(true)] out Chunk? chunk)
    {
        ThrowIfDisposed();
        return Engine.Queue.TryRead(out chunk) == ReadResult.Item;
    }

    /// <summary>Takes the next chunk, waiting for it for a time; false if there was none, or the streams have ended.</summary>
    /// <param name="chunk">The chunk.</param>
    /// <param name="timeout">From 0 to <see cref="int.MaxValue"/> ms, or infinite.</param>
    /// <exception cref="ObjectDisposedException">It has been disposed.</exception>
    public bool TryRead([NotNullWhen(true)] out Chunk? chunk, TimeSpan timeout)
    {
        if (timeout != Timeout.InfiniteTimeSpan && timeout.TotalMilliseconds is < 0 or > int.MaxValue)
        {
            throw new ArgumentOutOfRangeException(
                nameof(timeout), timeout, $"{nameof(timeout)} must be from 0 to {int.MaxValue} ms, or infinite.");
        }

        ThrowIfDisposed();
        chunk = Engine.Queue.Wait(timeout, CancellationToken.None);
        return chunk is not null;
    }

    /// <summary>Takes the next chunk, blocking the thread until there is one.</summary>
    /// <exception cref="StreamStoppedException">All streams have ended, and every chunk has been read.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">It has been disposed.</exception>
    public Chunk Read(CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        return Engine.Queue.Wait(Timeout.InfiniteTimeSpan, cancellationToken)
            ?? throw new StreamStoppedException("All streams have stopped and every chunk has been taken.");
    }

    /// <summary>Takes the next chunk as soon as there is one; null if all streams have ended and every chunk has been read.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">It has been disposed.</exception>
    public ValueTask<Chunk?> ReadAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        return Engine.Queue.ReadAsync(cancellationToken);
    }

    /// <summary>Takes all chunks, until all streams have ended. Each is the caller's to dispose.</summary>
    /// <exception cref="ObjectDisposedException">It has been disposed.</exception>
    public IEnumerable<Chunk> ReadAll(CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        return Enumerate(cancellationToken);
    }

    /// <inheritdoc cref="ReadAll"/>
    public IAsyncEnumerable<Chunk> ReadAllAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        return EnumerateAsync(cancellationToken);
    }

    /// <summary>
    /// Stops all streams for good. What waits for the consumer can still be read. Any thread; calling it again does nothing.
    /// </summary>
    /// <param name="drain">
    /// Whether the chunks of the window can be read, too, with the heaps that they have so far. By default they are dropped.
    /// </param>
    /// <exception cref="ObjectDisposedException">It has been disposed.</exception>
    [SuppressMessage("Naming", "CA1716", Justification = "spead2 calls it stop.")]
    public void Stop(bool drain = false)
    {
        ThrowIfDisposed();
        StopAll(drain);
    }

    /// <summary>
    /// Stops all streams, ends the reads in flight, and frees all chunks but those that consumers have: these are freed when
    /// they are disposed.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        StopAll(drain: false);
        DisposeStreams();
        Engine.Free();
        Engine.Queue.OnReady();
        Engine.Queue.Complete();
        GC.SuppressFinalize(this);
    }

    /// <summary>Does what <see cref="Dispose"/> does, without making the caller wait.</summary>
    [SuppressMessage("Usage", "CA1816", Justification = "Dispose does it.")]
    public ValueTask DisposeAsync() => new(Task.Run(Dispose));

    private protected void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);

    /// <summary>Makes a stream that places its heaps in the chunks, by valid options.</summary>
    private protected ReceiveStreamBase MakeStream(
        ChunkOptions chunks, ReceiveStreamOptions? options, ILogger? logger, IoThreadPool? pool)
    {
        ReceiveStreamBase stream = Engine.AddStream(chunks, options ?? new(), logger, pool);
        lock (_streams)
        {
            _streams.Add(stream);
        }

        return stream;
    }

    /// <summary>Disposes the streams that are not the user's to dispose.</summary>
    private protected virtual void DisposeStreams()
    {
    }

    private void StopAll(bool drain)
    {
        Engine.Stop(drain);
        ReceiveStreamBase[] streams;
        lock (_streams)
        {
            streams = [.. _streams];
        }

        // Those to which no packets come would not see that the sequence has ended.
        foreach (ReceiveStreamBase stream in streams)
        {
            stream.StopUnlessDisposed();
        }
    }

    private IEnumerable<Chunk> Enumerate(CancellationToken cancellationToken)
    {
        while (Engine.Queue.Wait(Timeout.InfiniteTimeSpan, cancellationToken) is { } chunk)
        {
            yield return chunk;
        }
    }

    private async IAsyncEnumerable<Chunk> EnumerateAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await Engine.Queue.ReadAsync(cancellationToken).ConfigureAwait(false) is { } chunk)
        {
            yield return chunk;
        }
    }
}
