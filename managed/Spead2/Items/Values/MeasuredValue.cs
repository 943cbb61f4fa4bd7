// SPDX-License-Identifier: MIT

using System.Text;

namespace Spead2.Items.Values;

/// <summary>How much of an item's bytes are its value.</summary>
/// <param name="VariableLength">Length of the variable dimension, or 0 if there is none.</param>
/// <param name="Count">Number of elements.</param>
/// <param name="ByteCount">Number of bytes.</param>
internal readonly record struct MeasuredValue(int VariableLength, int Count, int ByteCount)
{
    private const int BitsPerByte = 8;

    /// <summary>Measures a value in a number of bytes. Nothing is allocated.</summary>
    /// <exception cref="HeapFormatException">There are too few bytes, or too many elements.</exception>
    public static MeasuredValue Of(ItemDescriptor descriptor, int availableBytes)
    {
        ItemShape shape = descriptor.Shape;
        int width = descriptor.Type.BitWidth;
        long mostElements = (long)availableBytes * BitsPerByte / width;
        long count = shape.FixedCount;
        int variable = 0;
        if (shape.IsVariable)
        {
            // A product of 0 leaves the dimension nothing to follow from.
            long length = count == 0 ? 0 : mostElements / count;
            count *= length;
            if (count > Array.MaxLength)
            {
                throw Fault(
                    descriptor,
                    $"its {availableBytes} bytes have {count} elements; at most {Array.MaxLength} are supported");
            }

            variable = (int)length;
        }

        if (count > mostElements)
        {
            throw Fault(
                descriptor,
                $"its {availableBytes} bytes have {mostElements} elements of {width} bits, but the shape {shape} needs "
                + $"{count}");
        }

        return new(variable, (int)count, (int)(((count * width) + BitsPerByte - 1) / BitsPerByte));
    }

    /// <summary>Checks the bytes of a value that are not all valid.</summary>
    /// <exception cref="HeapFormatException">A text is not ASCII.</exception>
    public static void Check(ItemDescriptor descriptor, ReadOnlySpan<byte> bytes)
    {
        if (descriptor.IsText && !Ascii.IsValid(bytes))
        {
            int bad = bytes.IndexOfAnyExceptInRange((byte)0, (byte)0x7f);
            throw Fault(descriptor, $"its text is not ASCII: byte {bad} is 0x{bytes[bad]:x2}");
        }
    }

    private static HeapFormatException Fault(ItemDescriptor descriptor, string what) =>
        new HeapFormatException($"{what}.").About(descriptor.Id, descriptor.Name);
}
