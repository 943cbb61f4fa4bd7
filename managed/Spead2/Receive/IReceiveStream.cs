// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Spead2.Receive;

/// <summary>
/// A stream of heaps (receiving.txt: <c>spead2.recv.Stream</c>): packets with the same heap cnt belong to the same
/// heap, wherever they come from. Make a stream, add readers, read heaps, dispose it.
/// </summary>
/// <remarks>
/// <para>
/// Every heap that is read belongs to the caller, who disposes it. It stays valid when the stream is disposed.
/// </para>
/// <para>
/// Threads: any, at the same time. Each heap goes to one reader. Asynchronous reads in flight are served in the order
/// they were made, and their continuations never run on a thread that receives packets.
/// </para>
/// <para>
/// <see cref="Stop"/> ends readers in an orderly way: what was finished before can still be read. Disposing the stream
/// also ends reads that are in flight as if it had stopped; calls that are made later throw
/// <see cref="ObjectDisposedException"/>.
/// </para>
/// </remarks>
[SuppressMessage("Naming", "CA1711", Justification = "SPEAD calls it a stream.")]
[SuppressMessage("Naming", "CA1716", Justification = "receiving.txt calls it stop.")]
public interface IReceiveStream : IDisposable, IAsyncDisposable
{
    /// <summary>
    /// A consistent copy of the statistics (receiving.txt: <c>stats</c>). It never waits for readers of heaps or of
    /// packets.
    /// </summary>
    StreamStatistics Statistics { get; }

    /// <summary>Whether the stream has stopped and every heap has been read: no read can succeed any more.</summary>
    bool IsCompleted { get; }

    /// <summary>
    /// Feeds the stream from memory: packets back to back (receiving.txt: <c>add_buffer_reader</c>). The end of the
    /// buffer, or the first bytes that are not a packet, stops the stream. A full ring loses nothing.
    /// </summary>
    /// <param name="packets">
    /// Not copied: must stay unchanged until the stream is disposed. It is pinned until then.
    /// </param>
    void AddBufferReader(ReadOnlyMemory<byte> packets);

    /// <summary>
    /// Feeds the stream from datagrams in memory, as if they came one by one from a network that loses nothing. The
    /// end of the list stops the stream.
    /// </summary>
    /// <param name="datagrams">
    /// Each exactly one packet. Not copied: must stay unchanged until the stream is disposed. They are pinned until
    /// then.
    /// </param>
    void AddDatagramReader(IReadOnlyList<ReadOnlyMemory<byte>> datagrams);

    /// <summary>
    /// Feeds the stream from a UDP socket (receiving.txt: <c>add_udp_reader</c>). While the ring is full, packets wait
    /// in the kernel's socket buffer; what does not fit there is lost and counts as kernel drops.
    /// </summary>
    /// <returns>The port that the socket is bound to; 0 if the stream has already stopped.</returns>
    /// <exception cref="ArgumentException">An option breaks its rule.</exception>
    /// <exception cref="Spead2Exception">For example the port is in use or the host name is unknown.</exception>
    int AddUdpReader(UdpReaderOptions options);

    /// <summary>Feeds the stream from a UDP socket that is bound to an address and port, by default options.</summary>
    /// <inheritdoc cref="AddUdpReader(UdpReaderOptions)"/>
    int AddUdpReader(IPEndPoint endPoint);

    /// <summary>Takes a heap if one is waiting (receiving.txt: <c>get_nowait</c>).</summary>
    /// <returns>
    /// False if no heap is waiting, all waiting ones are for earlier asynchronous reads, or the stream
    /// <see cref="IsCompleted"/>.
    /// </returns>
    bool TryRead([NotNullWhen(true)] out Heap? heap);

    /// <summary>Takes a heap, waiting for one at most for a time.</summary>
    /// <param name="heap">The heap.</param>
    /// <param name="timeout">
    /// At most <see cref="int.MaxValue"/> milliseconds, or <see cref="Timeout.InfiniteTimeSpan"/>.
    /// </param>
    /// <returns>False if the time ran out or the stream <see cref="IsCompleted"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout breaks its rule.</exception>
    bool TryRead([NotNullWhen(true)] out Heap? heap, TimeSpan timeout);

    /// <summary>Takes the heaps that are waiting, in order, as many as there is room for.</summary>
    /// <returns>
    /// How many heaps were put at the start of <paramref name="heaps"/>; 0 as for <see cref="TryRead(out Heap?)"/>.
    /// </returns>
    int TryReadBatch(Span<Heap> heaps);

    /// <summary>Takes the next heap, waiting for it if need be (receiving.txt: <c>get</c>).</summary>
    /// <exception cref="StreamStoppedException">The stream has stopped and every heap has been read.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; no heap is lost.</exception>
    Heap Read(CancellationToken cancellationToken = default);

    /// <summary>
    /// Takes the next heap without blocking a thread (receiving.txt: <c>get</c> of <c>spead2.recv.asyncio</c>).
    /// </summary>
    /// <exception cref="StreamStoppedException">The stream has stopped and every heap has been read.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; no heap is lost.</exception>
    ValueTask<Heap> ReadAsync(CancellationToken cancellationToken = default);

    /// <summary>Waits until a heap is there to be read.</summary>
    /// <returns>False if the stream has stopped and every heap has been read.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default);

    /// <summary>Gives all heaps until the stream has stopped and every heap has been read.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled; no heap is lost.</exception>
    IAsyncEnumerable<Heap> ReadAllAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Stops the stream for good and closes its sockets (receiving.txt: <c>stop</c>). Heaps that were finished before
    /// can still be read; those under assembly are dropped. When it returns no packet is received any more. Stopping
    /// a stopped stream does nothing.
    /// </summary>
    void Stop();
}
