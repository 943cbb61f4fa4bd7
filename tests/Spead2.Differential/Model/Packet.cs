// SPDX-License-Identifier: MIT

using System.Buffers.Binary;

namespace Spead2.Differential.Model;

/// <summary>A packet, decoded as section 3.1 of the spec says.</summary>
internal sealed record Packet(
    int AddressBits, long Cnt, long? HeapLength, long Offset, byte[] Payload, IReadOnlyList<Pointer> Pointers, int Size)
{
    /// <summary>The packet at the start of the bytes, or null if there is none.</summary>
    public static Packet? Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 8 || bytes[0] != 0x53 || bytes[1] != 4)
        {
            return null;
        }

        if (bytes[2] == 0 || bytes[3] == 0 || bytes[2] + bytes[3] != 8)
        {
            return null;
        }

        int addressBits = 8 * bytes[3];
        int payloadStart = 8 + (8 * BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]));
        if (payloadStart > bytes.Length)
        {
            return null;
        }

        List<Pointer> pointers = [];
        for (int at = 8; at < payloadStart; at += 8)
        {
            pointers.Add(Pointer.Of(BinaryPrimitives.ReadUInt64BigEndian(bytes[at..]), addressBits));
        }

        if (Last(ItemId.HeapCnt) is not long cnt
            || Last(ItemId.PayloadOffset) is not long offset
            || Last(ItemId.PayloadLength) is not long length)
        {
            return null;
        }

        long? heapLength = Last(ItemId.HeapLength);
        if (payloadStart + length > bytes.Length || offset + length > heapLength)
        {
            return null;
        }

        int size = payloadStart + (int)length;
        return new(addressBits, cnt, heapLength, offset, bytes[payloadStart..size].ToArray(), pointers, size);

        // Special items count as immediates only, and the last one wins.
        long? Last(long id) =>
            pointers.Where(pointer => pointer.IsImmediate && pointer.Id == id).Select(pointer => (long?)pointer.Value)
                .LastOrDefault();
    }
}
