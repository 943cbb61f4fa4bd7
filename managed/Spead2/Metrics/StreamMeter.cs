// SPDX-License-Identifier: MIT

using System.Diagnostics.Metrics;
using Spead2.Receive;
using Spead2.Send;
using ReceiveMetric = Spead2.Metrics.StreamMetric<Spead2.Metrics.ReceiveReading>;
using SendMetric = Spead2.Metrics.StreamMetric<Spead2.Send.SendStatistics>;

namespace Spead2.Metrics;

/// <summary>
/// The meter of all streams of the process. There is one, because two meters of one name take each other's instruments away;
/// streams are told apart by a label. Its instruments are in docs/metrics.md.
/// </summary>
internal static class StreamMeter
{
    /// <summary>Label of a stream's name.</summary>
    public const string StreamLabel = "stream";

    /// <summary>
    /// Most names that are shown: with the instrument that has most labels this is less than the 2,000 series of an
    /// instrument that OpenTelemetry keeps apart.
    /// </summary>
    public const int MaxNames = 100;

    /// <summary>Stands for the names beyond that.</summary>
    public const string OtherNames = "other";

    public static readonly ReceiveMetric[] ReceiveMetrics =
    [
        new(MetricKind.Now, "spead2.receive.streams", "{stream}", "Streams that there are.", _ => 1),
        new(
            MetricKind.Counter, "spead2.receive.heaps", "{heap}", "Heaps that were assembled.", "outcome",
            ("complete", r => r.Statistics.Heaps - r.Statistics.IncompleteHeapsEvicted - r.Statistics.IncompleteHeapsFlushed),
            ("evicted", r => r.Statistics.IncompleteHeapsEvicted),
            ("flushed", r => r.Statistics.IncompleteHeapsFlushed)),
        new(
            MetricKind.Counter, "spead2.receive.dropped.heaps", "{heap}", "Heaps that no consumer gets.", "reason",
            ("incomplete", r => r.Statistics.IncompleteHeapsDropped),
            ("stop", r => r.Statistics.HeapsDroppedAtStop),
            ("stop_item", r => r.Statistics.StopHeaps)),
        new(
            MetricKind.Counter, "spead2.receive.missing.heaps", "{heap}", "Heaps of which nothing arrived, where they are counted.",
            r => r.Statistics.HeapsMissing),
        new(
            MetricKind.Now, "spead2.receive.uncertain.heaps", "{heap}",
            "Heaps that may be missing: they may still come, or were never sent.", r => r.Statistics.HeapsUncertain),
        new(
            MetricKind.Counter, "spead2.receive.accounted.heaps", "{heap}",
            "Heaps that arrived, by their place in a sequence, where missing ones are counted.", "place",
            ("sequence", r => r.Statistics.HeapsAccounted),
            ("late", r => r.Statistics.HeapsLate),
            ("duplicate", r => r.Statistics.HeapsDuplicate),
            ("unplaced", r => r.Statistics.HeapsUnplaced)),
        new(
            MetricKind.Counter, "spead2.receive.suspect.heaps", "{heap}", "Heaps whose packets do not go together.", "fault",
            ("mixed", r => r.Statistics.HeapsMixed),
            ("contradictory", r => r.Statistics.HeapsContradictory)),
        new(
            MetricKind.Counter, "spead2.receive.unplaced.heaps", "{heap}", "Heaps without a place in a chunk.", "reason",
            ("too_old", r => r.Statistics.TooOldHeaps),
            ("negative", r => r.Statistics.RejectedHeaps - r.Statistics.BadLengthHeaps - r.Statistics.MissingItemHeaps
                - r.Statistics.BadTimestampHeaps - r.Statistics.OutOfRangeHeaps - r.Statistics.OutOfBoundsHeaps),
            ("length", r => r.Statistics.BadLengthHeaps),
            ("item", r => r.Statistics.MissingItemHeaps),
            ("timestamp", r => r.Statistics.BadTimestampHeaps),
            ("range", r => r.Statistics.OutOfRangeHeaps),
            ("bounds", r => r.Statistics.OutOfBoundsHeaps)),
        new(
            MetricKind.Counter, "spead2.receive.single_packet.heaps", "{heap}", "Heaps of one packet.",
            r => r.Statistics.SinglePacketHeaps),
        new(
            MetricKind.Counter, "spead2.receive.sender.restarts", "{restart}", "Times that a sequence of heap cnts began again.",
            r => r.Statistics.SenderRestarts),
        new(
            MetricKind.Counter, "spead2.receive.packets", "{packet}", "Packets that reached the assembly.", "outcome",
            ("accepted", r => r.Statistics.PacketsAccepted),
            ("unsized", r => r.Statistics.RejectedUnsized),
            ("length", r => r.Statistics.RejectedLength),
            ("flavour", r => r.Statistics.RejectedFlavour),
            ("order", r => r.Statistics.RejectedOrder),
            ("duplicate", r => r.Statistics.RejectedDuplicate),
            ("overlap", r => r.Statistics.RejectedOverlap),
            ("too_large", r => r.Statistics.TooLarge),
            ("allocation_failed", r => r.Statistics.AllocationFailed)),
        new(
            MetricKind.Counter, "spead2.receive.missing.packets", "{packet}", "Packets that incomplete heaps lacked.",
            r => r.Statistics.PacketsMissing),
        new(
            MetricKind.Counter, "spead2.receive.payload.bytes", "By", "Payload of the accepted packets.",
            r => r.Statistics.PayloadBytes),
        new(
            MetricKind.Counter, "spead2.receive.missing.bytes", "By", "Payload that incomplete heaps lacked.",
            r => r.Statistics.BytesMissing),
        new(
            MetricKind.Counter, "spead2.receive.refused.datagrams", "{datagram}", "Datagrams that never reached the assembly.",
            "reason",
            ("size", r => r.Statistics.MalformedSize),
            ("magic", r => r.Statistics.MalformedMagic),
            ("flavour", r => r.Statistics.MalformedFlavour),
            ("widths", r => r.Statistics.MalformedWidths),
            ("item_table", r => r.Statistics.MalformedItemTable),
            ("item_missing", r => r.Statistics.MalformedItemMissing),
            ("payload", r => r.Statistics.MalformedPayload),
            ("beyond_heap", r => r.Statistics.MalformedBeyondHeap),
            ("size_mismatch", r => r.Statistics.SizeMismatch),
            ("truncated", r => r.Statistics.Truncated),
            ("empty", r => r.Statistics.Empty)),
        new(
            MetricKind.Counter, "spead2.receive.dropped.datagrams", "{datagram}",
            "Datagrams that were taken from a socket, but not used, when the stream stopped.",
            r => r.Statistics.DatagramsDroppedAtStop),
        new(
            MetricKind.Counter, "spead2.receive.kernel.dropped.messages", "{message}",
            "Messages that the kernel dropped: each a datagram, or several coalesced ones.",
            r => r.Statistics.KernelDropMessages),
        new(
            MetricKind.Counter, "spead2.receive.batches", "{batch}", "Times that a source delivered packets as a unit.",
            r => r.Statistics.Batches),
        new(
            MetricKind.Counter, "spead2.receive.pauses", "{pause}", "Times that a finished heap found the ring full.",
            r => r.Statistics.WorkerBlocked),
        new(
            MetricKind.Counter, "spead2.receive.searched.entries", "{entry}", "Hash table entries looked at; a debugging aid.",
            r => r.Statistics.SearchDist),
        new(
            MetricKind.Maximum, "spead2.receive.largest.heap.bytes", "By", "Most payload of a heap that left the assembly.",
            r => r.Statistics.MaxHeapBytes),
        new(
            MetricKind.Maximum, "spead2.receive.largest.batch.packets", "{packet}", "Most packets that came as a unit.",
            r => r.Statistics.MaxBatch),
        new(
            MetricKind.Maximum, "spead2.receive.max.heaps.needed", "{heap}",
            "Least MaxHeaps with which no heap would have been evicted too early; 0: none was.",
            r => r.Statistics.MaxHeapsNeeded),
        new(
            MetricKind.Now, "spead2.receive.ring.heaps", "{heap}", "Heaps that wait for consumers.", r => r.RingHeaps),
        new(
            MetricKind.Now, "spead2.receive.ring.limit.heaps", "{heap}", "Most heaps that can wait for consumers.",
            r => r.RingLimit),
        new(
            MetricKind.Counter, "spead2.receive.custom", "", "Custom counters.", "statistic",
            r => r.Custom(StatisticMode.Counter)),
        new(
            MetricKind.Maximum, "spead2.receive.custom.largest", "", "Custom maxima.", "statistic",
            r => r.Custom(StatisticMode.Maximum)),
    ];

    public static readonly SendMetric[] SendMetrics =
    [
        new(MetricKind.Now, "spead2.send.streams", "{stream}", "Streams that there are.", _ => 1),
        new(
            MetricKind.Counter, "spead2.send.heaps", "{heap}", "Heaps that were completed.", "outcome",
            ("sent", s => s.Heaps - s.HeapsFailed),
            ("failed", s => s.HeapsFailed)),
        new(
            MetricKind.Counter, "spead2.send.refused.heaps", "{heap}", "Heaps that were not queued: the queue was full.",
            s => s.HeapsRefused),
        new(MetricKind.Counter, "spead2.send.groups", "{group}", "Groups that were completed.", s => s.Groups),
        new(
            MetricKind.Counter, "spead2.send.packets", "{packet}", "Packets of completed heaps.", "outcome",
            ("sent", s => s.Packets),
            ("failed", s => s.PacketsFailed)),
        new(
            MetricKind.Counter, "spead2.send.packet.bytes", "By", "Bytes of the packets sent, SPEAD headers included.",
            s => s.Bytes),
        new(
            MetricKind.Counter, "spead2.send.writer.waits", "{wait}", "Times that the stream waited for a writer.",
            s => s.WriterBlocked),
        new(
            MetricKind.Counter, "spead2.send.rate.waits", "{wait}", "Times that the stream waited because of its rate.",
            s => s.RateWaits),
        new(
            MetricKind.Maximum, "spead2.send.largest.delay.seconds", SendMetric.Seconds, "The latest start of a burst after its time.",
            s => s.RateLateMax.Ticks),
        new(MetricKind.Now, "spead2.send.queue.heaps", "{heap}", "Heaps in the queue.", s => s.HeapsQueued),
    ];

    private static readonly Meter Shared = new(Spead2Metrics.MeterName, typeof(StreamMeter).Assembly.GetName().Version?.ToString(3));

    /// <summary>The receive streams of both engines.</summary>
    public static readonly MeteredStreams<ReceiveStreamBase, ReceiveReading> Receiving =
        new(Shared, ReceiveMetrics, stream => stream.ReadForMeter());

    /// <summary>The send streams of both engines.</summary>
    public static readonly MeteredStreams<SendStreamBase, SendStatistics> Sending =
        new(Shared, SendMetrics, stream => stream.ReadForMeter());
}
