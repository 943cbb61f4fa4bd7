// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Spead2.Items.Codecs;

/// <summary>
/// Integers and booleans of any number of bits, most significant bit first (SPEAD document: item descriptors with a
/// format). Element k begins at bit <c>firstBit + k × strideBits</c>; bit 0 is the most significant one of byte 0.
/// </summary>
internal static class BitCodec
{
    /// <summary>Bits of the widest integer that <see cref="Unpack"/> and <see cref="Pack"/> take.</summary>
    public const int MaxIntegerWidth = 64;

    private const int BitsPerByte = 8;
    private const int ByteMask = 0xff;

    /// <summary>Reads integers.</summary>
    /// <typeparam name="T">Type of 1, 2, 4 or 8 bytes, with at least as many bits as an element.</typeparam>
    /// <param name="source">Memory with the elements; nothing outside of it is read.</param>
    /// <param name="firstBit">Where the first element begins.</param>
    /// <param name="bitWidth">Bits of an element, 1 to 64.</param>
    /// <param name="strideBits">Bits from the beginning of an element to that of the next, at least the width.</param>
    /// <param name="signed">
    /// Whether elements are in two's complement. A negative one in an unsigned <typeparamref name="T"/> wraps around.
    /// </param>
    /// <param name="destination">Receives the elements; its length is their number.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The elements do not lie within the source, or do not fit in <typeparamref name="T"/>.
    /// </exception>
    public static void Unpack<T>(
        ReadOnlySpan<byte> source, long firstBit, int bitWidth, int strideBits, bool signed, Span<T> destination)
        where T : unmanaged, IBinaryInteger<T>
    {
        CheckInteger<T>(bitWidth);
        BitSpan.Check(source.Length, firstBit, bitWidth, strideBits, destination.Length);
        int done = 0;
        if (IsPacked(firstBit, bitWidth, strideBits))
        {
            ReadOnlySpan<byte> packed = source[(int)(firstBit / BitsPerByte)..];
            if (IsWhole<T>(bitWidth))
            {
                Span<byte> bytes = MemoryMarshal.AsBytes(destination);
                ByteOrderCodec.Copy(packed[..bytes.Length], bytes, Unsafe.SizeOf<T>(), BitConverter.IsLittleEndian);
                return;
            }

            done = PackedVectors.Unpack(packed, bitWidth, signed, destination);
        }

        int unused = MaxIntegerWidth - bitWidth;
        long bit = firstBit + ((long)done * strideBits);
        foreach (ref T element in destination[done..])
        {
            ulong aligned = ReadAligned(source, (ulong)bit, bitWidth);
            element = FromBits<T>(signed ? (ulong)((long)aligned >> unused) : aligned >> unused);
            bit += strideBits;
        }
    }

    /// <summary>Writes integers: of each value the lowest bits. Bits between elements are left as they are.</summary>
    /// <typeparam name="T">Type of 1, 2, 4 or 8 bytes, with at least as many bits as an element.</typeparam>
    /// <param name="values">The elements.</param>
    /// <param name="bitWidth">Bits of an element, 1 to 64.</param>
    /// <param name="destination">Memory for the elements; nothing outside of it is written.</param>
    /// <param name="firstBit">Where the first element begins.</param>
    /// <param name="strideBits">Bits from the beginning of an element to that of the next, at least the width.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The elements do not lie within the destination, or are wider than <typeparamref name="T"/>.
    /// </exception>
    public static void Pack<T>(
        ReadOnlySpan<T> values, int bitWidth, Span<byte> destination, long firstBit, int strideBits)
        where T : unmanaged, IBinaryInteger<T>
    {
        CheckInteger<T>(bitWidth);
        BitSpan.Check(destination.Length, firstBit, bitWidth, strideBits, values.Length);
        int done = 0;
        if (IsPacked(firstBit, bitWidth, strideBits))
        {
            Span<byte> packed = destination[(int)(firstBit / BitsPerByte)..];
            if (IsWhole<T>(bitWidth))
            {
                ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(values);
                ByteOrderCodec.Copy(bytes, packed[..bytes.Length], Unsafe.SizeOf<T>(), BitConverter.IsLittleEndian);
                return;
            }

            done = PackGroups(values, bitWidth, packed);
        }

        long bit = firstBit + ((long)done * strideBits);
        for (int i = done; i < values.Length; i++, bit += strideBits)
        {
            Write(destination, bit, bitWidth, ToBits(values[i]));
        }
    }

    /// <summary>Reads booleans: true if any bit of the element is set.</summary>
    /// <param name="source">Memory with the elements; nothing outside of it is read.</param>
    /// <param name="firstBit">Where the first element begins.</param>
    /// <param name="bitWidth">Bits of an element; any positive number.</param>
    /// <param name="strideBits">Bits from the beginning of an element to that of the next, at least the width.</param>
    /// <param name="destination">Receives the elements; its length is their number.</param>
    /// <exception cref="ArgumentOutOfRangeException">The elements do not lie within the source.</exception>
    public static void UnpackBool(
        ReadOnlySpan<byte> source, long firstBit, int bitWidth, int strideBits, Span<bool> destination)
    {
        BitSpan.Check(source.Length, firstBit, bitWidth, strideBits, destination.Length);
        int done = IsPacked(firstBit, bitWidth, strideBits)
            ? PackedVectors.UnpackBool(source[(int)(firstBit / BitsPerByte)..], bitWidth, destination)
            : 0;
        long bit = firstBit + ((long)done * strideBits);
        for (int i = done; i < destination.Length; i++, bit += strideBits)
        {
            destination[i] = IsAnySet(source, bit, bitWidth);
        }
    }

    /// <summary>Writes booleans: true as the integer 1. Bits between the elements are left as they are.</summary>
    /// <param name="values">The elements.</param>
    /// <param name="bitWidth">Bits of an element; any positive number.</param>
    /// <param name="destination">Memory for the elements; nothing outside of it is written.</param>
    /// <param name="firstBit">Where the first element begins.</param>
    /// <param name="strideBits">Bits from the beginning of an element to that of the next, at least the width.</param>
    /// <exception cref="ArgumentOutOfRangeException">The elements do not lie within the destination.</exception>
    public static void PackBool(
        ReadOnlySpan<bool> values, int bitWidth, Span<byte> destination, long firstBit, int strideBits)
    {
        BitSpan.Check(destination.Length, firstBit, bitWidth, strideBits, values.Length);
        int done = bitWidth == 1 && IsPacked(firstBit, bitWidth, strideBits)
            ? PackedVectors.PackBool(values, destination[(int)(firstBit / BitsPerByte)..])
            : 0;
        long bit = firstBit + ((long)done * strideBits);
        for (int i = done; i < values.Length; i++, bit += strideBits)
        {
            // All bits of a wide element but those of its last part are 0.
            int clear = 0;
            for (; bitWidth - clear > MaxIntegerWidth; clear += MaxIntegerWidth)
            {
                Write(destination, bit + clear, MaxIntegerWidth, 0);
            }

            Write(destination, bit + clear, bitWidth - clear, values[i] ? 1UL : 0);
        }
    }

    /// <summary>Reads one integer of any width.</summary>
    /// <param name="source">Memory with the integer; nothing outside of it is read.</param>
    /// <param name="firstBit">Where it begins.</param>
    /// <param name="bitWidth">Its bits; any positive number.</param>
    /// <param name="signed">Whether it is in two's complement.</param>
    /// <exception cref="ArgumentOutOfRangeException">The integer does not lie within the source.</exception>
    public static BigInteger ReadBig(ReadOnlySpan<byte> source, long firstBit, int bitWidth, bool signed)
    {
        BitSpan.Check(source.Length, firstBit, bitWidth, bitWidth, count: 1);
        int first = (int)(firstBit / BitsPerByte);
        long end = firstBit + bitWidth;
        int last = (int)((end - 1) / BitsPerByte);
        int before = (int)(firstBit % BitsPerByte);
        int after = (int)(((last + 1L) * BitsPerByte) - end);
        var whole = new BigInteger(source[first..(last + 1)], isUnsigned: true, isBigEndian: true);
        BigInteger value = whole >> after;
        if (before > 0)
        {
            value &= (BigInteger.One << bitWidth) - 1;
        }

        bool isNegative = signed && (source[first] & (0x80 >> before)) != 0;
        return isNegative ? value - (BigInteger.One << bitWidth) : value;
    }

    private static void CheckInteger<T>(int bitWidth)
        where T : unmanaged =>
        ArgumentOutOfRangeException.ThrowIfGreaterThan(
            bitWidth, Math.Min(Unsafe.SizeOf<T>() * BitsPerByte, MaxIntegerWidth));

    /// <summary>The lowest bits as an integer of a type; the type's own conversion takes twice as long.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T FromBits<T>(ulong bits)
        where T : unmanaged =>
        Unsafe.SizeOf<T>() switch
        {
            sizeof(byte) => Unsafe.BitCast<byte, T>((byte)bits),
            sizeof(ushort) => Unsafe.BitCast<ushort, T>((ushort)bits),
            sizeof(uint) => Unsafe.BitCast<uint, T>((uint)bits),
            _ => Unsafe.BitCast<ulong, T>(bits),
        };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong ToBits<T>(T value)
        where T : unmanaged =>
        Unsafe.SizeOf<T>() switch
        {
            sizeof(byte) => Unsafe.BitCast<T, byte>(value),
            sizeof(ushort) => Unsafe.BitCast<T, ushort>(value),
            sizeof(uint) => Unsafe.BitCast<T, uint>(value),
            _ => Unsafe.BitCast<T, ulong>(value),
        };

    /// <summary>Whether elements lie back to back from the beginning of a byte on.</summary>
    private static bool IsPacked(long firstBit, int bitWidth, int strideBits) =>
        strideBits == bitWidth && firstBit % BitsPerByte == 0;

    private static bool IsWhole<T>(int bitWidth)
        where T : unmanaged =>
        bitWidth == Unsafe.SizeOf<T>() * BitsPerByte;

    /// <summary>Packs as many elements as make whole bytes together with their neighbours.</summary>
    /// <returns>Number of elements that were packed.</returns>
    private static int PackGroups<T>(ReadOnlySpan<T> values, int width, Span<byte> destination)
        where T : unmanaged, IBinaryInteger<T>
    {
        // Eight elements of w bits are w bytes. They are collected in an integer that always has room for one more.
        const int flushed = sizeof(uint) * BitsPerByte;
        if (width > flushed)
        {
            return 0;
        }

        int count = values.Length / BitsPerByte * BitsPerByte;
        ulong mask = ulong.MaxValue >> (MaxIntegerWidth - width);
        ulong collected = 0;
        int bits = 0;
        int at = 0;
        foreach (T value in values[..count])
        {
            collected = (collected << width) | (ToBits(value) & mask);
            bits += width;
            if (bits >= flushed)
            {
                bits -= flushed;
                BinaryPrimitives.WriteUInt32BigEndian(destination[at..], (uint)(collected >> bits));
                at += sizeof(uint);
            }
        }

        for (; bits > 0; bits -= BitsPerByte)
        {
            destination[at++] = (byte)(collected >> (bits - BitsPerByte));
        }

        return count;
    }

    /// <summary>Up to 64 bits at the top of an integer; below them is anything.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong ReadAligned(ReadOnlySpan<byte> source, ulong bit, int width)
    {
        ReadOnlySpan<byte> bytes = source[(int)(bit / BitsPerByte)..];
        int shift = (int)(bit % BitsPerByte);
        if (!BinaryPrimitives.TryReadUInt64BigEndian(bytes, out ulong word))
        {
            return ReadEnd(bytes) << shift;
        }

        word <<= shift;
        return shift + width <= MaxIntegerWidth ? word : word | ((uint)bytes[sizeof(ulong)] >> (BitsPerByte - shift));
    }

    /// <summary>Fewer than 8 bytes at the top of an integer.</summary>
    private static ulong ReadEnd(ReadOnlySpan<byte> bytes)
    {
        ulong word = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            word |= (ulong)bytes[i] << (MaxIntegerWidth - BitsPerByte - (i * BitsPerByte));
        }

        return word;
    }

    private static void Write(Span<byte> destination, long bit, int width, ulong value)
    {
        // From the last byte to the first, each with its mask of bits that belong to the element.
        long end = bit + width;
        int index = (int)((end - 1) / BitsPerByte);
        int after = (int)(((index + 1L) * BitsPerByte) - end);
        for (int left = width; left > 0; index--, after = 0)
        {
            int bits = Math.Min(left, BitsPerByte - after);
            int mask = (ByteMask >> (BitsPerByte - bits)) << after;
            destination[index] = (byte)((destination[index] & ~mask) | (((int)(value & ByteMask) << after) & mask));
            value >>= bits;
            left -= bits;
        }
    }

    private static bool IsAnySet(ReadOnlySpan<byte> source, long bit, int width)
    {
        int left = width;
        for (; left > MaxIntegerWidth; left -= MaxIntegerWidth, bit += MaxIntegerWidth)
        {
            if (ReadAligned(source, (ulong)bit, MaxIntegerWidth) != 0)
            {
                return true;
            }
        }

        return ReadAligned(source, (ulong)bit, left) >> (MaxIntegerWidth - left) != 0;
    }
}
