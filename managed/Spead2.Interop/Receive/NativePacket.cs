// SPDX-License-Identifier: MIT

using Spead2.Bindings;

namespace Spead2.Receive;

/// <summary>Shows packets of the C core to users.</summary>
internal static unsafe class NativePacket
{
    private const int PointerSize = sizeof(ulong);

    /// <summary>What a packet says.</summary>
    /// <param name="packet">The packet; null for none.</param>
    /// <param name="customStatistics">Number of custom statistics of its stream.</param>
    public static PacketHeader Header(sp2_packet_header* packet, int customStatistics) => packet is null
        ? default
        : new()
        {
            Cnt = packet->cnt,
            AddressBits = (int)packet->address_bits,
            HeapLength = packet->heap_length,
            PayloadOffset = (long)packet->payload_offset,
            Payload = new(packet->payload, checked((int)packet->payload_length)),
            ItemPointers = new(packet->pointers, checked((int)packet->pointer_count * PointerSize)),
            CustomStatistics = new(packet->custom_stats, packet->custom_stats is null ? 0 : customStatistics),
        };

    /// <summary>The part of a heap's payload that has memory, and in which the packet may be put.</summary>
    public static Span<byte> HeapOf(byte* heap, sp2_packet_header* packet)
    {
        long length = packet->heap_length == NativeMethods.SP2_HEAP_LENGTH_UNKNOWN
            ? (long)(packet->payload_offset + packet->payload_length)
            : packet->heap_length;
        return new(heap, checked((int)length));
    }

    /// <summary>Copies as the core does without a copy function.</summary>
    public static void Copy(byte* heap, sp2_packet_header* packet) => Buffer.MemoryCopy(
        packet->payload, heap + packet->payload_offset, packet->payload_length, packet->payload_length);
}
