// SPDX-License-Identifier: MIT

using System.Numerics;
using Spead2.Items.Codecs;
using Spead2.Items.Values;

namespace Spead2.Formats;

/// <summary>The values of items as files have them.</summary>
internal static class StoredValue
{
    private const int BitsPerByte = 8;
    private const int BytesPerCodePoint = 4;

    /// <summary>Shape of what is stored; of an item that cannot be interpreted that of its bytes.</summary>
    public static ItemShape ShapeOf(Item item) => item.HasValue ? item.Shape : new(item.RawBytes.Length);

    /// <summary>The elements of an item as elements of a stored type, in row-major order.</summary>
    /// <returns>Valid as long as <see cref="Item.RawBytes"/>.</returns>
    public static ReadOnlySpan<byte> InRows(Item item, ItemType stored)
    {
        ReadOnlySpan<byte> bytes = InMemoryOrder(item, stored);
        return item.HasValue && item.Descriptor.IsFortranOrder && item.Shape.Rank > 1
            ? ToRows(bytes, item.Shape.Dimensions, StoredType.SizeOf(stored))
            : bytes;
    }

    /// <summary>The elements of an item as elements of a stored type, in the order in which they were sent.</summary>
    /// <inheritdoc cref="InRows"/>
    public static ReadOnlySpan<byte> InMemoryOrder(Item item, ItemType stored)
    {
        ReadOnlySpan<byte> source = item.RawBytes;
        return item.HasValue ? Converted(item.Type, stored, source, item.Count) : source;
    }

    /// <summary>Elements as elements of a stored type; not copied if they are that already.</summary>
    public static ReadOnlySpan<byte> Converted(ItemType type, ItemType stored, ReadOnlySpan<byte> source, int count)
    {
        if (StoredType.IsSame(type, stored))
        {
            return source;
        }

        int size = StoredType.SizeOf(stored);
        byte[] destination = new byte[checked(count * size)];
        Copy(type, stored, source, firstBit: 0, type.BitWidth, destination, size, count);
        return destination;
    }

    /// <summary>Copies elements.</summary>
    /// <param name="from">Their type.</param>
    /// <param name="to">The type that is stored for it.</param>
    /// <param name="source">Bytes with the elements.</param>
    /// <param name="firstBit">Where the first one begins.</param>
    /// <param name="strideBits">Bits from the beginning of an element to that of the next.</param>
    /// <param name="destination">Where the first one goes.</param>
    /// <param name="stride">Bytes from one element to the next there.</param>
    /// <param name="count">Number of elements.</param>
    private static void Copy(
        ItemType from,
        ItemType to,
        ReadOnlySpan<byte> source,
        long firstBit,
        int strideBits,
        Span<byte> destination,
        int stride,
        int count)
    {
        int size = StoredType.SizeOf(to);
        if (from.Kind == ItemKind.Record)
        {
            CopyFields(from, to, source, firstBit, strideBits, destination, stride, count);
        }
        else if (from.NativeSize != 0 && to.Kind != ItemKind.Raw && !from.IsExtended)
        {
            CopyNumbers(from, to, source, firstBit, strideBits, destination, stride, count);
        }
        else
        {
            for (int i = 0; i < count; i++)
            {
                CopyBytes(from, to, source, firstBit + ((long)i * strideBits), destination.Slice(i * stride, size));
            }
        }
    }

    private static void CopyFields(
        ItemType from,
        ItemType to,
        ReadOnlySpan<byte> source,
        long firstBit,
        int strideBits,
        Span<byte> destination,
        int stride,
        int count)
    {
        for (int i = 0; i < from.Fields.Length && count > 0; i++)
        {
            ItemField field = from.Fields[i];
            ItemField stored = to.Fields[i];
            for (int element = 0; element < field.Shape.FixedCount; element++)
            {
                Copy(
                    field.Type,
                    stored.Type,
                    source,
                    firstBit + field.BitOffset + ((long)element * field.Type.BitWidth),
                    strideBits,
                    destination[((stored.BitOffset / BitsPerByte) + (element * StoredType.SizeOf(stored.Type)))..],
                    stride,
                    count);
            }
        }
    }

    private static void CopyNumbers(
        ItemType from,
        ItemType to,
        ReadOnlySpan<byte> source,
        long firstBit,
        int strideBits,
        Span<byte> destination,
        int stride,
        int count)
    {
        int size = StoredType.SizeOf(to);
        bool isDense = stride == size;
        Span<byte> numbers = isDense ? destination[..(count * size)] : new byte[count * size];
        ElementReader.Read(from, source, firstBit, strideBits, numbers, bigEndian: !to.IsLittleEndian);
        for (int i = 0; i < count && !isDense; i++)
        {
            numbers.Slice(i * size, size).CopyTo(destination[(i * stride)..]);
        }
    }

    // What has no .NET type that could be in a span: large integers, bytes, texts, numbers of 80 bits.
    private static void CopyBytes(
        ItemType from, ItemType to, ReadOnlySpan<byte> source, long bit, Span<byte> destination)
    {
        if (from.Kind is ItemKind.UnsignedInteger or ItemKind.SignedInteger)
        {
            bool isSigned = from.Kind == ItemKind.SignedInteger;
            BigInteger number = BitCodec.ReadBig(source, bit, from.BitWidth, isSigned);
            destination.Fill(number.Sign < 0 ? byte.MaxValue : (byte)0);
            int length = number.GetByteCount(isUnsigned: !isSigned);
            number.TryWriteBytes(destination[^length..], out _, isUnsigned: !isSigned, isBigEndian: true);
            return;
        }

        ReadOnlySpan<byte> bytes = source.Slice((int)(bit / BitsPerByte), destination.Length);
        bool swap = from.Kind == ItemKind.Text && from.IsLittleEndian != to.IsLittleEndian;
        ByteOrderCodec.Copy(bytes, destination, swap ? BytesPerCodePoint : 1, swap);
    }

    private static byte[] ToRows(ReadOnlySpan<byte> elements, ReadOnlySpan<long> dimensions, int size)
    {
        byte[] rows = new byte[elements.Length];
        int[] places = (int[])MemoryOrder.Change(
            Enumerable.Range(0, elements.Length / size).ToArray(), dimensions, toFortran: false);
        for (int i = 0; i < places.Length; i++)
        {
            elements.Slice(places[i] * size, size).CopyTo(rows.AsSpan(i * size));
        }

        return rows;
    }
}
