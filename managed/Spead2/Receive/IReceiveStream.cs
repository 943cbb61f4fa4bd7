// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace Spead2.Receive;

/// <summary>
/// A stream of heaps (spead2: <c>spead2.recv.Stream</c>): packets with the same heap cnt belong to the same
/// heap, wherever they come from. Make a stream, add packet sources, read heaps, dispose it.
/// </summary>
/// <remarks>
/// <para>
/// Every heap that is read belongs to the caller, who disposes it. It stays valid when the stream is disposed.
/// </para>
/// <para>
/// Threads: any, at the same time. Each heap goes to one consumer. Asynchronous reads in flight are served in the order
/// they were made, and their continuations never run on a thread that receives packets.
/// </para>
/// <para>
/// <see cref="Stop"/> ends reads in an orderly way: what was finished before can still be read. Disposing the stream
/// also ends reads that are in flight as if it had stopped; calls that are made later throw
/// <see cref="ObjectDisposedException"/>.
/// </para>
/// <para>
/// A stream that is forgotten is given up by the garbage collector, unless somebody waits for its heaps, or its logger,
/// allocator, copier or <c>onHeap</c> refers to it: it is better disposed.
/// </para>
/// <para>
/// A stream that was made with <c>onHeap</c> gives every heap to that function. Its heaps cannot be read as well: what
/// reads, waits, enumerates, <see cref="Reader"/> and <see cref="Fd"/> throw <see cref="InvalidOperationException"/>;
/// <see cref="IsCompleted"/> tells whether the function was told of the end.
/// </para>
/// </remarks>
[SuppressMessage("Naming", "CA1711", Justification = "SPEAD calls it a stream.")]
[SuppressMessage("Naming", "CA1716", Justification = "spead2 calls it stop.")]
public interface IReceiveStream : IDisposable, IAsyncDisposable
{
    /// <summary>
    /// A consistent copy of the statistics (spead2: <c>stats</c>). It never waits for consumers of heaps or of
    /// packets.
    /// </summary>
    StreamStatistics Statistics { get; }

    /// <summary>
    /// The first datagram that was refused for each cause, in the order of the causes; those of which none was refused
    /// are left out. It never waits for consumers of heaps or of packets.
    /// </summary>
    IReadOnlyList<RefusedDatagram> RefusedDatagrams { get; }

    /// <summary>
    /// What was received and lost in each of the latest seconds, at most <see cref="LossSecond.MostRemembered"/>: one after
    /// the other without a gap, the oldest first, the last one as far as it has passed. When the stream ends, so do they.
    /// Empty without <see cref="ReceiveStreamOptions.Accounting"/>. <see cref="LossPeriod.Find"/> tells whether losses are
    /// periodic. It waits for a slice of a packet source that is under way, well under a millisecond.
    /// </summary>
    IReadOnlyList<LossSecond> LossSeconds { get; }

    /// <summary>Whether the stream has stopped and every heap has been read: no read can succeed any more.</summary>
    bool IsCompleted { get; }

    /// <summary>
    /// The stream as a <see cref="ChannelReader{T}"/>: for code that takes its input from channels. What it gives
    /// belongs to the caller like every heap. Its <see cref="ChannelReader{T}.Completion"/> ends when the stream has
    /// stopped and every heap has been read; a stream that is disposed is a channel that has ended. Its
    /// <see cref="ChannelReader{T}.Count"/> is exact for the moment: heaps that can be read without waiting, at most
    /// <see cref="ReceiveStreamOptions.RingHeaps"/>. It cannot peek.
    /// </summary>
    ChannelReader<Heap> Reader { get; }

    /// <summary>
    /// Whether a stop item stops the stream, and its heap is not delivered (spead2: <c>stop_on_stop_item</c>).
    /// It counts for packets that arrive from now on; what it is at first is
    /// <see cref="ReceiveStreamOptions.StopOnStopItem"/>.
    /// </summary>
    bool StopOnStopItem { get; set; }

    /// <summary>
    /// Where the payloads of heaps that begin from now on live (spead2: <c>set_memory_allocator</c>). By default
    /// (<c>null</c>) in memory that the engine recycles. Heaps under assembly stay where they are.
    /// </summary>
    /// <exception cref="ArgumentException">The allocator does not work with this kind of stream.</exception>
    /// <exception cref="ObjectDisposedException">The allocator has been disposed.</exception>
    MemoryAllocator? MemoryAllocator { get; set; }

    /// <summary>
    /// How packets are copied from now on (spead2: <c>set_memcpy</c>), unless there is a
    /// <see cref="PacketCopier"/>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such method.</exception>
    CopyMethod CopyMethod { get; set; }

    /// <summary>
    /// A function that copies packets from now on; by default (<c>null</c>) <see cref="CopyMethod"/> decides. When it
    /// has been set, the one before is not running and will not be called any more. It must not be set from within the
    /// function.
    /// </summary>
    PacketCopier? PacketCopier { get; set; }

    /// <summary>
    /// A handle for event loops of other libraries (spead2: <c>fd</c>): a file descriptor, on Windows the handle
    /// of an event. It is readable (signalled) while a heap waits, and forever once the stream has stopped, so poll it
    /// level-triggered. Do not read from it and do not close it. It is the stream's, valid until it is disposed, and
    /// always the same.
    /// </summary>
    /// <exception cref="Spead2Exception">The operating system has none to give.</exception>
    nint Fd { get; }

    /// <summary>
    /// Adds a source of packets: a UDP socket (<see cref="UdpSourceOptions"/>), packets in memory
    /// (<see cref="BufferSourceOptions"/>) or datagrams in memory (<see cref="DatagramSourceOptions"/>).
    /// <see cref="ReceiveStreamExtensions"/> has shortcuts by spead2's names.
    /// </summary>
    /// <returns>
    /// A handle of the source. It may be dropped: the source belongs to the stream. Disposing it removes the source. A
    /// source that is added to a stream that has stopped has <see cref="SourceState.Ended">ended</see>.
    /// </returns>
    /// <exception cref="ArgumentException">An option breaks its rule.</exception>
    /// <exception cref="InvalidOperationException">The stream has <see cref="Start">started</see>.</exception>
    /// <exception cref="Spead2Exception">For example the port is in use or the host name is unknown.</exception>
    PacketSource Add(PacketSourceOptions options);

    /// <summary>
    /// Lets the sources of a stream with <see cref="ReceiveStreamOptions.ExplicitStart"/> receive, all at the same
    /// time. After it no source can be added to such a stream. Without that option, and the second time, it does
    /// nothing.
    /// </summary>
    void Start();

    /// <summary>
    /// Adds to a custom counter, or raises a custom maximum. For users of heaps; callbacks that are given a packet use
    /// <see cref="PacketHeader.CustomStatistics"/>.
    /// </summary>
    /// <param name="index">
    /// Index among all statistics, by <see cref="StreamStatistics.IndexOf"/>:
    /// <see cref="StreamStatistics.FirstCustomIndex"/> and up, in the order of
    /// <see cref="ReceiveStreamOptions.CustomStatistics"/>.
    /// </param>
    /// <param name="value">Not negative.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// There is no custom statistic at the index, or the value is negative.
    /// </exception>
    void UpdateStatistic(int index, long value);

    /// <inheritdoc cref="UpdateStatistic(int, long)" path="/summary"/>
    /// <param name="name">Name of a custom statistic.</param>
    /// <param name="value">Not negative.</param>
    /// <exception cref="ArgumentException">There is no custom statistic of this name.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    void UpdateStatistic(string name, long value);

    /// <summary>Takes a heap if one is waiting (spead2: <c>get_nowait</c>).</summary>
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

    /// <summary>Takes the next heap, waiting for it if need be (spead2: <c>get</c>).</summary>
    /// <exception cref="StreamStoppedException">The stream has stopped and every heap has been read.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; no heap is lost.</exception>
    Heap Read(CancellationToken cancellationToken = default);

    /// <summary>
    /// Takes the next heap without blocking a thread (spead2: <c>get</c> of <c>spead2.recv.asyncio</c>).
    /// </summary>
    /// <exception cref="StreamStoppedException">The stream has stopped and every heap has been read.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; no heap is lost.</exception>
    ValueTask<Heap> ReadAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Takes the heaps that are waiting, in order, as many as there is room for; waits for the first one if there are
    /// none, in line with the other asynchronous reads.
    /// </summary>
    /// <returns>
    /// How many heaps were put at the start of <paramref name="heaps"/>; 0 if the stream has stopped and every heap has
    /// been read.
    /// </returns>
    /// <exception cref="ArgumentException">There is no room for a heap.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; no heap is lost.</exception>
    ValueTask<int> ReadBatchAsync(Memory<Heap> heaps, CancellationToken cancellationToken = default);

    /// <summary>Waits until a heap is there to be read.</summary>
    /// <returns>False if the stream has stopped and every heap has been read.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Gives all heaps until the stream has stopped and every heap has been read, or the stream is disposed; blocks the
    /// thread while none is waiting.
    /// </summary>
    /// <exception cref="OperationCanceledException">The token was cancelled; no heap is lost.</exception>
    IEnumerable<Heap> ReadAll(CancellationToken cancellationToken = default);

    /// <summary>
    /// Gives all heaps until the stream has stopped and every heap has been read, or the stream is disposed.
    /// </summary>
    /// <exception cref="OperationCanceledException">The token was cancelled; no heap is lost.</exception>
    IAsyncEnumerable<Heap> ReadAllAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Stops the stream for good and closes its sockets (spead2: <c>stop</c>). Heaps that were finished before
    /// can still be read; those under assembly are dropped. When it returns no packet is received any more. Stopping
    /// a stopped stream does nothing.
    /// </summary>
    void Stop();
}
