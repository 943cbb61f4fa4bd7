// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;

namespace Spead2.Items.Values;

/// <summary>How much of an item's bytes are its value.</summary>
/// <param name="VariableLength">Length of the variable dimension, or 0 if there is none.</param>
/// <param name="Count">Number of elements.</param>
/// <param name="ByteCount">Number of bytes.</param>
internal readonly record struct MeasuredValue(int VariableLength, int Count, int ByteCount)
{
    private const int BitsPerByte = 8;

    /// <summary>Bytes without elements, as of an item that cannot be interpreted.</summary>
    public static MeasuredValue OfBytes(int byteCount) => new(0, 0, byteCount);

    /// <summary>Measures a value in a number of bytes. Nothing is allocated.</summary>
    /// <param name="descriptor">What the item is.</param>
    /// <param name="availableBytes">Number of bytes.</param>
    /// <param name="measured">How much of them is the value.</param>
    /// <param name="fault">Why there is none: too few bytes, too many elements, or an unknown type.</param>
    public static bool TryMeasure(
        ItemDescriptor descriptor,
        int availableBytes,
        out MeasuredValue measured,
        [NotNullWhen(false)] out string? fault)
    {
        fault = descriptor.Type.Fault;
        measured = OfBytes(availableBytes);
        if (fault is not null)
        {
            return false;
        }

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
                fault = $"Its {availableBytes} bytes have {count} elements; at most {Array.MaxLength} are supported.";
                return false;
            }

            variable = (int)length;
        }

        if (count > mostElements)
        {
            fault = $"Its {availableBytes} bytes have {mostElements} elements of {width} bits, but the shape {shape} "
                + $"needs {count}.";
            return false;
        }

        measured = new(variable, (int)count, (int)(((count * width) + BitsPerByte - 1) / BitsPerByte));
        return true;
    }
}
