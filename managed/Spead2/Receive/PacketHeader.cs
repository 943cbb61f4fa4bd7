// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>
/// What a packet says, for a <see cref="MemoryAllocator"/> or a <see cref="PacketCopier"/>. It is valid during the call
/// only. <c>default</c> stands for no packet.
/// </summary>
public readonly ref struct PacketHeader
{
    /// <summary>
    /// Whether there is no packet: an allocator is also asked for memory by a pool that fills itself.
    /// </summary>
    public bool IsEmpty => AddressBits == 0;

    /// <summary>Heap identifier.</summary>
    public ulong Cnt { get; internal init; }

    /// <summary>Heap address bits of the packet's flavour, for example 40 or 48; 0 where there is no packet.</summary>
    public int AddressBits { get; internal init; }

    /// <summary>Announced bytes of payload of the whole heap; -1 if the packet does not say.</summary>
    public long HeapLength { get; internal init; }

    /// <summary>Where in the heap the packet's payload belongs.</summary>
    public long PayloadOffset { get; internal init; }

    /// <summary>The payload, in the packet.</summary>
    public ReadOnlySpan<byte> Payload { get; internal init; }

    /// <summary>
    /// The item pointers that are not heap cnt, heap length, payload offset or payload length, as sent: 8 bytes each,
    /// big-endian. Some may be one of those four.
    /// </summary>
    public ReadOnlySpan<byte> ItemPointers { get; internal init; }

    /// <summary>
    /// What this batch of packets has added to the custom statistics so far, in the order of
    /// <see cref="ReceiveStreamOptions.CustomStatistics"/> and zero when the batch begins. The callee may add to a
    /// counter and raise a maximum; the stream's statistics have it when the batch is done.
    /// </summary>
    public Span<long> CustomStatistics { get; internal init; }
}
