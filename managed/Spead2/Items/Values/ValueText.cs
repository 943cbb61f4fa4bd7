// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Numerics;
using System.Text;

namespace Spead2.Items.Values;

/// <summary>Writes values for people: arrays in nested brackets, shortened after some elements.</summary>
internal sealed class ValueText
{
    // Elements and brackets that are written before the rest is left out.
    private const int MaxParts = 100;
    private const char Rest = '…';

    // Time for decimal digits rises with the square of their number; beyond this, the first bits are shown in hex.
    private const int MaxIntegerBits = 1024;
    private const int ShownBits = 64;

    private readonly StringBuilder _text = new();
    private int _partsLeft = MaxParts;

    /// <summary>Writes an element, or an array that is a field of a record.</summary>
    public static string Of(object value)
    {
        ValueText text = new();
        text.Append(value);
        return text._text.ToString();
    }

    /// <summary>Writes an array.</summary>
    public static string Of(ItemDescriptor descriptor, ReadOnlySpan<long> dimensions, ReadOnlySpan<byte> bytes)
    {
        ValueText text = new();
        Span<long> strides = stackalloc long[dimensions.Length];
        long stride = descriptor.Type.BitWidth;
        for (int i = 0; i < dimensions.Length; i++)
        {
            int dimension = descriptor.IsFortranOrder ? i : dimensions.Length - 1 - i;
            strides[dimension] = stride;
            stride *= dimensions[dimension];
        }

        text.Append(descriptor.Type, dimensions, strides, bytes, bit: 0);
        return text._text.ToString();
    }

    private void Append(
        ItemType type, ReadOnlySpan<long> dimensions, ReadOnlySpan<long> strides, ReadOnlySpan<byte> bytes, long bit)
    {
        if (dimensions.IsEmpty)
        {
            Append(ElementReader.ReadOne(type, bytes, bit));
            return;
        }

        _text.Append('[');
        for (int i = 0; i < dimensions[0] && Separate(i); i++)
        {
            Append(type, dimensions[1..], strides[1..], bytes, bit + (i * strides[0]));
        }

        _text.Append(']');
    }

    private void Append(object value)
    {
        switch (value)
        {
            case ItemRecord record:
                _text.Append('(');
                for (int i = 0; i < record.Count && Separate(i); i++)
                {
                    _text.Append(record.Fields[i].Name).Append(": ");
                    Append(record[i]);
                }

                _text.Append(')');
                break;
            case BigInteger number when number.GetBitLength() > MaxIntegerBits:
                BigInteger first = number >> (int)(number.GetBitLength() - ShownBits);
                _text.Append(CultureInfo.InvariantCulture, $"0x{first:x}{Rest}");
                break;
            case byte[] bytes:
                int shown = Math.Min(bytes.Length, MaxParts);
                _text.Append(Convert.ToHexString(bytes, 0, shown));
                if (shown < bytes.Length)
                {
                    _text.Append(Rest);
                }

                break;
            case DateTime time:
                _text.Append(TimeValue.Text(time));
                break;
            case string text:
                _text.Append(text);
                break;
            case Array array:
                _text.Append('[');
                for (int i = 0; i < array.Length && Separate(i); i++)
                {
                    Append(array.GetValue(i)!);
                }

                _text.Append(']');
                break;
            default:
                _text.Append(CultureInfo.InvariantCulture, $"{value}");
                break;
        }
    }

    // False if there is no room for a further part.
    private bool Separate(int index)
    {
        _text.Append(index == 0 ? "" : ", ");
        if (_partsLeft-- > 0)
        {
            return true;
        }

        _text.Append(Rest);
        return false;
    }
}
