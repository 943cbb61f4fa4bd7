// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>
/// What a stream does with the senders of packets. A sender is an address and a UDP port, whichever socket it sends to;
/// packets in memory have none.
/// </summary>
public enum SenderTracking
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>
    /// Heaps know the <see cref="Heap.Sender"/> of their first packet, and those with packets of several senders are
    /// flagged (<see cref="Heap.IsMixed"/>) and counted (<see cref="StreamStatistics.HeapsMixed"/>). The kernel takes its
    /// time to tell each sender.
    /// </summary>
    Record,

    /// <summary>
    /// The same, and packets of different senders never become part of the same heap. Heaps of all senders share
    /// <see cref="ReceiveStreamOptions.MaxHeaps"/>.
    /// </summary>
    Separate,
}
