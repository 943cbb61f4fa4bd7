// SPDX-License-Identifier: MIT

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
    KernelDrops,
    StopHeaps,
    IncompleteHeapsDropped,
    HeapsDroppedAtStop,
    DatagramsDroppedAtStop,
}
