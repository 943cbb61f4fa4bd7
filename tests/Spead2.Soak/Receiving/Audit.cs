// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Soak.Receiving;

/// <summary>What the counters of streams promise.</summary>
internal static class Audit
{
    /// <summary>Statistics that say why a packet that reached the assembly was not used.</summary>
    public static readonly string[] RejectedNames =
    [
        "rejected_unsized", "rejected_length", "rejected_flavour", "rejected_order", "rejected_duplicate",
        "rejected_overlap", "too_large", "allocation_failed",
    ];

    /// <summary>Statistics whose sum is the number of datagrams taken from sockets.</summary>
    public static readonly string[] ReceivedNames =
        ["packets", "malformed", "size_mismatch", "truncated", "empty", "datagrams_dropped_at_stop"];

    /// <summary>The identities of a stream that has stopped, and of the heaps that its consumer took.</summary>
    public static IEnumerable<Identity> OfStream(StreamStatistics statistics, Consumer consumer)
    {
        yield return new(
            "packets = accepted + each reason",
            statistics.Packets,
            statistics.PacketsAccepted + RejectedNames.Sum(name => statistics[name]));
        yield return new(
            "heaps = taken + dropped because incomplete + dropped at the stop",
            statistics.Heaps,
            consumer.Complete + consumer.Incomplete + statistics.IncompleteHeapsDropped
                + statistics.HeapsDroppedAtStop);
        yield return new(
            "heaps = complete + evicted + flushed",
            statistics.Heaps,
            consumer.Complete + statistics.IncompleteHeapsEvicted + statistics.IncompleteHeapsFlushed);
        yield return new("heaps with wrong content = 0", consumer.Wrong, 0);
    }
}
