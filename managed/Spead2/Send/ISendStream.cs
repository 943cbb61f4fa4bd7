// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;

namespace Spead2.Send;

/// <summary>A stream of heaps that are sent.</summary>
/// <remarks>
/// <para>
/// Life of a stream: make it, <see cref="Add"/> writers, <see cref="SendAsync(HeapToSend, CancellationToken)"/> heaps,
/// dispose it. Each destination of each writer is a substream; they are numbered in the order in which the writers were
/// added. Packets are cut and handed over by a thread of the stream's pool.
/// </para>
/// <para>
/// Ownership: the memory of a heap's items is not copied. It is pinned, and must not be changed, from the call to the
/// completion; the <see cref="HeapToSend"/> itself may be cleared and filled again as soon as the call has returned.
/// </para>
/// <para>Threads: any.</para>
/// </remarks>
[SuppressMessage("Naming", "CA1711", Justification = "SPEAD calls it a stream.")]
[SuppressMessage("Naming", "CA1716", Justification = "As in receive streams.")]
public interface ISendStream : IDisposable, IAsyncDisposable
{
    /// <summary>A consistent copy of the statistics.</summary>
    /// <exception cref="ObjectDisposedException">The stream has been disposed.</exception>
    SendStatistics Statistics { get; }

    /// <summary>Substreams that there are: destinations of all writers.</summary>
    int SubstreamCount { get; }

    /// <summary>Adds a packet writer; before the first heap is sent.</summary>
    /// <param name="writer">What kind of writer, and how.</param>
    /// <returns>Number of the first of its substreams.</returns>
    /// <exception cref="ArgumentException">An option breaks its rule.</exception>
    /// <exception cref="InvalidOperationException">A heap has been sent, or the stream was stopped.</exception>
    /// <exception cref="ObjectDisposedException">The stream has been disposed.</exception>
    /// <exception cref="Spead2Exception">For example a host name is unknown.</exception>
    int Add(PacketWriterOptions writer);

    /// <summary>Queues a heap, to the first substream, with the next heap cnt. It does not wait for room.</summary>
    /// <param name="heap">The heap.</param>
    /// <param name="cancellationToken">
    /// Ends the wait for the completion. A heap that was queued is sent all the same, and its memory stays pinned until
    /// then.
    /// </param>
    /// <returns>
    /// What became of the heap, once its last packet was handed over (not: has arrived). That a packet could not be sent
    /// is a result, not an exception. Heaps are completed in the order in which they were queued. As any value task it is
    /// awaited once; a heap whose task is awaited costs no allocation, unless the wait can be cancelled.
    /// </returns>
    /// <exception cref="ArgumentException">The heap does not fit the flavour, or the stream's packets.</exception>
    /// <exception cref="ObjectDisposedException">The stream has been disposed.</exception>
    /// <exception cref="Spead2Exception">
    /// <see cref="Spead2Status.QueueFull"/>: <see cref="SendStreamOptions.MaxHeaps"/> heaps are in the queue;
    /// <see cref="Spead2Status.Stopped"/>: the stream was stopped. Nothing was queued.
    /// </exception>
    ValueTask<SendResult> SendAsync(HeapToSend heap, CancellationToken cancellationToken = default);

    /// <summary>Queues heaps as one group, all or none. It does not wait for room.</summary>
    /// <param name="heaps">The heaps, at least one.</param>
    /// <param name="mode">In which order their packets are sent.</param>
    /// <param name="cancellationToken">Ends the wait for the completion; see above.</param>
    /// <returns>What became of the group.</returns>
    /// <exception cref="ArgumentException">
    /// There is no heap; a heap does not fit; or a substream, cnt or rate is not one. No heap cnt is used up.
    /// </exception>
    /// <inheritdoc cref="SendAsync(HeapToSend, CancellationToken)" path="/exception[not(@cref='T:System.ArgumentException')]"/>
    ValueTask<SendResult> SendAsync(
        IReadOnlyList<HeapReference> heaps,
        GroupMode mode = GroupMode.RoundRobin,
        CancellationToken cancellationToken = default);

    /// <summary>
    /// Sends heaps one after the other, to the first substream, as many at a time as
    /// <see cref="SendStreamOptions.MaxHeaps"/> says, and waits for room where others send, too.
    /// </summary>
    /// <param name="heaps">The heaps. One may be filled again for the next, but not its items' memory: see above.</param>
    /// <param name="cancellationToken">
    /// No further heap is taken. Those that were queued are sent, and then the call ends with an
    /// <see cref="OperationCanceledException"/>.
    /// </param>
    /// <returns>
    /// What became of all: the sums, and the first failure. A failure does not end it, but for a stream that is stopped.
    /// </returns>
    /// <exception cref="ArgumentException">A heap does not fit the flavour, or the stream's packets.</exception>
    /// <exception cref="ObjectDisposedException">The stream has been disposed.</exception>
    /// <exception cref="Spead2Exception"><see cref="Spead2Status.Stopped"/>: the stream was stopped.</exception>
    ValueTask<SendResult> SendAllAsync(
        IAsyncEnumerable<HeapToSend> heaps, CancellationToken cancellationToken = default);

    /// <summary>
    /// Sets the sequence of automatic heap cnts: next, then each time so much more, modulo the flavour's. A new stream
    /// has 1 and 1. Senders that share a receiver use different starts and a common step.
    /// </summary>
    /// <param name="next">The next heap cnt; not negative.</param>
    /// <param name="step">The step; greater than 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number breaks its rule.</exception>
    /// <exception cref="ObjectDisposedException">The stream has been disposed.</exception>
    void SetCntSequence(long next, long step = 1);

    /// <summary>Waits until every group that was queued before the call has been completed.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ObjectDisposedException">The stream has been disposed.</exception>
    ValueTask FlushAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Stops the stream for good: what is queued is completed with <see cref="Spead2Status.Stopped"/>. When it returns no
    /// further packet is sent, unless a <see cref="PacketFunction"/> of the stream calls it. Calling it again does
    /// nothing.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The stream has been disposed.</exception>
    void Stop();
}
