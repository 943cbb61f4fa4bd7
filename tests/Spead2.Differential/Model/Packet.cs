// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Spead2.Receive;

namespace Spead2.Differential.Model;

/// <summary>A packet, decoded as section 3.1 of the spec says, or by a dialect (docs/dialects.md).</summary>
internal sealed record Packet(
    int AddressBits, long Cnt, long? HeapLength, long Offset, byte[] Payload, IReadOnlyList<Pointer> Pointers, int Size)
{
    /// <summary>The packet at the start of the bytes, or null if there is none.</summary>
    public static Packet? Decode(ReadOnlySpan<byte> bytes, DialectFlags dialect = DialectFlags.None) =>
        Decode(bytes, dialect, out _);

    /// <summary>The same; what is no packet counts under the statistic.</summary>
    public static Packet? Decode(ReadOnlySpan<byte> bytes, DialectFlags dialect, out string statistic)
    {
        statistic = bytes.Length < 8 ? "malformed_size"
            : bytes[0] != 0x53 || bytes[1] != 4 ? "malformed_magic"
            : bytes[2] == 0 || bytes[3] == 0 ? "malformed_flavour"
            : bytes[2] + bytes[3] != 8 ? "malformed_widths"
            : "";
        if (statistic.Length > 0)
        {
            return null;
        }

        int addressBits = 8 * bytes[3];
        int payloadStart = 8 + (8 * BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]));
        if (payloadStart > bytes.Length)
        {
            statistic = "malformed_item_table";
            return null;
        }

        List<Pointer> pointers = [];
        for (int at = 8; at < payloadStart; at += 8)
        {
            pointers.Add(Pointer.Of(BinaryPrimitives.ReadUInt64BigEndian(bytes[at..]), addressBits));
        }

        long rest = bytes.Length - payloadStart;
        long? given = dialect.HasFlag(DialectFlags.IgnoreHeapLength) ? null : Last(ItemId.HeapLength);
        long? givenAt = dialect.HasFlag(DialectFlags.IgnoreOffset) ? null : Last(ItemId.PayloadOffset);
        (long? heapLength, long? givenOffset, long? givenLength) =
            Adapt(dialect, rest, pointers, (given, givenAt, Last(ItemId.PayloadLength)));
        if (Last(ItemId.HeapCnt) is not long cnt || givenOffset is not long offset || givenLength is not long length)
        {
            statistic = "malformed_item_missing";
            return null;
        }

        if (payloadStart + length > bytes.Length || offset + length > heapLength)
        {
            statistic = payloadStart + length > bytes.Length ? "malformed_payload" : "malformed_beyond_heap";
            return null;
        }

        int size = payloadStart + (int)length;
        return new(addressBits, cnt, heapLength, offset, bytes[payloadStart..size].ToArray(), pointers, size);

        // Special items count as immediates only, and the last one wins.
        long? Last(long id) =>
            pointers.Where(pointer => pointer.IsImmediate && pointer.Id == id).Select(pointer => (long?)pointer.Value)
                .LastOrDefault();
    }

    /// <summary>What a dialect makes of HEAP_LENGTH, PAYLOAD_OFFSET and PAYLOAD_LENGTH.</summary>
    private static (long? HeapLength, long? Offset, long? Length) Adapt(
        DialectFlags dialect, long rest, List<Pointer> pointers, (long? HeapLength, long? Offset, long? Length) given)
    {
        if (dialect.HasFlag(DialectFlags.ControlOnly) && rest == 0 && given == (null, null, null)
            && pointers.Exists(pointer => pointer is { IsImmediate: true, Id: ItemId.StreamControl }))
        {
            return (0, 0, 0);
        }

        (long? heapLength, long? offset, long? length) = given;
        if (length is null && dialect.HasFlag(DialectFlags.MissingLengthIsRest))
        {
            length = rest;
        }
        else if (length == 0 && dialect.HasFlag(DialectFlags.ZeroLengthIsRest))
        {
            length = rest;
        }

        if (dialect.HasFlag(DialectFlags.DatagramIsHeap) && length is not null && heapLength is null
            && (offset ?? 0) == 0)
        {
            return (length, 0, length);
        }

        return (heapLength, dialect.HasFlag(DialectFlags.MissingOffsetIsZero) ? offset ?? 0 : offset, length);
    }
}
