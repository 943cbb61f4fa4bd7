// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Numerics;

namespace Spead2.Items.Codecs;

/// <summary>
/// Floating-point numbers of x86's 80 bits, as NumPy has them in memory: 64 bits with the leading one, 16 of sign and
/// exponent, 48 unused.
/// </summary>
internal static class ExtendedCodec
{
    /// <summary>Bytes of a number.</summary>
    public const int Size = 16;

    private const ulong LeadingBit = 1UL << 63;
    private const int SignBit = 0x8000;
    private const int LargestExponent = 0x7fff;
    private const int ExponentBias = 16383;
    private const int DoubleBias = 1023;
    private const int DoubleFractionBits = 52;
    private const int LeastDoubleExponent = -1022;

    /// <summary>
    /// Reads a number: the nearest of 64 bits, of two as near the even one. What x86's own instructions refuse is NaN.
    /// </summary>
    public static double Read(ReadOnlySpan<byte> source, bool isLittleEndian)
    {
        ulong mantissa = isLittleEndian
            ? BinaryPrimitives.ReadUInt64LittleEndian(source)
            : BinaryPrimitives.ReadUInt64BigEndian(source[(Size - sizeof(ulong))..]);
        int signAndExponent = isLittleEndian
            ? BinaryPrimitives.ReadUInt16LittleEndian(source[sizeof(ulong)..])
            : BinaryPrimitives.ReadUInt16BigEndian(source[(Size - sizeof(ulong) - sizeof(ushort))..]);
        int exponent = signAndExponent & LargestExponent;
        double magnitude = exponent == 0 ? Nearest(mantissa, 1 - ExponentBias)
            : mantissa < LeadingBit ? double.NaN
            : exponent < LargestExponent ? Nearest(mantissa, exponent - ExponentBias)
            : mantissa == LeadingBit ? double.PositiveInfinity
            : double.NaN;
        return (signAndExponent & SignBit) == 0 ? magnitude : -magnitude;
    }

    /// <summary>Writes a number, which has room for every one of 64 bits.</summary>
    public static void Write(double value, Span<byte> destination, bool isLittleEndian)
    {
        ulong bits = BitConverter.DoubleToUInt64Bits(value);
        ulong fraction = bits << (63 - DoubleFractionBits);
        int exponent = (int)(bits >> DoubleFractionBits) & ((2 * DoubleBias) + 1);
        ulong mantissa = fraction | LeadingBit;
        if (exponent == (2 * DoubleBias) + 1)
        {
            exponent = LargestExponent;
        }
        else if (exponent != 0)
        {
            exponent += ExponentBias - DoubleBias;
        }
        else
        {
            fraction &= ~LeadingBit;
            int shift = fraction == 0 ? 0 : BitOperations.LeadingZeroCount(fraction);
            mantissa = fraction << shift;
            exponent = fraction == 0 ? 0 : ExponentBias + LeastDoubleExponent - shift;
        }

        int signAndExponent = exponent | (double.IsNegative(value) ? SignBit : 0);
        Span<byte> element = destination[..Size];
        element.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(element, mantissa);
        BinaryPrimitives.WriteUInt16LittleEndian(element[sizeof(ulong)..], (ushort)signAndExponent);
        if (!isLittleEndian)
        {
            element.Reverse();
        }
    }

    // The double next to mantissa / 2^63 * 2^exponent.
    private static double Nearest(ulong mantissa, int exponent)
    {
        if (mantissa == 0)
        {
            return 0;
        }

        int zeros = BitOperations.LeadingZeroCount(mantissa);
        mantissa <<= zeros;
        exponent -= zeros;
        if (exponent > DoubleBias)
        {
            return double.PositiveInfinity;
        }

        // Numbers below the least exponent have fewer bits.
        int dropped = 63 - DoubleFractionBits + Math.Max(LeastDoubleExponent - exponent, 0);
        if (dropped > 64)
        {
            return 0;
        }

        ulong kept = dropped == 64 ? 0 : mantissa >> dropped;
        ulong rest = dropped == 64 ? mantissa : mantissa << (64 - dropped);
        kept += rest > LeadingBit || (rest == LeadingBit && (kept & 1) != 0) ? 1UL : 0;

        // One bit too many of a mantissa goes over into the exponent, as it has to.
        ulong above = exponent < LeastDoubleExponent ? 0 : (ulong)(exponent + DoubleBias - 1) << DoubleFractionBits;
        return BitConverter.UInt64BitsToDouble(above + kept);
    }
}
