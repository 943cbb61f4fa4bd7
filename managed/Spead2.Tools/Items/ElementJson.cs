// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using Spead2.Items.Descriptors;
using Spead2.Tools.Output;

namespace Spead2.Tools.Items;

/// <summary>Elements of items as JSON.</summary>
internal static class ElementJson
{
    /// <summary>
    /// Integers of more bits are not written in decimal digits, for which the time rises with the square of their
    /// number.
    /// </summary>
    public const int MaxDecimalBits = 1024;

    // What a string is written in parts of.
    private const int BytesOfPart = 4096;
    private const int BytesOfCodePoint = 4;

    private static readonly UTF32Encoding BigEndianUtf32 = new(bigEndian: true, byteOrderMark: false);

    /// <summary>
    /// Writes the elements of an item: numbers, booleans, strings, [real, imaginary], or arrays of the values of a
    /// record's fields. Numbers that JSON does not have are the strings "NaN", "Infinity" and "-Infinity". Bytes
    /// without a meaning, and integers of more than <see cref="MaxDecimalBits"/> bits, are strings of hexadecimal
    /// digits. Times are the numbers that are sent; their type says of what.
    /// </summary>
    public static void Write(JsonLines lines, Item item)
    {
        if (item.Descriptor.IsText)
        {
            WriteText(lines, item.RawBytes, SentText.Decoder(item.TextEncoding));
        }
        else
        {
            Write(lines, new ElementList(item));
        }
    }

    /// <summary>Writes bytes as a string of hexadecimal digits.</summary>
    public static void WriteHex(JsonLines lines, ReadOnlySpan<byte> bytes, string prefix = "")
    {
        lines.Json.WriteStringValueSegment(prefix, isFinalSegment: false);
        for (; bytes.Length > BytesOfPart; bytes = bytes[BytesOfPart..])
        {
            lines.Json.WriteStringValueSegment(
                Convert.ToHexStringLower(bytes[..BytesOfPart]), isFinalSegment: false);
            lines.MakeRoom();
        }

        lines.Json.WriteStringValueSegment(Convert.ToHexStringLower(bytes), isFinalSegment: true);
    }

    private static void Write(JsonLines lines, ElementList elements)
    {
        for (int i = 0; i < elements.Count; lines.MakeRoom())
        {
            switch (elements.Type.Kind)
            {
                case ItemKind.Record:
                    WriteRecord(lines, elements, i++);
                    break;
                case ItemKind.Bytes:
                    WriteText(lines, elements.BytesOf(i++).TrimEnd((byte)0), Encoding.Latin1);
                    break;
                case ItemKind.Text:
                    WriteText(
                        lines,
                        WithoutPadding(elements.BytesOf(i++)),
                        elements.Type.IsLittleEndian ? Encoding.UTF32 : BigEndianUtf32);
                    break;
                case ItemKind.Raw:
                    WriteHex(lines, elements.BytesOf(i++));
                    break;
                case ItemKind.DateTime or ItemKind.TimeSpan:
                    lines.Json.WriteNumberValue(elements.ReadTime(i++));
                    break;
                default:
                    Array part = elements.ReadPart(i);
                    foreach (object element in part)
                    {
                        WriteElement(lines, element);
                    }

                    i += part.Length;
                    break;
            }
        }
    }

    private static void WriteRecord(JsonLines lines, ElementList records, int index)
    {
        lines.Json.WriteStartArray();
        foreach (ItemField field in records.Type.Fields)
        {
            ElementList elements = records.FieldOf(index, field);
            if (field.Shape.Rank == 0)
            {
                Write(lines, elements);
                continue;
            }

            lines.Json.WriteStartArray();
            Write(lines, elements);
            lines.Json.WriteEndArray();
        }

        lines.Json.WriteEndArray();
    }

    private static void WriteElement(JsonLines lines, object element)
    {
        Utf8JsonWriter json = lines.Json;
        switch (element)
        {
            case bool value:
                json.WriteBooleanValue(value);
                break;
            case char character:
                json.WriteStringValue([character]);
                break;
            case ComplexSingle complex:
                json.WriteStartArray();
                WriteReal(json, complex.Real);
                WriteReal(json, complex.Imaginary);
                json.WriteEndArray();
                break;
            case Complex complex:
                json.WriteStartArray();
                WriteReal(json, complex.Real);
                WriteReal(json, complex.Imaginary);
                json.WriteEndArray();
                break;
            case float value:
                WriteReal(json, value);
                break;
            case Half value:
                WriteReal(json, (float)value);
                break;
            case double value:
                WriteReal(json, value);
                break;
            case BigInteger value when value.GetBitLength() > MaxDecimalBits:
                WriteHex(
                    lines,
                    BigInteger.Abs(value).ToByteArray(isUnsigned: true, isBigEndian: true),
                    value.Sign < 0 ? "-0x" : "0x");
                break;
            case BigInteger value:
                json.WriteRawValue(value.ToString(null, CultureInfo.InvariantCulture));
                break;
            case ulong value:
                json.WriteNumberValue(value);
                break;
            default:
                json.WriteNumberValue(Convert.ToInt64(element, null));
                break;
        }
    }

    private static ReadOnlySpan<byte> WithoutPadding(ReadOnlySpan<byte> codePoints)
    {
        int length = codePoints.LastIndexOfAnyExcept((byte)0) + 1;
        return codePoints[..((length + BytesOfCodePoint - 1) / BytesOfCodePoint * BytesOfCodePoint)];
    }

    private static void WriteText(JsonLines lines, ReadOnlySpan<byte> bytes, Encoding encoding)
    {
        // A code point may take two chars, but none takes more of them than it has bytes; one may begin in the part
        // before.
        Span<char> chars = stackalloc char[BytesOfPart + BytesOfCodePoint];
        Decoder decoder = encoding.GetDecoder();
        int length;
        for (; bytes.Length > BytesOfPart; bytes = bytes[BytesOfPart..])
        {
            length = decoder.GetChars(bytes[..BytesOfPart], chars, flush: false);
            lines.Json.WriteStringValueSegment(chars[..length], isFinalSegment: false);
            lines.MakeRoom();
        }

        length = decoder.GetChars(bytes, chars, flush: true);
        lines.Json.WriteStringValueSegment(chars[..length], isFinalSegment: true);
    }

    private static void WriteReal(Utf8JsonWriter json, float value)
    {
        if (float.IsFinite(value))
        {
            json.WriteNumberValue(value);
        }
        else
        {
            WriteNotFinite(json, value);
        }
    }

    private static void WriteReal(Utf8JsonWriter json, double value)
    {
        if (double.IsFinite(value))
        {
            json.WriteNumberValue(value);
        }
        else
        {
            WriteNotFinite(json, value);
        }
    }

    private static void WriteNotFinite(Utf8JsonWriter json, double value) =>
        json.WriteStringValue(double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
}
