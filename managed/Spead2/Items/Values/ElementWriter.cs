// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using Spead2.Items.Codecs;

namespace Spead2.Items.Values;

/// <summary>Writes elements into the bytes of a value.</summary>
internal static class ElementWriter
{
    private const int BitsPerByte = 8;
    private const int WordBits = BitCodec.MaxIntegerWidth;

    /// <summary>Writes elements that are in memory as their .NET type, back to back.</summary>
    /// <exception cref="ArgumentException">An integer has more bits than the type.</exception>
    public static void WriteSpan(ItemType type, ReadOnlySpan<byte> elements, Span<byte> destination)
    {
        if (elements.IsEmpty)
        {
            return;
        }

        if (type.Kind == ItemKind.Boolean)
        {
            BitCodec.PackBool(
                MemoryMarshal.Cast<byte, bool>(elements), type.BitWidth, destination, firstBit: 0, type.BitWidth);
        }
        else if (type.IsExtended)
        {
            WriteExtended(type, elements, destination);
        }
        else if (type.IsWhole)
        {
            ByteOrderCodec.Copy(elements, destination, type.SwapSize, swap: !type.IsNativeLayout);
        }
        else
        {
            Pack(type, elements, destination);
        }
    }

    /// <summary>Writes one element.</summary>
    /// <exception cref="ArgumentException">The object is no such element.</exception>
    public static void WriteOne(ItemType type, object value, Span<byte> destination, long bit)
    {
        switch (type.Kind)
        {
            case ItemKind.Record:
                WriteRecord(type, value, destination, bit);
                break;
            case ItemKind.UnsignedInteger or ItemKind.SignedInteger:
                WriteInteger(type, ToInteger(type, value), destination, bit);
                break;
            case ItemKind.DateTime or ItemKind.TimeSpan:
                BigInteger count = TimeValue.ToCount(type, value) ?? ToInteger(type, value);
                WriteInteger(type, count, destination, bit);
                break;
            case ItemKind.Boolean:
                bool flag = value as bool? ?? throw Unfit(type, value);
                BitCodec.PackBool([flag], type.BitWidth, destination, bit, type.BitWidth);
                break;
            case ItemKind.Character:
                int code = value is char character ? character : value as byte? ?? throw Unfit(type, value);
                WriteInteger(type, code, destination, bit);
                break;
            case ItemKind.FloatingPoint or ItemKind.Complex:
                WriteFloat(type, value, destination, bit);
                break;
            default:
                WriteBytes(type, value, destination.Slice((int)(bit / BitsPerByte), type.BitWidth / BitsPerByte));
                break;
        }
    }

    /// <summary>A value that does not fit a type.</summary>
    public static ArgumentException Unfit(ItemType type, object value) =>
        new($"{value} ({value.GetType().Name}) is no value of the type {type}.", nameof(value));

    private static void WriteRecord(ItemType type, object value, Span<byte> destination, long bit)
    {
        if (value is not IReadOnlyList<object> fields || fields.Count != type.Fields.Length)
        {
            throw Unfit(type, value);
        }

        for (int i = 0; i < fields.Count; i++)
        {
            ItemField field = type.Fields[i];
            long fieldBit = bit + field.BitOffset;
            if (field.Shape.Rank == 0)
            {
                WriteOne(field.Type, fields[i], destination, fieldBit);
                continue;
            }

            if (fields[i] is not Array array || array.Length != field.Shape.FixedCount)
            {
                throw Unfit(field.Type, fields[i]);
            }

            foreach (object element in array)
            {
                WriteOne(field.Type, element, destination, fieldBit);
                fieldBit += field.Type.BitWidth;
            }
        }
    }

    private static BigInteger ToInteger(ItemType type, object value) => value switch
    {
        byte number => number,
        sbyte number => number,
        ushort number => number,
        short number => number,
        uint number => number,
        int number => number,
        ulong number => number,
        long number => number,
        BigInteger number => number,
        _ => throw Unfit(type, value),
    };

    private static void WriteInteger(ItemType type, BigInteger value, Span<byte> destination, long bit)
    {
        // Of a signed number the sign is a bit more.
        bool isSigned = type.Kind != ItemKind.UnsignedInteger && type.Kind != ItemKind.Character;
        long bits = value.GetBitLength() + (isSigned ? 1 : 0);
        if (bits > type.BitWidth || (!isSigned && value.Sign < 0))
        {
            throw Unfit(type, value);
        }

        if (type.IsLittleEndian)
        {
            Span<byte> element = destination.Slice((int)(bit / BitsPerByte), type.BitWidth / BitsPerByte);
            Span<byte> word = stackalloc byte[sizeof(ulong)];
            BinaryPrimitives.WriteUInt64LittleEndian(word, (ulong)(value & ulong.MaxValue));
            word[..element.Length].CopyTo(element);
            return;
        }

        if (type.BitWidth <= WordBits)
        {
            WriteWord(value, type.BitWidth, destination, bit);
        }
        else
        {
            WriteBig(value, isSigned, type.BitWidth, destination, bit);
        }
    }

    private static void WriteWord(BigInteger value, int width, Span<byte> destination, long bit) =>
        BitCodec.Pack<ulong>([(ulong)(value & ulong.MaxValue)], width, destination, bit, width);

    // By way of all bytes of the number, as to shift so large a number for each word would take long.
    private static void WriteBig(BigInteger value, bool isSigned, int bitWidth, Span<byte> destination, long bit)
    {
        byte[] bytes = new byte[(bitWidth + BitsPerByte - 1) / BitsPerByte];
        bytes.AsSpan().Fill(value.Sign < 0 ? byte.MaxValue : (byte)0);
        int count = value.GetByteCount(isUnsigned: !isSigned);
        value.TryWriteBytes(bytes.AsSpan(bytes.Length - count), out _, isUnsigned: !isSigned, isBigEndian: true);
        ReadOnlySpan<byte> rest = bytes;
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        for (int left = bitWidth; left > 0;)
        {
            int width = left % WordBits == 0 ? WordBits : left % WordBits;
            int length = (width + BitsPerByte - 1) / BitsPerByte;
            word.Clear();
            rest[..length].CopyTo(word[^length..]);
            BitCodec.Pack<ulong>([BinaryPrimitives.ReadUInt64BigEndian(word)], width, destination, bit, width);
            rest = rest[length..];
            left -= width;
            bit += width;
        }
    }

    private static void WriteFloat(ItemType type, object value, Span<byte> destination, long bit)
    {
        Complex complex = value switch
        {
            Complex number => number,
            ComplexSingle number => number.ToComplex(),
            Half number => (double)number,
            float number => number,
            double number => number,
            _ => (double)ToInteger(type, value),
        };
        Span<byte> native = stackalloc byte[type.NativeSize];
        switch (type.Native)
        {
            case NativeCode.Half when complex.Imaginary == 0:
                MemoryMarshal.Write(native, value is Half half ? half : (Half)complex.Real);
                break;
            case NativeCode.Single when complex.Imaginary == 0:
                MemoryMarshal.Write(native, value is float single ? single : (float)complex.Real);
                break;
            case NativeCode.Double when complex.Imaginary == 0:
                MemoryMarshal.Write(native, complex.Real);
                break;
            case NativeCode.ComplexSingle:
                MemoryMarshal.Write(
                    native,
                    value is ComplexSingle small
                        ? small
                        : new ComplexSingle((float)complex.Real, (float)complex.Imaginary));
                break;
            case NativeCode.Complex:
                MemoryMarshal.Write(native, complex);
                break;
            default:
                throw Unfit(type, value);
        }

        if (type.IsExtended)
        {
            WriteExtended(type, native, destination[(int)(bit / BitsPerByte)..]);
        }
        else if (bit % BitsPerByte == 0)
        {
            Span<byte> element = destination.Slice((int)(bit / BitsPerByte), native.Length);
            ByteOrderCodec.Copy(native, element, type.SwapSize, swap: !type.IsNativeLayout);
        }
        else
        {
            // Only formats have floats that are not at a byte: big-endian ones of 32 or 64 bits.
            ulong bits = type.NativeSize == sizeof(uint)
                ? MemoryMarshal.Read<uint>(native)
                : MemoryMarshal.Read<ulong>(native);
            BitCodec.Pack<ulong>([bits], type.BitWidth, destination, bit, type.BitWidth);
        }
    }

    private static void WriteExtended(ItemType type, ReadOnlySpan<byte> elements, Span<byte> destination)
    {
        foreach (double number in MemoryMarshal.Cast<byte, double>(elements))
        {
            ExtendedCodec.Write(number, destination, type.IsLittleEndian);
            destination = destination[ExtendedCodec.Size..];
        }
    }

    private static void WriteBytes(ItemType type, object value, Span<byte> destination)
    {
        byte[] bytes = value switch
        {
            byte[] given => given,
            string text when type.Kind == ItemKind.Text => (type.IsLittleEndian
                ? Encoding.UTF32
                : new UTF32Encoding(bigEndian: true, byteOrderMark: false)).GetBytes(text),
            string text when type.Kind == ItemKind.Bytes && Ascii.IsValid(text) => Encoding.ASCII.GetBytes(text),
            _ => throw Unfit(type, value),
        };
        bool isShort = bytes.Length < destination.Length && type.Kind == ItemKind.Raw;
        if (isShort || bytes.Length > destination.Length)
        {
            throw Unfit(type, value);
        }

        bytes.CopyTo(destination);
        destination[bytes.Length..].Clear();
    }

    private static void Pack(ItemType type, ReadOnlySpan<byte> elements, Span<byte> destination)
    {
        switch (type.Native)
        {
            case NativeCode.Byte:
                PackIntegers<byte>(type, elements, destination);
                break;
            case NativeCode.SByte:
                PackIntegers<sbyte>(type, elements, destination);
                break;
            case NativeCode.UInt16:
                PackIntegers<ushort>(type, elements, destination);
                break;
            case NativeCode.Int16:
                PackIntegers<short>(type, elements, destination);
                break;
            case NativeCode.UInt32:
                PackIntegers<uint>(type, elements, destination);
                break;
            case NativeCode.Int32:
                PackIntegers<int>(type, elements, destination);
                break;
            case NativeCode.UInt64:
                PackIntegers<ulong>(type, elements, destination);
                break;
            default:
                PackIntegers<long>(type, elements, destination);
                break;
        }
    }

    private static void PackIntegers<T>(ItemType type, ReadOnlySpan<byte> elements, Span<byte> destination)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        ReadOnlySpan<T> values = MemoryMarshal.Cast<byte, T>(elements);
        T least = T.MinValue >> ((elements.Length / values.Length * BitsPerByte) - type.BitWidth);
        T most = T.MaxValue >> ((elements.Length / values.Length * BitsPerByte) - type.BitWidth);
        int unfit = values.IndexOfAnyExceptInRange(least, most);
        if (unfit >= 0)
        {
            throw new ArgumentException($"Element {unfit} is {values[unfit]}, which does not fit in {type}.");
        }

        BitCodec.Pack(values, type.BitWidth, destination, firstBit: 0, type.BitWidth);
    }
}
