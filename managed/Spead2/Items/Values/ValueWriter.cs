// SPDX-License-Identifier: MIT

using System.Text;

namespace Spead2.Items.Values;

/// <summary>Writes values that are to be sent.</summary>
internal static class ValueWriter
{
    private const int BitsPerByte = 8;

    /// <summary>The bytes of a value.</summary>
    /// <exception cref="ArgumentException">The value does not fit the descriptor.</exception>
    public static byte[] Write(ItemDescriptor descriptor, object value, out MeasuredValue measured)
    {
        if (descriptor.Shape.Rank == 0)
        {
            measured = Measure(descriptor, count: 1);
            byte[] scalar = new byte[measured.ByteCount];
            ElementWriter.WriteOne(descriptor.Type, value, scalar, bit: 0);
            return scalar;
        }

        Array elements = value switch
        {
            string text when descriptor.IsText => EncodeText(descriptor, text),
            Array array when array.Rank == 1 || HasShape(array, descriptor.Shape) => array,
            _ => throw new ArgumentException(
                $"{value} ({value.GetType().Name}) is no value of the type {descriptor.Type} {descriptor.Shape}.",
                nameof(value)),
        };
        measured = Measure(descriptor, elements.Length);
        if (descriptor.IsFortranOrder)
        {
            elements = MemoryOrder.Change(Flat(elements), descriptor.Shape.Dimensions, toFortran: true);
        }

        byte[] bytes = new byte[measured.ByteCount];
        long bit = 0;
        foreach (object element in elements)
        {
            ElementWriter.WriteOne(descriptor.Type, element, bytes, bit);
            bit += descriptor.Type.BitWidth;
        }

        return bytes;
    }

    /// <summary>How many bytes a number of elements take.</summary>
    /// <exception cref="ArgumentException">The number does not fit the shape, or is too large.</exception>
    public static MeasuredValue Measure(ItemDescriptor descriptor, int count)
    {
        ItemShape shape = descriptor.Shape;
        int fixedCount = shape.FixedCount;
        int variable = !shape.IsVariable || fixedCount == 0 ? 0 : count / fixedCount;
        int expected = shape.IsVariable ? variable * fixedCount : fixedCount;
        if (count != expected)
        {
            throw new ArgumentException(
                $"{count} elements do not fit the shape {shape} of item 0x{descriptor.Id:x} '{descriptor.Name}'.");
        }

        long bytes = (((long)count * descriptor.Type.BitWidth) + BitsPerByte - 1) / BitsPerByte;
        return bytes <= Array.MaxLength
            ? new(variable, count, (int)bytes)
            : throw new ArgumentException(
                $"{count} elements of {descriptor.Type} have {bytes} bytes; at most {Array.MaxLength} are supported.");
    }

    // ASCII, or UTF-8, or Latin-1 where only that has as many bytes as there are elements.
    private static byte[] EncodeText(ItemDescriptor descriptor, string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        bool isLatin1 = !text.AsSpan().ContainsAnyExceptInRange('\0', (char)byte.MaxValue);
        return !descriptor.Shape.IsVariable && utf8.Length != descriptor.Shape.FixedCount && isLatin1
            ? Encoding.Latin1.GetBytes(text)
            : utf8;
    }

    private static bool HasShape(Array array, ItemShape shape)
    {
        if (array.Rank != shape.Rank)
        {
            return false;
        }

        for (int i = 0; i < shape.Rank; i++)
        {
            if (shape[i] != ItemShape.Variable && shape[i] != array.GetLength(i))
            {
                return false;
            }
        }

        return true;
    }

    private static object[] Flat(Array array)
    {
        object[] flat = new object[array.Length];
        int i = 0;
        foreach (object element in array)
        {
            flat[i++] = element;
        }

        return flat;
    }
}
