// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Numerics;
using System.Text;
using Spead2.Items.Descriptors;
using Spead2.Items.Values;
using Spead2.Tools.Output;

namespace Spead2.Tools.Items;

/// <summary>Elements of items as people read them. Not more is read than is shown.</summary>
internal sealed class ElementText
{
    // Enough to recognise an array by.
    private const int MostElements = 4;
    private const int MostCharacters = 48;

    private const int BytesOfCodePoint = 4;

    // More than are shown, in hexadecimal digits.
    private const int BitsOfLargeInteger = 4 * (MostCharacters + 1);

    private static readonly UTF32Encoding BigEndianUtf32 = new(bigEndian: true, byteOrderMark: false);

    private readonly StringBuilder _text = new();

    private ElementText()
    {
    }

    private bool IsFull => _text.Length > MostCharacters;

    /// <summary>The value of an item, or the beginning of a long one.</summary>
    public static string Of(Item item)
    {
        ElementText text = new();
        if (item.Descriptor.IsText)
        {
            text.AppendQuoted(item.RawBytes, SentText.Decoder(item.TextEncoding), bytesOfCharacter: 1);
            return text.Shortened(isMore: false);
        }

        ElementList elements = new(item);
        text.Append(elements, Math.Min(elements.Count, MostElements), " ");
        return text.Shortened(isMore: elements.Count > MostElements);
    }

    private string Shortened(bool isMore) => IsFull
        ? _text.ToString(0, MostCharacters) + "…"
        : isMore ? _text + " …" : _text.ToString();

    private void Append(ElementList elements, int count, string separator)
    {
        for (int i = 0; i < count && !IsFull; i++)
        {
            _text.Append(i > 0 ? separator : "");
            switch (elements.Type.Kind)
            {
                case ItemKind.Record:
                    AppendRecord(elements, i);
                    break;
                case ItemKind.Bytes:
                    AppendQuoted(elements.BytesOf(i).TrimEnd((byte)0), Encoding.Latin1, bytesOfCharacter: 1);
                    break;
                case ItemKind.Raw:
                    AppendQuoted(elements.BytesOf(i), Encoding.Latin1, bytesOfCharacter: 1);
                    break;
                case ItemKind.Text:
                    AppendQuoted(
                        elements.BytesOf(i),
                        elements.Type.IsLittleEndian ? Encoding.UTF32 : BigEndianUtf32,
                        BytesOfCodePoint);
                    break;
                default:
                    _text.Append(Of(elements.Read(i)));
                    break;
            }
        }
    }

    private void AppendRecord(ElementList records, int index)
    {
        _text.Append('(');
        string separator = "";
        foreach (ItemField field in records.Type.Fields)
        {
            if (IsFull)
            {
                break;
            }

            _text.Append(separator);
            separator = ", ";
            ElementList elements = records.FieldOf(index, field);
            bool isArray = field.Shape.Rank > 0;
            _text.Append(isArray ? "[" : "");
            Append(elements, elements.Count, " ");
            _text.Append(isArray ? "]" : "");
        }

        _text.Append(')');
    }

    /// <summary>Printable text between quotation marks, without the NULs at its end.</summary>
    private void AppendQuoted(ReadOnlySpan<byte> bytes, Encoding encoding, int bytesOfCharacter)
    {
        int shown = Math.Min(bytes.Length, (MostCharacters + 1) * bytesOfCharacter);
        string text = encoding.GetString(bytes[..shown]);
        _text.Append('\'');
        _text.Append(Printable.Of(bytesOfCharacter > 1 ? text.TrimEnd('\0') : text)).Append('\'');
    }

    private static string Of(object element) => element switch
    {
        BigInteger big when big.GetBitLength() > ElementJson.MaxDecimalBits => OfLarge(big),
        bool value => value ? "true" : "false",
        DateTime time => TimeValue.Text(time),
        ComplexSingle value => OfComplex(value),
        Complex value => OfComplex(value),
        char value => value.ToString(),
        _ => ((IFormattable)element).ToString(null, CultureInfo.InvariantCulture),
    };

    private static string OfLarge(BigInteger value)
    {
        // Whole digits go, so that those that are left stay the same.
        const int bitsOfDigit = 4;
        int digitsTooMany = (int)((value.GetBitLength() - BitsOfLargeInteger) / bitsOfDigit);
        BigInteger first = BigInteger.Abs(value) >> (digitsTooMany * bitsOfDigit);
        return string.Create(
            CultureInfo.InvariantCulture, $"{(value.Sign < 0 ? "-" : "")}0x{first.ToString("x", null).TrimStart('0')}");
    }

    private static string OfComplex(Complex value) => string.Create(
        CultureInfo.InvariantCulture,
        $"{value.Real}{(double.IsNegative(value.Imaginary) ? "" : "+")}{value.Imaginary}i");
}
