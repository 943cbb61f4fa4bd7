// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>A dialect as the decoder knows it.</summary>
/// <param name="Flags">What packets may do; none of it: they are read by the rules.</param>
/// <param name="UnpointedId">Identifier of the item of unpointed payload.</param>
internal readonly record struct DialectRules(DialectFlags Flags, ulong UnpointedId)
{
    // Items that the packets of SKA-Low stations have: station, and start of the payload.
    private const ulong SkaLowStation = 0x3001;
    private const ulong SkaLowPayload = 0x3300;

    private const uint Offset = 1u << ItemId.PayloadOffset;
    private const uint Length = 1u << ItemId.PayloadLength;
    private const uint HeapLength = 1u << ItemId.HeapLength;

    /// <summary>The rules of a dialect; null: none.</summary>
    public static DialectRules Of(Dialect? dialect) =>
        dialect is null ? default : new(dialect.Flags, (ulong)(dialect.UnpointedItemId ?? 0));

    /// <summary>The name of a dialect that takes a datagram which is refused without one, or null.</summary>
    /// <remarks>Dialects overlap: the items tell the first two, and the one that allows least comes first.</remarks>
    /// <param name="bytes">The datagram.</param>
    /// <param name="whole">Whether no further packets may follow, as they do in a buffer.</param>
    public static string? Suggest(ReadOnlySpan<byte> bytes, bool whole)
    {
        if (Takes("ska-low-sps", bytes, whole, out Packet packet) &&
            HasItem(packet, Wire.ImmediateBit, SkaLowStation) &&
            (HasItem(packet, 0, SkaLowPayload) || HasItem(packet, Wire.ImmediateBit, SkaLowPayload)))
        {
            return HasItem(packet, 0, SkaLowPayload) ? "ska-low-antenna-buffer" : "ska-low-sps";
        }

        return Takes("pyspead", bytes, whole, out _) ? "pyspead"
            : Takes("datagram-is-heap", bytes, whole, out _) ? "datagram-is-heap"
            : null;
    }

    /// <summary>
    /// Completes what was read; <paramref name="rest"/> is how many bytes follow the item pointers. Gives the special
    /// item pointers that the packet counts as having.
    /// </summary>
    public uint Adapt(uint found, ulong rest, ref Packet packet)
    {
        if (Has(DialectFlags.IgnoreHeapLength))
        {
            found &= ~HeapLength;
            packet.HeapLength = Wire.LengthUnknown;
            packet.HasUsualPrefix = false;
        }

        if (Has(DialectFlags.IgnoreOffset))
        {
            found &= ~Offset;
            packet.PayloadOffset = 0;
            packet.HasUsualPrefix = false;
        }

        if (Has(DialectFlags.ControlOnly) && (found & (Offset | Length | HeapLength)) == 0 && rest == 0 &&
            HasItem(packet, Wire.ImmediateBit, ItemId.StreamControl))
        {
            packet.HeapLength = 0;
            return found | Offset | Length;
        }

        bool isRest = (found & Length) == 0
            ? Has(DialectFlags.MissingLengthIsRest)
            : packet.PayloadLength == 0 && Has(DialectFlags.ZeroLengthIsRest);
        if (isRest)
        {
            packet.PayloadLength = rest;
            found |= Length;
        }

        if (Has(DialectFlags.DatagramIsHeap) && (found & Length) != 0 && (found & HeapLength) == 0 &&
            packet.PayloadOffset == 0)
        {
            packet.HeapLength = packet.PayloadLength;
            found |= Offset;
        }

        if (Has(DialectFlags.MissingOffsetIsZero))
        {
            found |= Offset;
        }

        if (Has(DialectFlags.UnpointedItem) && UnpointedId >> (63 - packet.AddressBits) == 0)
        {
            packet.Unpointed = UnpointedId << packet.AddressBits;
        }

        return found;
    }

    /// <summary>
    /// Whether no packet may be taken undecoded: there HEAP_LENGTH and PAYLOAD_OFFSET are compared.
    /// </summary>
    public bool DecodesAll => (Flags & (DialectFlags.IgnoreHeapLength | DialectFlags.IgnoreOffset)) != 0;

    /// <summary>Whether several heaps may have one cnt.</summary>
    public bool SharesCnts => Has(DialectFlags.DatagramIsHeap);

    private bool Has(DialectFlags flag) => (Flags & flag) != 0;

    private static bool Takes(string name, ReadOnlySpan<byte> bytes, bool whole, out Packet packet) =>
        PacketDecoder.Decode(bytes, Of(Dialect.Find(name)), out packet) == PacketFault.None &&
        (packet.Bytes.Length == bytes.Length || !whole);

    private static bool HasItem(in Packet packet, ulong mode, ulong id)
    {
        ulong wanted = (mode >> packet.AddressBits) | id;
        for (ReadOnlySpan<byte> items = packet.Items; !items.IsEmpty; items = items[Wire.PointerSize..])
        {
            if (BinaryPrimitives.ReadUInt64BigEndian(items) >> packet.AddressBits == wanted)
            {
                return true;
            }
        }

        return false;
    }
}
