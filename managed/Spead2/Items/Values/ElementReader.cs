// SPDX-License-Identifier: MIT

using System.Collections.Immutable;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using Spead2.Items.Codecs;

namespace Spead2.Items.Values;

/// <summary>Reads elements from the bytes of a value.</summary>
internal static class ElementReader
{
    private const int BitsPerByte = 8;

    /// <summary>Reads elements into memory as their .NET type has them there.</summary>
    /// <param name="type">Type of the elements, one that can be in a span.</param>
    /// <param name="source">Bytes of the value.</param>
    /// <param name="firstBit">Where the first element begins.</param>
    /// <param name="strideBits">Bits from the beginning of an element to that of the next.</param>
    /// <param name="destination">Memory for the elements; its length says how many.</param>
    /// <param name="bigEndian">
    /// Byte order that is wanted; of elements that are no whole bytes, and of x86's numbers of 80 bits, it is native.
    /// </param>
    public static void Read(
        ItemType type,
        ReadOnlySpan<byte> source,
        long firstBit,
        int strideBits,
        Span<byte> destination,
        bool bigEndian)
    {
        if (destination.IsEmpty)
        {
            return;
        }

        if (type.Kind == ItemKind.Boolean)
        {
            BitCodec.UnpackBool(
                source, firstBit, type.BitWidth, strideBits, MemoryMarshal.Cast<byte, bool>(destination));
        }
        else if (type.IsExtended)
        {
            ReadExtended(type, source[(int)(firstBit / BitsPerByte)..], strideBits / BitsPerByte, destination);
        }
        else if (type.IsWhole && firstBit % BitsPerByte == 0 && strideBits % BitsPerByte == 0)
        {
            ReadWhole(
                source[(int)(firstBit / BitsPerByte)..],
                strideBits / BitsPerByte,
                destination,
                type.NativeSize,
                type.SwapSize,
                swap: type.IsLittleEndian == bigEndian);
        }
        else
        {
            Unpack(type, source, firstBit, strideBits, destination);
            if (type.IsWhole && bigEndian == BitConverter.IsLittleEndian)
            {
                ByteOrderCodec.Copy(destination, destination, type.SwapSize, swap: true);
            }
        }
    }

    /// <summary>
    /// Reads elements into an array of their .NET type; characters are <see cref="char"/> there, and times
    /// <see cref="DateTime"/> or <see cref="TimeSpan"/> if all are exactly that.
    /// </summary>
    /// <inheritdoc cref="Read"/>
    public static Array ReadArray(ItemType type, ReadOnlySpan<byte> source, long firstBit, int strideBits, int count)
    {
        return type.Native switch
        {
            NativeCode.Byte => Numbers<byte>(source),
            NativeCode.SByte => Numbers<sbyte>(source),
            NativeCode.UInt16 => Numbers<ushort>(source),
            NativeCode.Int16 => Numbers<short>(source),
            NativeCode.UInt32 => Numbers<uint>(source),
            NativeCode.Int32 => Numbers<int>(source),
            NativeCode.UInt64 => Numbers<ulong>(source),
            NativeCode.Int64 => Numbers<long>(source),
            NativeCode.Half => Numbers<Half>(source),
            NativeCode.Single => Numbers<float>(source),
            NativeCode.Double => Numbers<double>(source),
            NativeCode.ComplexSingle => Numbers<ComplexSingle>(source),
            NativeCode.Complex => Numbers<Complex>(source),
            NativeCode.Boolean => Numbers<bool>(source),
            NativeCode.Character => Encoding.Latin1.GetChars(Numbers<byte>(source)),
            NativeCode.BigInteger => Others(source, ReadBig),
            NativeCode.Bytes => Others(source, ReadBytes),
            NativeCode.Text => Others(source, ReadText),
            NativeCode.Time => TimeValue.ToArray(type, Numbers<long>(source)),
            NativeCode.Raw => Others(source, ReadRaw),
            _ => Others(source, ReadRecord),
        };

        T[] Numbers<T>(ReadOnlySpan<byte> source)
            where T : unmanaged
        {
            T[] values = new T[count];
            Read(
                type,
                source,
                firstBit,
                strideBits,
                MemoryMarshal.AsBytes(values.AsSpan()),
                bigEndian: !BitConverter.IsLittleEndian);
            return values;
        }

        T[] Others<T>(ReadOnlySpan<byte> source, ReadOther<T> read)
        {
            T[] values = new T[count];
            for (int i = 0; i < count; i++)
            {
                values[i] = read(type, source, firstBit + ((long)i * strideBits));
            }

            return values;
        }
    }

    /// <summary>Reads one element as an object.</summary>
    public static object ReadOne(ItemType type, ReadOnlySpan<byte> source, long firstBit) =>
        ReadArray(type, source, firstBit, type.BitWidth, count: 1).GetValue(0)!;

    /// <summary>Reads a field of a record: an element, or an array of them in row-major order.</summary>
    public static object ReadField(ItemField field, ReadOnlySpan<byte> source, long recordBit) =>
        field.Shape.Rank == 0
            ? ReadOne(field.Type, source, recordBit + field.BitOffset)
            : ReadArray(
                field.Type, source, recordBit + field.BitOffset, field.Type.BitWidth, field.Shape.FixedCount);

    private static void ReadWhole(
        ReadOnlySpan<byte> source, int stride, Span<byte> destination, int size, int swapSize, bool swap)
    {
        if (stride == size)
        {
            ByteOrderCodec.Copy(source[..destination.Length], destination, swapSize, swap);
            return;
        }

        for (int from = 0, to = 0; to < destination.Length; from += stride, to += size)
        {
            ByteOrderCodec.Copy(source.Slice(from, size), destination.Slice(to, size), swapSize, swap);
        }
    }

    // A complex number is two.
    private static void ReadExtended(ItemType type, ReadOnlySpan<byte> source, int stride, Span<byte> destination)
    {
        Span<double> numbers = MemoryMarshal.Cast<byte, double>(destination);
        int parts = type.Kind == ItemKind.Complex ? 2 : 1;
        for (int i = 0; i < numbers.Length; i++)
        {
            ReadOnlySpan<byte> number = source[(int)(((long)i / parts * stride) + (i % parts * ExtendedCodec.Size))..];
            numbers[i] = ExtendedCodec.Read(number, type.IsLittleEndian);
        }
    }

    private static void Unpack(
        ItemType type, ReadOnlySpan<byte> source, long firstBit, int strideBits, Span<byte> destination)
    {
        // Floats are unpacked as the unsigned integers that have their bits.
        switch (type.NativeSize, type.Kind == ItemKind.SignedInteger)
        {
            case (sizeof(byte), false):
                As<byte>(source, destination);
                break;
            case (sizeof(byte), true):
                As<sbyte>(source, destination);
                break;
            case (sizeof(ushort), false):
                As<ushort>(source, destination);
                break;
            case (sizeof(ushort), true):
                As<short>(source, destination);
                break;
            case (sizeof(uint), false):
                As<uint>(source, destination);
                break;
            case (sizeof(uint), true):
                As<int>(source, destination);
                break;
            case (_, false):
                As<ulong>(source, destination);
                break;
            default:
                As<long>(source, destination);
                break;
        }

        void As<T>(ReadOnlySpan<byte> source, Span<byte> destination)
            where T : unmanaged, IBinaryInteger<T> =>
            BitCodec.Unpack(
                source,
                firstBit,
                type.BitWidth,
                strideBits,
                type.Kind == ItemKind.SignedInteger,
                MemoryMarshal.Cast<byte, T>(destination));
    }

    private static BigInteger ReadBig(ItemType type, ReadOnlySpan<byte> source, long bit) =>
        BitCodec.ReadBig(source, bit, type.BitWidth, type.Kind == ItemKind.SignedInteger);

    // As NumPy has it: NULs at the end are padding.
    private static byte[] ReadBytes(ItemType type, ReadOnlySpan<byte> source, long bit) =>
        Slice(type, source, bit).TrimEnd((byte)0).ToArray();

    private static byte[] ReadRaw(ItemType type, ReadOnlySpan<byte> source, long bit) =>
        Slice(type, source, bit).ToArray();

    private static string ReadText(ItemType type, ReadOnlySpan<byte> source, long bit)
    {
        // What is no code point becomes the replacement character.
        Encoding encoding = type.IsLittleEndian ? Encoding.UTF32 : BigEndianUtf32;
        return encoding.GetString(Slice(type, source, bit)).TrimEnd('\0');
    }

    private static ItemRecord ReadRecord(ItemType type, ReadOnlySpan<byte> source, long bit)
    {
        ImmutableArray<ItemField> fields = type.Fields;
        object[] values = new object[fields.Length];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = ReadField(fields[i], source, bit);
        }

        return new(type, values);
    }

    private static readonly UTF32Encoding BigEndianUtf32 = new(bigEndian: true, byteOrderMark: false);

    private static ReadOnlySpan<byte> Slice(ItemType type, ReadOnlySpan<byte> source, long bit) =>
        source.Slice((int)(bit / BitsPerByte), type.BitWidth / BitsPerByte);

    private delegate T ReadOther<T>(ItemType type, ReadOnlySpan<byte> source, long bit);
}
