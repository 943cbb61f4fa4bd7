// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Spead2.Managed;

/// <summary>Decodes packets.</summary>
internal static class PacketDecoder
{
    private const uint Required =
        (1u << ItemId.HeapCnt) | (1u << ItemId.PayloadOffset) | (1u << ItemId.PayloadLength);

    private const uint AllSpecial = Required | (1u << ItemId.HeapLength);

    /// <summary>
    /// Decodes the packet at the start of the bytes; others may follow it. Where there is a fault, the packet has no
    /// defined content.
    /// </summary>
    public static PacketFault Decode(ReadOnlySpan<byte> bytes, out Packet packet) =>
        Decode(bytes, default, out packet);

    /// <summary>The same by the rules of a dialect, for which the bytes are a datagram.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PacketFault Decode(ReadOnlySpan<byte> bytes, DialectRules dialect, out Packet packet)
    {
        packet = default;
        if (bytes.Length < Wire.HeaderSize)
        {
            return PacketFault.TooSmall;
        }

        if (bytes[0] != Wire.Magic || bytes[1] != Flavour.Version)
        {
            return PacketFault.Magic;
        }

        int idWidth = bytes[2];
        int addressWidth = bytes[3];
        if (idWidth == 0 || addressWidth == 0)
        {
            return PacketFault.Flavour;
        }

        if (idWidth + addressWidth != Wire.PointerSize)
        {
            return PacketFault.Widths;
        }

        int payloadStart = Wire.HeaderSize + BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]) * Wire.PointerSize;
        if (payloadStart > bytes.Length)
        {
            return PacketFault.ItemTable;
        }

        packet.AddressBits = addressWidth * 8;
        uint found = ReadItems(bytes[Wire.HeaderSize..payloadStart], ref packet);
        if (dialect.Flags != 0)
        {
            found = dialect.Adapt(found, (ulong)(bytes.Length - payloadStart), ref packet);
        }

        if ((found & Required) != Required)
        {
            return PacketFault.ItemMissing;
        }

        if (packet.PayloadLength > (ulong)(bytes.Length - payloadStart))
        {
            return PacketFault.Payload;
        }

        if (packet.PayloadEnd > packet.HeapLength)
        {
            return PacketFault.BeyondHeap;
        }

        packet.Payload = bytes.Slice(payloadStart, (int)packet.PayloadLength);
        packet.Bytes = bytes[..(payloadStart + packet.Payload.Length)];
        return PacketFault.None;
    }

    /// <summary>Reads the item table: the special item pointers, and where the others start.</summary>
    private static uint ReadItems(ReadOnlySpan<byte> pointers, ref Packet packet)
    {
        uint found = 0;
        int first = 0;
        packet.HeapLength = Wire.LengthUnknown;
        packet.HasUsualPrefix = TakeUsualPrefix(pointers, ref packet);
        if (packet.HasUsualPrefix)
        {
            found = AllSpecial;
            first = 4 * Wire.PointerSize;
        }

        while (first < pointers.Length && TakeSpecial(pointers, first, ref packet, ref found))
        {
            first += Wire.PointerSize;
        }

        packet.Items = pointers[first..];

        // Special pointers may also come after the others; the last one of its kind counts.
        for (int i = first; i < pointers.Length; i += Wire.PointerSize)
        {
            TakeSpecial(pointers, i, ref packet, ref found);
        }

        return found;
    }

    /// <summary>The usual packet starts with the special four in order: four comparisons and no loop.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TakeUsualPrefix(ReadOnlySpan<byte> pointers, ref Packet packet)
    {
        if (pointers.Length < 4 * Wire.PointerSize)
        {
            return false;
        }

        int addressBits = packet.AddressBits;
        ulong cnt = BinaryPrimitives.ReadUInt64BigEndian(pointers);
        ulong heapLength = BinaryPrimitives.ReadUInt64BigEndian(pointers[8..]);
        ulong offset = BinaryPrimitives.ReadUInt64BigEndian(pointers[16..]);
        ulong length = BinaryPrimitives.ReadUInt64BigEndian(pointers[24..]);
        ulong immediate = Wire.ImmediateBit >> addressBits;
        ulong differences =
            ((cnt >> addressBits) ^ (immediate | ItemId.HeapCnt)) |
            ((heapLength >> addressBits) ^ (immediate | ItemId.HeapLength)) |
            ((offset >> addressBits) ^ (immediate | ItemId.PayloadOffset)) |
            ((length >> addressBits) ^ (immediate | ItemId.PayloadLength));
        if (differences != 0)
        {
            return false;
        }

        packet.Cnt = Wire.Value(cnt, addressBits);
        packet.HeapLength = Wire.Value(heapLength, addressBits);
        packet.PayloadOffset = Wire.Value(offset, addressBits);
        packet.PayloadLength = Wire.Value(length, addressBits);
        return true;
    }

    /// <summary>Takes over a special item pointer; false if this pointer is another one.</summary>
    private static bool TakeSpecial(ReadOnlySpan<byte> pointers, int position, ref Packet packet, ref uint found)
    {
        ulong pointer = BinaryPrimitives.ReadUInt64BigEndian(pointers[position..]);

        // The immediate bit and the identifier in one number: a special pointer has the bit set and an identifier
        // from 1 to 4.
        ulong kind = (pointer >> packet.AddressBits) - (Wire.ImmediateBit >> packet.AddressBits);
        ulong value = Wire.Value(pointer, packet.AddressBits);
        switch (kind)
        {
            case ItemId.HeapCnt:
                packet.Cnt = value;
                break;
            case ItemId.HeapLength:
                packet.HeapLength = value;
                break;
            case ItemId.PayloadOffset:
                packet.PayloadOffset = value;
                break;
            case ItemId.PayloadLength:
                packet.PayloadLength = value;
                break;
            default:
                return false;
        }

        found |= 1u << (int)kind;
        return true;
    }
}
