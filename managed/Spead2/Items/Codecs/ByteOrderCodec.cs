// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Spead2.Items.Codecs;

/// <summary>Copies numbers of whole bytes, with or without a change of their byte order.</summary>
internal static class ByteOrderCodec
{
    /// <summary>Copies elements; each may be swapped end for end.</summary>
    /// <param name="source">The elements, back to back, at any alignment.</param>
    /// <param name="destination">
    /// Where they go: as many bytes; with a swap either the source itself or other memory.
    /// </param>
    /// <param name="elementSize">Bytes of an element.</param>
    /// <param name="swap">Whether the bytes of each element are reversed.</param>
    /// <exception cref="ArgumentOutOfRangeException">The element size is not positive.</exception>
    /// <exception cref="ArgumentException">
    /// The lengths differ, are no multiple of the element size, or the memory overlaps.
    /// </exception>
    public static void Copy(ReadOnlySpan<byte> source, Span<byte> destination, int elementSize, bool swap)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(elementSize, 1);
        if (source.Length != destination.Length || source.Length % elementSize != 0)
        {
            throw new ArgumentException(
                $"Elements of {elementSize} bytes cannot be copied from {source.Length} to {destination.Length} bytes; "
                + "both must be the same multiple of the element size.",
                nameof(destination));
        }

        if (!swap || elementSize == 1)
        {
            source.CopyTo(destination);
            return;
        }

        if (source.Overlaps(destination, out int offset) && offset != 0)
        {
            throw new ArgumentException(
                "Elements can be swapped where they are, but not onto a part of themselves.", nameof(destination));
        }

        switch (elementSize)
        {
            case sizeof(ushort):
                BinaryPrimitives.ReverseEndianness(
                    MemoryMarshal.Cast<byte, ushort>(source), MemoryMarshal.Cast<byte, ushort>(destination));
                break;
            case sizeof(uint):
                BinaryPrimitives.ReverseEndianness(
                    MemoryMarshal.Cast<byte, uint>(source), MemoryMarshal.Cast<byte, uint>(destination));
                break;
            case sizeof(ulong):
                BinaryPrimitives.ReverseEndianness(
                    MemoryMarshal.Cast<byte, ulong>(source), MemoryMarshal.Cast<byte, ulong>(destination));
                break;
            default:
                for (int i = 0; i < source.Length; i += elementSize)
                {
                    Span<byte> element = destination.Slice(i, elementSize);
                    source.Slice(i, elementSize).CopyTo(element);
                    element.Reverse();
                }

                break;
        }
    }
}
