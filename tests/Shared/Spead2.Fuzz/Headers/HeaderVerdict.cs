// SPDX-License-Identifier: MIT

using System.Text;
using Spead2.Items.Descriptors;

namespace Spead2.Fuzz.Headers;

/// <summary>What this library says of a NumPy header, in the words of numpy_headers.py.</summary>
internal static class HeaderVerdict
{
    /// <summary>"ok TYPE F|C SHAPE", or "no REASON".</summary>
    public static string Of(string header)
    {
        try
        {
            var parsed = NumPyHeader.Parse(header, swap: false);
            return $"ok {Describe(parsed.Type)}() {(parsed.IsFortranOrder ? 'F' : 'C')} ({Lengths(parsed.Shape)})";
        }
        catch (HeapFormatException exception)
        {
            return $"no {exception.Message}";
        }
    }

    private static string Describe(ItemType type) => type.Kind == ItemKind.Record
        ? $"{type.BitWidth / 8}[{string.Join(';', type.Fields.Select(Describe))}]"
        : type.ToString();

    private static string Describe(ItemField field) =>
        $"{Convert.ToHexStringLower(Encoding.BigEndianUnicode.GetBytes(field.Name))}@{field.BitOffset / 8}="
        + $"{Describe(field.Type)}({Lengths(field.Shape)})";

    private static string Lengths(ItemShape shape) => string.Join(',', shape);
}
