// SPDX-License-Identifier: MIT

namespace Spead2.Items.Codecs;

/// <summary>Checks where elements of some bits lie in a piece of memory.</summary>
internal static class BitSpan
{
    private const int BitsPerByte = 8;

    /// <summary>Makes sure that all elements lie within the memory.</summary>
    /// <param name="byteCount">Bytes of the memory.</param>
    /// <param name="firstBit">Where the first element begins; bit 0 is the most significant one of byte 0.</param>
    /// <param name="bitWidth">Bits of an element.</param>
    /// <param name="strideBits">Bits from the beginning of an element to that of the next.</param>
    /// <param name="count">Number of elements.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// An element would lie outside, elements would overlap, or a width is not positive.
    /// </exception>
    public static void Check(int byteCount, long firstBit, int bitWidth, int strideBits, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bitWidth, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(strideBits, bitWidth);
        long bits = (long)byteCount * BitsPerByte;
        ArgumentOutOfRangeException.ThrowIfNegative(firstBit);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstBit, bits);

        // No overflow: the product is below 2^62, and the first bit is at most 2^34.
        if (count > 0 && firstBit + ((count - 1L) * strideBits) + bitWidth > bits)
        {
            throw new ArgumentOutOfRangeException(
                nameof(count),
                $"{count} elements of {bitWidth} bits, {strideBits} bits apart, do not fit from bit {firstBit} on in "
                + $"{byteCount} bytes.");
        }
    }
}
