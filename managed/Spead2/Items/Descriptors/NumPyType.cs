// SPDX-License-Identifier: MIT

using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Spead2.Items.Descriptors;

/// <summary>Types of elements as NumPy's <c>.npy</c> header writes them: a text, or a list of fields.</summary>
internal static class NumPyType
{
    private const int BitsPerByte = 8;
    private const int BytesPerCodePoint = 4;

    /// <summary>Reads a type from the text that stands for it, or from a list of fields in Python's notation.</summary>
    /// <exception cref="HeapFormatException">There is no such type.</exception>
    public static ItemType Parse(string descr) => descr.StartsWith('[')
        ? Parse(PythonReader.Read(descr), swap: false)
        : ParseSimple(descr, swap: false);

    /// <summary>Reads a type.</summary>
    /// <param name="descr">A text, or a list of fields.</param>
    /// <param name="swap">Whether the byte order is the other one than it says.</param>
    /// <exception cref="HeapFormatException">There is no such type.</exception>
    public static ItemType Parse(PythonLiteral descr, bool swap) => descr.Kind switch
    {
        PythonKind.Text => ParseSimple(descr.Text, swap),
        PythonKind.List => ParseRecord(descr.Elements, swap),
        _ => throw new HeapFormatException($"The NumPy type is {descr}; it must be a text or a list of fields."),
    };

    /// <summary>Writes a type as the value of a header's <c>descr</c>.</summary>
    public static string Write(ItemType type, bool swap)
    {
        StringBuilder text = new();
        Append(text, type, swap);
        return text.ToString();
    }

    private static ItemType ParseSimple(string text, bool swap)
    {
        bool hasOrder = text is ['<' or '>' or '=' or '|', ..];
        ReadOnlySpan<char> rest = text.AsSpan(hasOrder ? 1 : 0);
        if (rest is "?")
        {
            rest = "b1";
        }

        if (rest.IsEmpty
            || !int.TryParse(rest[1..], NumberStyles.None, CultureInfo.InvariantCulture, out int size))
        {
            throw Unknown(text);
        }

        char code = rest[0];
        ItemKind kind = (code, size) switch
        {
            ('u', 1 or 2 or 4 or 8) => ItemKind.UnsignedInteger,
            ('i', 1 or 2 or 4 or 8) => ItemKind.SignedInteger,
            ('f', 2 or 4 or 8) => ItemKind.FloatingPoint,
            ('c', 8 or 16) => ItemKind.Complex,
            ('b', 1) => ItemKind.Boolean,
            ('S', _) => ItemKind.Bytes,
            ('U', _) => ItemKind.Text,
            ('V', _) => ItemKind.Raw,
            _ => throw Unknown(text),
        };
        long bits = (long)size * BitsPerByte * (kind == ItemKind.Text ? BytesPerCodePoint : 1);
        if (bits is 0 or > int.MaxValue)
        {
            throw new HeapFormatException(
                $"The NumPy type '{text}' has {bits / BitsPerByte} bytes; supported are 1 to "
                + $"{int.MaxValue / BitsPerByte}.");
        }

        bool hasByteOrder = size > 1 && kind is not (ItemKind.Bytes or ItemKind.Raw) || kind == ItemKind.Text;
        bool isLittle = hasByteOrder && (!hasOrder || text[0] != '>') != swap;
        return Simple(kind, (int)bits, hasByteOrder, isLittle);
    }

    private static ItemType Simple(ItemKind kind, int bits, bool hasByteOrder, bool isLittle)
    {
        char order = !hasByteOrder ? '|' : isLittle ? '<' : '>';
        return ItemType.Simple(kind, bits, isLittle, WriteSimple(kind, bits, order));
    }

    private static string WriteSimple(ItemKind kind, int bits, char order)
    {
        (char code, int unit) = kind switch
        {
            ItemKind.UnsignedInteger => ('u', 1),
            ItemKind.SignedInteger => ('i', 1),
            ItemKind.FloatingPoint => ('f', 1),
            ItemKind.Complex => ('c', 1),
            ItemKind.Boolean => ('b', 1),
            ItemKind.Bytes => ('S', 1),
            ItemKind.Text => ('U', BytesPerCodePoint),
            _ => ('V', 1),
        };
        return string.Create(CultureInfo.InvariantCulture, $"{order}{code}{bits / BitsPerByte / unit}");
    }

    private static ItemType ParseRecord(IReadOnlyList<PythonLiteral> elements, bool swap)
    {
        ImmutableArray<ItemField>.Builder fields = ImmutableArray.CreateBuilder<ItemField>(elements.Count);
        HashSet<string> names = [];
        long offset = 0;
        for (int i = 0; i < elements.Count; i++)
        {
            (string name, PythonLiteral descr, PythonLiteral? shape) = SplitField(elements[i]);
            ItemType type = Parse(descr, swap);
            ItemShape dimensions = shape is null ? ItemShape.Scalar : ParseShape(shape, name);
            bool isPadding = name.Length == 0 && type.Kind == ItemKind.Raw;
            string known = name.Length == 0 ? string.Create(CultureInfo.InvariantCulture, $"f{i}") : name;
            if (!isPadding && !names.Add(known))
            {
                throw new HeapFormatException($"The NumPy type has two fields with the name '{known}'.");
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
            throw new HeapFormatException("The NumPy type is a list without fields.");
        }

        ImmutableArray<ItemField> all = fields.DrainToImmutable();
        return ItemType.Record(all, (int)offset, WriteRecord(all, (int)offset, swap: false));
    }

    // (name, type) or (name, type, shape); a name may be a pair of a title and the name, as NumPy has it.
    private static (string Name, PythonLiteral Type, PythonLiteral? Shape) SplitField(PythonLiteral field)
    {
        IReadOnlyList<PythonLiteral> parts = field.Elements;
        if (field.Kind != PythonKind.Tuple || parts.Count is not (2 or 3))
        {
            throw new HeapFormatException(
                $"A field of the NumPy type is {field} of {parts.Count} parts; it must be a tuple of a name, a type "
                + "and possibly a shape.");
        }

        PythonLiteral name = parts[0] is { Kind: PythonKind.Tuple, Elements: [_, PythonLiteral second] }
            ? second
            : parts[0];
        return name.Kind == PythonKind.Text
            ? (name.Text, parts[1], parts.Count == 3 ? parts[2] : null)
            : throw new HeapFormatException($"The name of a field of the NumPy type is {name}; it must be a text.");
    }

    private static ItemShape ParseShape(PythonLiteral literal, string field)
    {
        ItemShape shape = literal.Kind == PythonKind.Integer
            ? ItemShape.FromHeap([literal.Number])
            : NumPyHeader.ParseShape(literal);
        return shape.FixedCount == 0
            ? throw new HeapFormatException($"The field '{field}' of the NumPy type has no elements: {shape}.")
            : shape;
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

    /// <summary>A text as Python would write it, in ASCII.</summary>
    private static string PythonText(string value)
    {
        char quote = value.Contains('\'') && !value.Contains('"') ? '"' : '\'';
        StringBuilder text = new();
        text.Append(quote);
        foreach (char c in value)
        {
            _ = c switch
            {
                '\\' => text.Append(@"\\"),
                '\n' => text.Append(@"\n"),
                '\r' => text.Append(@"\r"),
                '\t' => text.Append(@"\t"),
                < ' ' or (char)0x7f => text.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}"),
                > (char)0x7f => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ when c == quote => text.Append('\\').Append(c),
                _ => text.Append(c),
            };
        }

        return text.Append(quote).ToString();
    }

    private static HeapFormatException Unknown(string text) => new(
        $"The NumPy type '{text}' is not supported; supported are u and i of 1, 2, 4 or 8 bytes, f of 2, 4 or 8, c of "
        + "8 or 16, b1, S, U and V.");
}
