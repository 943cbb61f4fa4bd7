// SPDX-License-Identifier: MIT

using System.Numerics;

namespace Spead2.Tests.Items.Codecs;

/// <summary>The model: one bit at a time, most significant first.</summary>
internal static class NaiveBits
{
    public static bool Get(ReadOnlySpan<byte> bytes, long bit) =>
        ((bytes[(int)(bit / 8)] >> (int)(7 - (bit % 8))) & 1) == 1;

    public static void Set(Span<byte> bytes, long bit, bool value)
    {
        byte mask = (byte)(0x80 >> (int)(bit % 8));
        bytes[(int)(bit / 8)] = (byte)(value ? bytes[(int)(bit / 8)] | mask : bytes[(int)(bit / 8)] & ~mask);
    }

    public static Int128 Read(ReadOnlySpan<byte> bytes, long firstBit, int width, bool signed)
    {
        Int128 value = 0;
        for (int i = 0; i < width; i++)
        {
            Int128 bit = Get(bytes, firstBit + i) ? 1 : 0;
            value = (2 * value) + (i == 0 && signed ? -bit : bit);
        }

        return value;
    }

    public static BigInteger ReadBig(ReadOnlySpan<byte> bytes, long firstBit, int width, bool signed)
    {
        BigInteger value = 0;
        for (int i = 0; i < width; i++)
        {
            int bit = Get(bytes, firstBit + i) ? 1 : 0;
            value = (2 * value) + (i == 0 && signed ? -bit : bit);
        }

        return value;
    }

    public static void Write(Span<byte> bytes, long firstBit, int width, Int128 value)
    {
        for (int i = width - 1; i >= 0; i--, value >>= 1)
        {
            Set(bytes, firstBit + i, (value & 1) == 1);
        }
    }
}
