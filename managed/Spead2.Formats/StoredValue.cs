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
        Copy(new()
        {
            From = type,
            To = stored,
            Source = source,
            StrideBits = type.BitWidth,
            Destination = destination,
            Stride = size,
            Count = count,
        });
        return destination;
    }

    private static void Copy(Elements elements)
    {
        ItemType from = elements.From;
        if (from.Kind == ItemKind.Record)
        {
            CopyFields(elements);
        }
        else if (from.NativeSize != 0 && elements.To.Kind != ItemKind.Raw && !from.IsExtended)
        {
            CopyNumbers(elements);
        }
        else
        {
            for (int i = 0; i < elements.Count; i++)
            {
                CopyBytes(
                    from,
                    elements.To,
                    elements.Source,
                    elements.FirstBit + ((long)i * elements.StrideBits),
                    elements.Destination.Slice(i * elements.Stride, StoredType.SizeOf(elements.To)));
            }
        }
    }

    private static void CopyFields(Elements elements)
    {
        for (int i = 0; i < elements.From.Fields.Length && elements.Count > 0; i++)
        {
            ItemField field = elements.From.Fields[i];
            ItemField stored = elements.To.Fields[i];
            for (int element = 0; element < field.Shape.FixedCount; element++)
            {
                int place = (stored.BitOffset / BitsPerByte) + (element * StoredType.SizeOf(stored.Type));
                Copy(elements with
                {
                    From = field.Type,
                    To = stored.Type,
                    FirstBit = elements.FirstBit + field.BitOffset + ((long)element * field.Type.BitWidth),
                    Destination = elements.Destination[place..],
                });
            }
        }
    }

    private static void CopyNumbers(Elements elements)
    {
        int size = StoredType.SizeOf(elements.To);
        int count = elements.Count;
        bool isDense = elements.Stride == size;
        Span<byte> numbers = isDense ? elements.Destination[..(count * size)] : new byte[count * size];
        ElementReader.Read(
            elements.From,
            elements.Source,
            elements.FirstBit,
            elements.StrideBits,
            numbers,
            bigEndian: !elements.To.IsLittleEndian);
        for (int i = 0; i < count && !isDense; i++)
        {
            numbers.Slice(i * size, size).CopyTo(elements.Destination[(i * elements.Stride)..]);
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

    /// <summary>Elements that are to be copied.</summary>
    private readonly ref struct Elements
    {
        /// <summary>Their type.</summary>
        public required ItemType From { get; init; }

        /// <summary>The type that is stored for it.</summary>
        public required ItemType To { get; init; }

        /// <summary>Bytes with the elements.</summary>
        public required ReadOnlySpan<byte> Source { get; init; }

        /// <summary>Bit at which the first one begins.</summary>
        public long FirstBit { get; init; }

        /// <summary>Bits from the beginning of an element to that of the next.</summary>
        public required int StrideBits { get; init; }

        /// <summary>Where the first one goes.</summary>
        public required Span<byte> Destination { get; init; }

        /// <summary>Bytes from one element to the next there.</summary>
        public required int Stride { get; init; }

        /// <summary>Number of elements.</summary>
        public required int Count { get; init; }
    }
}
