// SPDX-License-Identifier: MIT

using System.Buffers.Binary;

namespace Spead2.Items.Descriptors;

/// <summary>
/// A packet of an inner heap, decoded as every SPEAD packet is, but that PySPEAD leaves out PAYLOAD_OFFSET and
/// PAYLOAD_LENGTH where they are 0, whatever the dialect of the packets around it.
/// </summary>
internal ref struct InnerPacket
{
    public const int PointerSize = 8;

    private const int HeaderSize = 8;
    private const int PointersAt = 6;
    private const int Unknown = -1;

    public int AddressBits { get; private set; }

    public long Cnt { get; private set; }

    /// <summary>Announced length of the heap, or -1.</summary>
    public long HeapLength { get; private set; }

    public long PayloadOffset { get; private set; }

    /// <summary>The item pointers from the first on that is not one of the standard four, 8 bytes each.</summary>
    public ReadOnlySpan<byte> Items { get; private set; }

    public ReadOnlySpan<byte> Payload { get; private set; }

    /// <summary>Bytes of the packet.</summary>
    public int Size { get; private set; }

    /// <summary>Decodes the packet at the beginning of the bytes.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out InnerPacket packet)
    {
        packet = new() { Cnt = Unknown, HeapLength = Unknown };
        if (bytes.Length < HeaderSize
            || bytes[0] != 0x53
            || bytes[1] != Flavour.Version
            || bytes[2] == 0
            || bytes[3] == 0
            || bytes[2] + bytes[3] != PointerSize)
        {
            return false;
        }

        int pointerBytes = BinaryPrimitives.ReadUInt16BigEndian(bytes[PointersAt..]) * PointerSize;
        ReadOnlySpan<byte> rest = bytes[HeaderSize..];
        if (pointerBytes > rest.Length)
        {
            return false;
        }

        packet.AddressBits = bytes[3] * 8;
        packet.Items = rest[..pointerBytes];
        rest = rest[pointerBytes..];
        long payloadLength = packet.ReadStandardPointers() is var sent and >= 0 ? sent : rest.Length;
        if (packet.Cnt < 0
            || payloadLength > rest.Length
            || (packet.HeapLength >= 0 && packet.PayloadOffset + payloadLength > packet.HeapLength))
        {
            return false;
        }

        packet.Payload = rest[..(int)payloadLength];
        packet.Size = HeaderSize + pointerBytes + packet.Payload.Length;
        return true;
    }

    // Returns the payload's length, or -1.
    private long ReadStandardPointers()
    {
        long payloadLength = Unknown;
        int leading = 0;
        for (int at = 0; at < Items.Length; at += PointerSize)
        {
            InnerPointer pointer = new(BinaryPrimitives.ReadUInt64BigEndian(Items[at..]), AddressBits);
            switch (pointer.IsImmediate ? pointer.Id : ItemId.Null)
            {
                case ItemId.HeapCnt:
                    Cnt = pointer.Value;
                    break;
                case ItemId.HeapLength:
                    HeapLength = pointer.Value;
                    break;
                case ItemId.PayloadOffset:
                    PayloadOffset = pointer.Value;
                    break;
                case ItemId.PayloadLength:
                    payloadLength = pointer.Value;
                    break;
                default:
                    continue;
            }

            leading += leading == at ? PointerSize : 0;
        }

        Items = Items[leading..];
        return payloadLength;
    }
}
