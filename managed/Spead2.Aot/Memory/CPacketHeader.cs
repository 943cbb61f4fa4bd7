// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Spead2.Bindings;
using Spead2.Managed;
using Spead2.Receive;

namespace Spead2.Aot;

/// <summary>Packets as functions of the user see them.</summary>
internal static unsafe class CPacketHeader
{
    /// <summary>
    /// What a packet says. Payload, pointers and custom statistics lie in memory that does not move: that of a packet source,
    /// and a pinned array.
    /// </summary>
    public static sp2_packet_header Of(in PacketHeader packet) => new()
    {
        size = (uint)sizeof(sp2_packet_header),
        address_bits = (uint)packet.AddressBits,
        cnt = packet.Cnt,
        heap_length = packet.HeapLength,
        payload_offset = (ulong)packet.PayloadOffset,
        payload_length = (ulong)packet.Payload.Length,
        payload = (byte*)AddressOf(packet.Payload),
        pointers = packet.ItemPointers.IsEmpty ? null : (byte*)AddressOf(packet.ItemPointers),
        pointer_count = (ulong)(packet.ItemPointers.Length / Wire.PointerSize),
        custom_stats = packet.CustomStatistics.IsEmpty ? null : (ulong*)AddressOf<long>(packet.CustomStatistics),
    };

    private static void* AddressOf<T>(ReadOnlySpan<T> unmoved) =>
        Unsafe.AsPointer(ref MemoryMarshal.GetReference(unmoved));
}
