// SPDX-License-Identifier: MIT

using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Spead2.Items.Descriptors;

/// <summary>
/// Types of elements as NumPy's <c>.npy</c> header has them: a text (<see cref="NumPyTypeText"/>), a list of fields, or a
/// tuple of a type and a shape.
/// </summary>
internal static class NumPyType
{
    private const int BitsPerByte = 8;

    /// <summary>Reads a type from the text that stands for it, or from a list of fields in Python's notation.</summary>
    /// <exception cref="HeapFormatException">There is no such type.</exception>
    public static ItemType Parse(string descr) => descr.StartsWith('[')
        ? Parse(PythonReader.Read(descr), swap: false)
        : NumPyTypeText.Parse(descr, swap: false);

    /// <summary>Reads a type.</summary>
    /// <param name="descr">A text, a list of fields, or a tuple of one of these and a shape without dimensions.</param>
    /// <param name="swap">Whether the byte order is the other one than it says.</param>
    /// <exception cref="HeapFormatException">There is no such type.</exception>
    public static ItemType Parse(PythonLiteral descr, bool swap)
    {
        (ItemType type, ItemShape shape) = ParseArray(descr, swap);
        return shape.Rank == 0
            ? type
            : throw new HeapFormatException(
                $"The NumPy type is an array of the shape {shape}, which is supported in fields only.");
    }

    /// <summary>Writes a type as the value of a header's <c>descr</c>.</summary>
    public static string Write(ItemType type, bool swap)
    {
        StringBuilder text = new();
        Append(text, type, swap);
        return text.ToString();
    }

    /// <summary>Writes a record.</summary>
    public static string Write(ImmutableArray<ItemField> fields, int bitWidth) =>
        WriteRecord(fields, bitWidth, swap: false);

    // A type that may be an array of another.
    private static (ItemType Type, ItemShape Shape) ParseArray(PythonLiteral descr, bool swap) => descr.Kind switch
    {
        PythonKind.Text => (NumPyTypeText.Parse(descr.Text, swap), ItemShape.Scalar),
        PythonKind.List => (ParseRecord(descr.Elements, swap), ItemShape.Scalar),
        PythonKind.Tuple when descr.Elements is [PythonLiteral type, PythonLiteral shape] =>
            ParseArray(type, shape, swap),
        _ => throw new HeapFormatException($"The NumPy type is {descr}; it must be a text or a list of fields."),
    };

    private static (ItemType Type, ItemShape Shape) ParseArray(PythonLiteral descr, PythonLiteral shape, bool swap)
    {
        bool isNumber = shape.Kind == PythonKind.Integer;
        if (isNumber && descr.Kind == PythonKind.Text && NumPyTypeText.IsWithoutSize(descr.Text))
        {
            return (NumPyTypeText.ParseWithSize(descr.Text, shape.Number, swap), ItemShape.Scalar);
        }

        // NumPy takes an empty list for a type.
        if (!isNumber && shape is not ({ Kind: PythonKind.Tuple } or { Kind: PythonKind.List, Elements.Count: > 0 }))
        {
            throw new HeapFormatException(
                $"The shape of a field of the NumPy type is {shape}; it must be a tuple or an integer.");
        }

        // As in NumPy an array of 1 that is written as a number is its element.
        ItemShape outer = isNumber && shape.Number == 1
            ? ItemShape.Scalar
            : NumPyHeader.ParseShape(isNumber ? [shape] : shape.Elements);
        (ItemType type, ItemShape inner) = ParseArray(descr, swap);
        return (type, ItemShape.FromHeap([.. outer, .. inner]));
    }

    private static ItemType ParseRecord(IReadOnlyList<PythonLiteral> elements, bool swap)
    {
        ImmutableArray<ItemField>.Builder fields = ImmutableArray.CreateBuilder<ItemField>(elements.Count);
        HashSet<string> names = [];
        long offset = 0;
        for (int i = 0; i < elements.Count; i++)
        {
            (string name, PythonLiteral descr, PythonLiteral? shape) = SplitField(elements[i], out string? title);
            (ItemType type, ItemShape dimensions) =
                shape is null ? ParseArray(descr, swap) : ParseArray(descr, shape, swap);
            ThrowIfEmpty(dimensions, name);
            bool isPadding = name.Length == 0 && (type.Kind == ItemKind.Raw || dimensions.Rank > 0);
            string known = name.Length == 0 ? string.Create(CultureInfo.InvariantCulture, $"f{i}") : name;
            if (!isPadding && (!names.Add(known) || (title is not null && !names.Add(title))))
            {
                throw new HeapFormatException($"The NumPy type has two fields with the name or title of '{known}'.");
            }

            long end = offset + ((long)type.BitWidth * dimensions.FixedCount);
            if (end > int.MaxValue)
            {
                throw new HeapFormatException(
                    $"The NumPy type has {end / BitsPerByte} bytes up to its field '{known}'; at most "
                    + $"{int.MaxValue / BitsPerByte} are supported.");
            }

            if (!isPadding)
            {
                fields.Add(new(known, type, dimensions, (int)offset));
            }

            offset = end;
        }

        if (fields.Count == 0)
        {
            return offset == 0
                ? throw new HeapFormatException("The NumPy type is a list without fields.")
                : NumPyTypeText.Raw((int)offset);
        }

        ImmutableArray<ItemField> all = fields.DrainToImmutable();
        return ItemType.Record(all, (int)offset, Write(all, (int)offset));
    }

    // (name, type) or (name, type, shape); a name may be a pair of a title and the name, as NumPy has it.
    private static (string Name, PythonLiteral Type, PythonLiteral? Shape) SplitField(
        PythonLiteral field, out string? title)
    {
        IReadOnlyList<PythonLiteral> parts = field.Elements;
        if (field.Kind is not (PythonKind.Tuple or PythonKind.List) || parts.Count is not (2 or 3))
        {
            throw new HeapFormatException(
                $"A field of the NumPy type is {field} of {parts.Count} parts; it must be a tuple of a name, a type "
                + "and possibly a shape.");
        }

        PythonLiteral name = parts[0];
        title = null;
        if (name is { Kind: PythonKind.Tuple, Elements: [var first, var second] }
            && first.Kind is PythonKind.Text or PythonKind.None)
        {
            title = first.Kind == PythonKind.None ? null : first.Text;
            name = second;
        }

        return name.Kind == PythonKind.Text
            ? (name.Text, parts[1], parts.Count == 3 ? parts[2] : null)
            : throw new HeapFormatException($"The name of a field of the NumPy type is {name}; it must be a text.");
    }

    private static void ThrowIfEmpty(ItemShape shape, string field)
    {
        if (shape.FixedCount == 0)
        {
            throw new HeapFormatException($"The field '{field}' of the NumPy type has no elements: {shape}.");
        }
    }

    private static void Append(StringBuilder text, ItemType type, bool swap)
    {
        if (type.Kind == ItemKind.Record)
        {
            text.Append(WriteRecord(type.Fields, type.BitWidth, swap));
        }
        else
        {
            string simple = type.ToString();
            char order = simple[0] == '|' || !swap ? simple[0] : simple[0] == '<' ? '>' : '<';
            text.Append('\'').Append(order).Append(simple.AsSpan(1)).Append('\'');
        }
    }

    private static string WriteRecord(ImmutableArray<ItemField> fields, int bitWidth, bool swap)
    {
        StringBuilder text = new("[");
        int offset = 0;
        foreach (ItemField field in fields)
        {
            AppendPadding(text, field.BitOffset - offset);
            AppendSeparator(text).Append('(').Append(PythonText(field.Name)).Append(", ");
            Append(text, field.Type, swap);
            text.Append(field.Shape.Rank == 0 ? ")" : $", {field.Shape})");
            offset = field.BitOffset + field.BitWidth;
        }

        AppendPadding(text, bitWidth - offset);
        return text.Append(']').ToString();
    }

    private static StringBuilder AppendSeparator(StringBuilder text) => text.Append(text.Length > 1 ? ", " : "");

    private static void AppendPadding(StringBuilder text, int bits)
    {
        if (bits > 0)
        {
            AppendSeparator(text).Append(CultureInfo.InvariantCulture, $"('', '|V{bits / BitsPerByte}')");
        }
    }

    /// <summary>A text as Python's <c>ascii()</c> writes it, which any reader of NumPy headers takes.</summary>
    private static string PythonText(string value)
    {
        char quote = value.Contains('\'') && !value.Contains('"') ? '"' : '\'';
        StringBuilder text = new();
        text.Append(quote);
        for (int i = 0; i < value.Length; i++)
        {
            char c = value[i];
            if (char.IsSurrogatePair(value, i))
            {
                text.Append(CultureInfo.InvariantCulture, $"\\U{char.ConvertToUtf32(c, value[++i]):x8}");
                continue;
            }

            _ = c switch
            {
                '\\' => text.Append(@"\\"),
                '\n' => text.Append(@"\n"),
                '\r' => text.Append(@"\r"),
                '\t' => text.Append(@"\t"),
                < ' ' or (>= (char)0x7f and <= (char)0xff) => text.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}"),
                > (char)0xff => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ when c == quote => text.Append('\\').Append(c),
                _ => text.Append(c),
            };
        }

        return text.Append(quote).ToString();
    }
}
