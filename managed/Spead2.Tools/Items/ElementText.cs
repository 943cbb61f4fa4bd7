// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Numerics;
using System.Text;

namespace Spead2.Tools.Items;

/// <summary>Elements of items as people read them, and as numbers for a chart.</summary>
internal static class ElementText
{
    /// <summary>An element, or a field of a record.</summary>
    public static string Of(object element) => element switch
    {
        byte[] bytes => Printable(bytes),
        Array array => $"[{string.Join(' ', array.Cast<object>().Select(Of))}]",
        ItemRecord record => $"({string.Join(", ", record.Select(Of))})",
        BigInteger big when big.GetBitLength() > ElementJson.MaxDecimalBits => ElementJson.Hex(big),
        bool value => value ? "true" : "false",
        ComplexSingle value => OfComplex(value),
        Complex value => OfComplex(value),
        string text => Quoted(text),
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => element.ToString() ?? "",
    };

    /// <summary>The element as a real number; null if it is something else.</summary>
    public static double? Number(object element) => element switch
    {
        bool or char => null,
        BigInteger big => (double)big,
        Half half => (double)half,
        IConvertible number and not string => number.ToDouble(CultureInfo.InvariantCulture),
        _ => null,
    };

    /// <summary>Text between quotation marks, without control characters.</summary>
    private static string Quoted(string text)
    {
        IEnumerable<string> shown = text.Select(
            c => char.IsControl(c) ? string.Create(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}") : c.ToString());
        return $"'{string.Concat(shown)}'";
    }

    private static string Printable(byte[] bytes) => Quoted(Encoding.Latin1.GetString(bytes));

    private static string OfComplex(Complex value) => string.Create(
        CultureInfo.InvariantCulture,
        $"{value.Real}{(double.IsNegative(value.Imaginary) ? "" : "+")}{value.Imaginary}i");
}
