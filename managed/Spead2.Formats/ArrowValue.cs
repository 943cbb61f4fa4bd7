// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Text;
using Apache.Arrow;
using Apache.Arrow.Types;

namespace Spead2.Formats;

/// <summary>Arrow's types and arrays for stored types in the byte order of this machine.</summary>
internal static class ArrowValue
{
    private const int BitsPerByte = 8;
    private const int PartsOfComplex = 2;
    private const string ElementName = "item";

    /// <summary>The type of a value: elements in a list for each dimension, of fixed size where the dimension is.</summary>
    public static IArrowType TypeOf(ItemType stored, ReadOnlySpan<long> dimensions)
    {
        IArrowType type = TypeOf(stored);
        for (int i = dimensions.Length - 1; i >= 0; i--)
        {
            Field element = new(ElementName, type, nullable: false);
            type = IsFixed(dimensions[i]) ? new FixedSizeListType(element, (int)dimensions[i]) : new ListType(element);
        }

        return type;
    }

    /// <summary>Makes an array of values.</summary>
    /// <param name="stored">Type of the elements.</param>
    /// <param name="dimensions">The dimensions of all values, as <see cref="TypeOf(ItemType, ReadOnlySpan{long})"/> had them.</param>
    /// <param name="lengths">The dimensions that these values have.</param>
    /// <param name="elements">The elements of all of them, in row-major order.</param>
    /// <param name="values">How many values there are.</param>
    /// <param name="present">A bit for each value that there is; none: all are.</param>
    public static ArrayData Of(
        ItemType stored,
        ReadOnlySpan<long> dimensions,
        ReadOnlySpan<long> lengths,
        ReadOnlySpan<byte> elements,
        int values,
        ReadOnlySpan<byte> present = default)
    {
        int size = StoredType.SizeOf(stored);
        ArrayData array = Elements(stored, elements, size, size == 0 ? 0 : elements.Length / size);
        for (int i = dimensions.Length - 1; i >= 0; i--)
        {
            int length = (int)lengths[i];
            int lists = values;
            for (int outer = 0; outer < i; outer++)
            {
                lists *= (int)lengths[outer];
            }

            Field element = new(ElementName, array.DataType, nullable: false);
            array = IsFixed(dimensions[i])
                ? Plain(new FixedSizeListType(element, length), lists, array)
                : new(new ListType(element), lists, 0, 0, [ArrowBuffer.Empty, Offsets(lists, length)], [array]);
        }

        return present.IsEmpty ? array : WithNulls(array, present);
    }

    /// <summary>An array of one value that is missing.</summary>
    public static ArrayData Missing(ItemType stored, ReadOnlySpan<long> dimensions)
    {
        // A list of fixed size has its elements even then.
        long[] lengths = [.. dimensions];
        long count = 1;
        foreach (ref long length in lengths.AsSpan())
        {
            length = IsFixed(length) ? length : 0;
            count *= length;
        }

        return Of(stored, dimensions, lengths, new byte[count * StoredType.SizeOf(stored)], values: 1, present: [0]);
    }

    /// <summary>An array of one text, or of none.</summary>
    public static ArrayData Text(string? text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text ?? "");
        ArrayData array = new(StringType.Default, 1, 0, 0, [ArrowBuffer.Empty, Offsets(1, bytes.Length), new(bytes)], []);
        return text is null ? WithNulls(array, [0]) : array;
    }

    private static IArrowType TypeOf(ItemType stored) => stored.Kind switch
    {
        _ when stored.IsExtended => new FixedSizeBinaryType(StoredType.SizeOf(stored)),
        ItemKind.UnsignedInteger => stored.BitWidth switch
        {
            8 => UInt8Type.Default,
            16 => UInt16Type.Default,
            32 => UInt32Type.Default,
            _ => UInt64Type.Default,
        },
        ItemKind.SignedInteger => stored.BitWidth switch
        {
            8 => Int8Type.Default,
            16 => Int16Type.Default,
            32 => Int32Type.Default,
            _ => Int64Type.Default,
        },
        ItemKind.FloatingPoint => stored.BitWidth switch
        {
            16 => HalfFloatType.Default,
            32 => FloatType.Default,
            _ => DoubleType.Default,
        },
        ItemKind.Complex => new FixedSizeListType(
            new Field(ElementName, PartOf(stored), nullable: false), PartsOfComplex),
        ItemKind.Boolean => BooleanType.Default,
        ItemKind.DateTime when UnitOf(stored) is { } unit => new TimestampType(unit, (string?)null),
        ItemKind.TimeSpan when UnitOf(stored) is { } unit => DurationType.FromTimeUnit(unit),
        ItemKind.DateTime or ItemKind.TimeSpan => Int64Type.Default,
        ItemKind.Text => StringType.Default,
        ItemKind.Record => new StructType(
            [.. stored.Fields.Select(field => new Field(field.Name, TypeOf(field.Type, field.Shape.Dimensions), nullable: false))]),
        _ => new FixedSizeBinaryType(StoredType.SizeOf(stored)),
    };

    private static ArrayData Elements(ItemType stored, ReadOnlySpan<byte> bytes, int stride, int count)
    {
        IArrowType type = TypeOf(stored);
        return stored.Kind switch
        {
            ItemKind.Record => Record(stored, type, bytes, stride, count),
            ItemKind.Text => Texts(stored, bytes, count),
            ItemKind.Boolean => Plain(type, count, Bits(bytes)),
            ItemKind.Complex when !stored.IsExtended => Plain(
                type, count, Plain(PartOf(stored), PartsOfComplex * count, new ArrowBuffer(bytes.ToArray()))),
            _ => Plain(type, count, new ArrowBuffer(bytes.ToArray())),
        };
    }

    private static ArrayData Record(ItemType stored, IArrowType type, ReadOnlySpan<byte> bytes, int stride, int count)
    {
        ArrayData[] children = new ArrayData[stored.Fields.Length];
        for (int i = 0; i < children.Length; i++)
        {
            ItemField field = stored.Fields[i];
            int size = field.BitWidth / BitsPerByte;
            byte[] column = new byte[size * count];
            for (int record = 0; record < count; record++)
            {
                bytes.Slice((record * stride) + (field.BitOffset / BitsPerByte), size).CopyTo(column.AsSpan(record * size));
            }

            children[i] = Of(field.Type, field.Shape.Dimensions, field.Shape.Dimensions, column, count);
        }

        return new(type, count, 0, 0, [ArrowBuffer.Empty], children);
    }

    private static ArrayData Texts(ItemType stored, ReadOnlySpan<byte> bytes, int count)
    {
        int size = StoredType.SizeOf(stored);
        Encoding encoding = stored.IsLittleEndian ? Encoding.UTF32 : new UTF32Encoding(bigEndian: true, byteOrderMark: false);
        byte[] offsets = new byte[(count + 1) * sizeof(int)];
        using MemoryStream texts = new();
        for (int i = 0; i < count; i++)
        {
            texts.Write(Encoding.UTF8.GetBytes(encoding.GetString(bytes.Slice(i * size, size)).TrimEnd('\0')));
            BinaryPrimitives.WriteInt32LittleEndian(offsets.AsSpan((i + 1) * sizeof(int)), checked((int)texts.Length));
        }

        return new(StringType.Default, count, 0, 0, [ArrowBuffer.Empty, new(offsets), new(texts.ToArray())], []);
    }

    private static ArrayData WithNulls(ArrayData array, ReadOnlySpan<byte> present)
    {
        int count = 0;
        for (int i = 0; i < array.Length; i++)
        {
            count += (present[i / BitsPerByte] >> (i % BitsPerByte)) & 1;
        }

        ArrowBuffer[] buffers = [new(present.ToArray()), .. array.Buffers.Skip(1)];
        return new(array.DataType, array.Length, array.Length - count, 0, buffers, array.Children);
    }

    private static ArrayData Plain(IArrowType type, int length, ArrowBuffer values) =>
        new(type, length, 0, 0, [ArrowBuffer.Empty, values], []);

    private static ArrayData Plain(IArrowType type, int length, ArrayData child) =>
        new(type, length, 0, 0, [ArrowBuffer.Empty], [child]);

    private static ArrowBuffer Bits(ReadOnlySpan<byte> booleans)
    {
        byte[] bits = new byte[(booleans.Length + BitsPerByte - 1) / BitsPerByte];
        for (int i = 0; i < booleans.Length; i++)
        {
            bits[i / BitsPerByte] |= (byte)(booleans[i] == 0 ? 0 : 1 << (i % BitsPerByte));
        }

        return new(bits);
    }

    private static ArrowBuffer Offsets(int lists, int length)
    {
        byte[] offsets = new byte[(lists + 1) * sizeof(int)];
        for (int i = 0; i <= lists; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(offsets.AsSpan(i * sizeof(int)), checked(i * length));
        }

        return new(offsets);
    }

    // A dimension of 0 has no list of fixed size.
    private static bool IsFixed(long dimension) => dimension > 0;

    private static IArrowType PartOf(ItemType complex) =>
        complex.BitWidth == PartsOfComplex * sizeof(float) * BitsPerByte ? FloatType.Default : DoubleType.Default;

    private static TimeUnit? UnitOf(ItemType time) => time.TimeUnit switch
    {
        "s" => TimeUnit.Second,
        "ms" => TimeUnit.Millisecond,
        "us" => TimeUnit.Microsecond,
        "ns" => TimeUnit.Nanosecond,
        _ => null,
    };
}
