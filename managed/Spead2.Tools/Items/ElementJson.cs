// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;

namespace Spead2.Tools.Items;

/// <summary>Elements of items as JSON.</summary>
internal static class ElementJson
{
    /// <summary>
    /// Integers of more bits are not written in decimal digits, for which the time rises with the square of their
    /// number.
    /// </summary>
    public const int MaxDecimalBits = 1024;

    /// <summary>
    /// Writes an element: a number, a boolean, a string, [real, imaginary], or an array of the values of a record's
    /// fields. Numbers that JSON does not have are the strings "NaN", "Infinity" and "-Infinity". Bytes without a
    /// meaning, and integers of more than <see cref="MaxDecimalBits"/> bits, are strings of hexadecimal digits.
    /// </summary>
    public static void Write(Utf8JsonWriter json, ItemType type, object element)
    {
        switch (element)
        {
            case bool value:
                json.WriteBooleanValue(value);
                break;
            case string text:
                json.WriteStringValue(text);
                break;
            case char character:
                json.WriteStringValue([character]);
                break;
            case byte[] bytes:
                json.WriteStringValue(
                    type.Kind == ItemKind.Raw ? Convert.ToHexStringLower(bytes) : Encoding.Latin1.GetString(bytes));
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
            case ItemRecord record:
                WriteRecord(json, record);
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
                json.WriteStringValue(Hex(value));
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

    /// <summary>A large integer in hexadecimal digits.</summary>
    public static string Hex(BigInteger value) =>
        string.Create(CultureInfo.InvariantCulture, $"{(value.Sign < 0 ? "-" : "")}0x{BigInteger.Abs(value):x}");

    private static void WriteRecord(Utf8JsonWriter json, ItemRecord record)
    {
        json.WriteStartArray();
        for (int i = 0; i < record.Count; i++)
        {
            ItemField field = record.Fields[i];
            if (field.Shape.Rank == 0)
            {
                Write(json, field.Type, record[i]);
                continue;
            }

            json.WriteStartArray();
            foreach (object element in (Array)record[i])
            {
                Write(json, field.Type, element);
            }

            json.WriteEndArray();
        }

        json.WriteEndArray();
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
