// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

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
    /// <typeparam name="T">Type with at least as many bits as an element.</typeparam>
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
        int unused = MaxIntegerWidth - bitWidth;
        long bit = firstBit;
        for (int i = 0; i < destination.Length; i++, bit += strideBits)
        {
            ulong aligned = ReadAligned(source, bit, bitWidth);
            destination[i] = signed
                ? T.CreateTruncating((long)aligned >> unused)
                : T.CreateTruncating(aligned >> unused);
        }
    }

    /// <summary>Writes integers: of each value the lowest bits. Bits between the elements are left as they are.</summary>
    /// <typeparam name="T">Type with at least as many bits as an element.</typeparam>
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
        long bit = firstBit;
        for (int i = 0; i < values.Length; i++, bit += strideBits)
        {
            Write(destination, bit, bitWidth, ulong.CreateTruncating(values[i]));
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
        long bit = firstBit;
        for (int i = 0; i < destination.Length; i++, bit += strideBits)
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
        long bit = firstBit;
        for (int i = 0; i < values.Length; i++, bit += strideBits)
        {
            // All bits of a wide element but those of its last part are 0.
            int done = 0;
            for (; bitWidth - done > MaxIntegerWidth; done += MaxIntegerWidth)
            {
                Write(destination, bit + done, MaxIntegerWidth, 0);
            }

            Write(destination, bit + done, bitWidth - done, values[i] ? 1UL : 0);
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

    /// <summary>Up to 64 bits at the top of an integer; below them is anything.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong ReadAligned(ReadOnlySpan<byte> source, long bit, int width)
    {
        int index = (int)(bit / BitsPerByte);
        int shift = (int)(bit % BitsPerByte);
        ReadOnlySpan<byte> bytes = source[index..];
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
            if (ReadAligned(source, bit, MaxIntegerWidth) != 0)
            {
                return true;
            }
        }

        return ReadAligned(source, bit, left) >> (MaxIntegerWidth - left) != 0;
    }
}
