// SPDX-License-Identifier: MIT
// Generated from SP2_RECEIVE_STATS_MAP in native/include/spead2core/statistics.h by ./build.sh bindings. Do not edit.

namespace Spead2.Receive;

/// <summary>The statistics of a stream: names and order, as in SP2_RECEIVE_STATS_MAP.</summary>
internal enum Statistic
{
    Heaps,
    IncompleteHeapsEvicted,
    IncompleteHeapsFlushed,
    Packets,
    Batches,
    MaxBatch,
    SinglePacketHeaps,
    SearchDist,
    WorkerBlocked,
    PacketsAccepted,
    PayloadBytes,
    RejectedUnsized,
    RejectedLength,
    RejectedFlavour,
    RejectedOrder,
    RejectedDuplicate,
    RejectedOverlap,
    TooLarge,
    AllocationFailed,
    Malformed,
    SizeMismatch,
    Truncated,
    Empty,
    KernelDropMessages,
    StopHeaps,
    IncompleteHeapsDropped,
    HeapsDroppedAtStop,
    DatagramsDroppedAtStop,
    MaxHeapBytes,
    PacketsMissing,
    BytesMissing,
    HeapsAccounted,
    HeapsMissing,
    HeapsLate,
    HeapsDuplicate,
    HeapsUnplaced,
    SenderRestarts,
    MalformedSize,
    MalformedMagic,
    MalformedFlavour,
    MalformedWidths,
    MalformedItemTable,
    MalformedItemMissing,
    MalformedPayload,
    MalformedBeyondHeap,
    HeapsMixed,
    HeapsContradictory,
    MaxHeapsNeeded,
    TooOldHeaps,
    RejectedHeaps,
    BadLengthHeaps,
    MissingItemHeaps,
    BadTimestampHeaps,
    OutOfRangeHeaps,
    OutOfBoundsHeaps,
    HeapsUncertain,
}

internal sealed partial class StatisticNames
{
    /// <summary>How many of <see cref="Statistic"/> there are; an engine of a later version may have more.</summary>
    public const int KnownCount = 56;
}

public sealed partial class StreamStatistics
{
    /// <summary>Heaps put into the stream: complete, evicted and flushed ones.</summary>
    public long Heaps => this[Statistic.Heaps];

    /// <summary>Incomplete heaps pushed out by newer heaps.</summary>
    public long IncompleteHeapsEvicted => this[Statistic.IncompleteHeapsEvicted];

    /// <summary>Heaps still under assembly when the stream stopped.</summary>
    public long IncompleteHeapsFlushed => this[Statistic.IncompleteHeapsFlushed];

    /// <summary>Packets that reached the assembly, used or not.</summary>
    public long Packets => this[Statistic.Packets];

    /// <summary>Times that a source delivered packets as a unit.</summary>
    public long Batches => this[Statistic.Batches];

    /// <summary>Most packets in one such unit.</summary>
    public long MaxBatch => this[Statistic.MaxBatch];

    /// <summary>Packets that are a heap of their own.</summary>
    public long SinglePacketHeaps => this[Statistic.SinglePacketHeaps];

    /// <summary>Hash table entries looked at; a debugging aid.</summary>
    public long SearchDist => this[Statistic.SearchDist];

    /// <summary>Times that a finished heap found the ring full.</summary>
    public long WorkerBlocked => this[Statistic.WorkerBlocked];

    /// <summary>Packets that became part of a heap.</summary>
    public long PacketsAccepted => this[Statistic.PacketsAccepted];

    /// <summary>Payload bytes of the accepted packets.</summary>
    public long PayloadBytes => this[Statistic.PayloadBytes];

    /// <summary>Packets without HEAP_LENGTH, where unsized heaps are not allowed.</summary>
    public long RejectedUnsized => this[Statistic.RejectedUnsized];

    /// <summary>Packets whose HEAP_LENGTH contradicts what is known of the heap.</summary>
    public long RejectedLength => this[Statistic.RejectedLength];

    /// <summary>Packets of another flavour than their heap's first packet.</summary>
    public long RejectedFlavour => this[Statistic.RejectedFlavour];

    /// <summary>Packets that are not the next one of their heap, in in-order mode.</summary>
    public long RejectedOrder => this[Statistic.RejectedOrder];

    /// <summary>Packets whose payload had been received already.</summary>
    public long RejectedDuplicate => this[Statistic.RejectedDuplicate];

    /// <summary>Packets of whose payload a part had been received already.</summary>
    public long RejectedOverlap => this[Statistic.RejectedOverlap];

    /// <summary>Packets of heaps that are larger than allowed, or have too many parts or too large a gap.</summary>
    public long TooLarge => this[Statistic.TooLarge];

    /// <summary>Packets for whose heap there was no memory.</summary>
    public long AllocationFailed => this[Statistic.AllocationFailed];

    /// <summary>Datagrams or bytes that are not a SPEAD packet.</summary>
    public long Malformed => this[Statistic.Malformed];

    /// <summary>Datagrams longer than the packet in them.</summary>
    public long SizeMismatch => this[Statistic.SizeMismatch];

    /// <summary>Datagrams larger than their source accepts.</summary>
    public long Truncated => this[Statistic.Truncated];

    /// <summary>Datagrams without a byte.</summary>
    public long Empty => this[Statistic.Empty];

    /// <summary>Messages that the kernel dropped: each a datagram, or several coalesced ones.</summary>
    public long KernelDropMessages => this[Statistic.KernelDropMessages];

    /// <summary>Heaps with a stop item, which end the stream unseen.</summary>
    public long StopHeaps => this[Statistic.StopHeaps];

    /// <summary>Incomplete heaps not delivered, as only contiguous ones are wanted.</summary>
    public long IncompleteHeapsDropped => this[Statistic.IncompleteHeapsDropped];

    /// <summary>Heaps under assembly when the user stopped the stream.</summary>
    public long HeapsDroppedAtStop => this[Statistic.HeapsDroppedAtStop];

    /// <summary>Datagrams taken from a socket, but not used, when the stream stopped.</summary>
    public long DatagramsDroppedAtStop => this[Statistic.DatagramsDroppedAtStop];

    /// <summary>Most payload bytes of a heap that left the assembly.</summary>
    public long MaxHeapBytes => this[Statistic.MaxHeapBytes];

    /// <summary>Packets that evicted and flushed heaps lacked.</summary>
    public long PacketsMissing => this[Statistic.PacketsMissing];

    /// <summary>Payload bytes that evicted and flushed heaps lacked.</summary>
    public long BytesMissing => this[Statistic.BytesMissing];

    /// <summary>Heaps whose cnt has a place in a sequence of cnts.</summary>
    public long HeapsAccounted => this[Statistic.HeapsAccounted];

    /// <summary>Heaps between others of their sequence of which nothing arrived.</summary>
    public long HeapsMissing => this[Statistic.HeapsMissing];

    /// <summary>Heaps that came so late that they may have counted as missing.</summary>
    public long HeapsLate => this[Statistic.HeapsLate];

    /// <summary>Heaps whose cnt had come before.</summary>
    public long HeapsDuplicate => this[Statistic.HeapsDuplicate];

    /// <summary>Heaps whose cnt has no place in a sequence of cnts.</summary>
    public long HeapsUnplaced => this[Statistic.HeapsUnplaced];

    /// <summary>Times that a sequence of cnts began again.</summary>
    public long SenderRestarts => this[Statistic.SenderRestarts];

    /// <summary>Malformed ones shorter than a packet header.</summary>
    public long MalformedSize => this[Statistic.MalformedSize];

    /// <summary>Malformed ones without the magic number and version.</summary>
    public long MalformedMagic => this[Statistic.MalformedMagic];

    /// <summary>Malformed ones with an identifier or address width of 0.</summary>
    public long MalformedFlavour => this[Statistic.MalformedFlavour];

    /// <summary>Malformed ones with widths that do not add up to 8 bytes.</summary>
    public long MalformedWidths => this[Statistic.MalformedWidths];

    /// <summary>Malformed ones with more item pointers than fit into them.</summary>
    public long MalformedItemTable => this[Statistic.MalformedItemTable];

    /// <summary>Malformed ones without HEAP_CNT, PAYLOAD_OFFSET or PAYLOAD_LENGTH .</summary>
    public long MalformedItemMissing => this[Statistic.MalformedItemMissing];

    /// <summary>Malformed ones with more payload than fits into them.</summary>
    public long MalformedPayload => this[Statistic.MalformedPayload];

    /// <summary>Malformed ones with payload that ends beyond its heap.</summary>
    public long MalformedBeyondHeap => this[Statistic.MalformedBeyondHeap];

    /// <summary>Heaps with packets of several senders, or the cnt of another's, where these are recorded.</summary>
    public long HeapsMixed => this[Statistic.HeapsMixed];

    /// <summary>Heaps of which two packets gave an item different values.</summary>
    public long HeapsContradictory => this[Statistic.HeapsContradictory];

    /// <summary>Least max_heaps with which no heap would have been evicted too early; 0: none was.</summary>
    public long MaxHeapsNeeded => this[Statistic.MaxHeapsNeeded];

    /// <summary>Heaps whose chunk had left the window when they began or were complete.</summary>
    public long TooOldHeaps => this[Statistic.TooOldHeaps];

    /// <summary>Heaps with no place in a chunk: those of the next five, and of a negative one.</summary>
    public long RejectedHeaps => this[Statistic.RejectedHeaps];

    /// <summary>Rejected heaps whose length is not the layout's.</summary>
    public long BadLengthHeaps => this[Statistic.BadLengthHeaps];

    /// <summary>Rejected heaps whose first packet lacks an item of the layout.</summary>
    public long MissingItemHeaps => this[Statistic.MissingItemHeaps];

    /// <summary>Rejected heaps off the step of the layout's first axis.</summary>
    public long BadTimestampHeaps => this[Statistic.BadTimestampHeaps];

    /// <summary>Rejected heaps with a value that an axis of the layout does not have .</summary>
    public long OutOfRangeHeaps => this[Statistic.OutOfRangeHeaps];

    /// <summary>Rejected heaps with a place beyond their chunk.</summary>
    public long OutOfBoundsHeaps => this[Statistic.OutOfBoundsHeaps];

    /// <summary>Heaps that may be missing: they may still come, or were never sent; it falls, too.</summary>
    public long HeapsUncertain => this[Statistic.HeapsUncertain];
}
