// SPDX-License-Identifier: MIT

using System.Collections.Frozen;
using System.Globalization;

namespace Spead2.Items.Descriptors;

/// <summary>
/// Types that NumPy writes as one text: a byte order, a letter and a number of bytes (<c>&lt;u2</c>), a letter alone
/// (<c>&lt;h</c>), or a name (<c>float32</c>). Sizes that depend on the machine are those of 64-bit Linux.
/// </summary>
internal static class NumPyTypeText
{
    private const int BitsPerByte = 8;
    private const int BytesPerCodePoint = 4;

    // Letters that stand for a letter and a size; without a size where that has to follow.
    private static readonly FrozenDictionary<char, string> Letters = new Dictionary<char, string>
    {
        ['?'] = "b1", ['b'] = "i1", ['B'] = "u1", ['h'] = "i2", ['H'] = "u2", ['i'] = "i4", ['I'] = "u4",
        ['l'] = "i8", ['L'] = "u8", ['q'] = "i8", ['Q'] = "u8", ['p'] = "i8", ['P'] = "u8",
        ['e'] = "f2", ['f'] = "f4", ['d'] = "f8", ['g'] = "f16", ['F'] = "c8", ['D'] = "c16", ['G'] = "c32",
        ['c'] = "S1", ['M'] = "M8", ['m'] = "m8", ['S'] = "S0", ['a'] = "S0", ['U'] = "U0", ['V'] = "V0",
    }.ToFrozenDictionary();

    // Names, which never have a byte order.
    private static readonly FrozenDictionary<string, string> Names = new (string Code, string[] Names)[]
    {
        ("b1", ["bool", "bool_", "bool8"]),
        ("i1", ["int8", "byte"]),
        ("u1", ["uint8", "ubyte"]),
        ("i2", ["int16", "short"]),
        ("u2", ["uint16", "ushort"]),
        ("i4", ["int32", "intc"]),
        ("u4", ["uint32", "uintc"]),
        ("i8", ["int64", "int", "int_", "int0", "intp", "long", "longlong"]),
        ("u8", ["uint64", "uint", "uint0", "uintp", "ulong", "ulonglong"]),
        ("f2", ["float16", "half"]),
        ("f4", ["float32", "single"]),
        ("f8", ["float64", "double", "float", "float_"]),
        ("f16", ["float128", "longdouble", "longfloat"]),
        ("c8", ["complex64", "csingle", "singlecomplex"]),
        ("c16", ["complex128", "complex", "complex_", "cdouble", "cfloat"]),
        ("c32", ["complex256", "clongdouble", "clongfloat", "longcomplex"]),
        ("S0", ["bytes", "bytes_", "bytes0", "string_"]),
        ("U0", ["str", "str_", "str0", "unicode", "unicode_"]),
        ("V0", ["void", "void0"]),
    }.SelectMany(type => type.Names, (type, name) => (name, type.Code))
        .ToFrozenDictionary(pair => pair.name, pair => pair.Code);

    // Before a unit in brackets.
    private static readonly (string Prefix, ItemKind Kind)[] Times =
    [
        ("M8", ItemKind.DateTime), ("datetime64", ItemKind.DateTime),
        ("m8", ItemKind.TimeSpan), ("timedelta64", ItemKind.TimeSpan),
    ];

    // The unit that is none.
    private const string Generic = "generic";

    private static readonly FrozenSet<string> Units =
        ((string[])["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"]).ToFrozenSet();

    /// <summary>Reads a type.</summary>
    /// <param name="text">The text.</param>
    /// <param name="swap">Whether the byte order is the other one than it says.</param>
    /// <exception cref="HeapFormatException">There is no such type.</exception>
    public static ItemType Parse(string text, bool swap)
    {
        ReadOnlySpan<char> rest = WithoutOrder(text, out char order);
        bool isLittle = (order != '>') != swap;
        foreach ((string prefix, ItemKind kind) in Times)
        {
            if (rest.StartsWith(prefix))
            {
                return Time(kind, ParseUnit(rest[prefix.Length..], text), isLittle);
            }
        }

        (char letter, int size) = SplitCode(text) ?? throw Unknown(text);
        return Simple(text, letter, size, isLittle);
    }

    /// <summary>Whether a text leaves it to something else to say how large the type is.</summary>
    public static bool IsWithoutSize(string text) => SplitCode(text) is ('S' or 'U' or 'V', 0);

    /// <summary>Reads a type that leaves its size to something else.</summary>
    /// <param name="text">The text.</param>
    /// <param name="size">Bytes; code points of a text.</param>
    /// <param name="swap">Whether the byte order is the other one than it says.</param>
    /// <exception cref="HeapFormatException">The size is not supported.</exception>
    public static ItemType ParseWithSize(string text, long size, bool swap)
    {
        WithoutOrder(text, out char order);
        char letter = SplitCode(text)!.Value.Letter;
        return Simple(text, letter, (int)Math.Clamp(size, 0, int.MaxValue), (order != '>') != swap);
    }

    /// <summary>The type of bits without a meaning.</summary>
    public static ItemType Raw(int bits) => ItemType.Simple(
        ItemKind.Raw,
        bits,
        isLittleEndian: false,
        string.Create(CultureInfo.InvariantCulture, $"|V{bits / BitsPerByte}"));

    private static ItemType Simple(string text, char letter, int size, bool isLittle)
    {
        ItemKind kind = (letter, size) switch
        {
            ('u', 1 or 2 or 4 or 8) => ItemKind.UnsignedInteger,
            ('i', 1 or 2 or 4 or 8) => ItemKind.SignedInteger,
            ('f', 2 or 4 or 8 or 16) => ItemKind.FloatingPoint,
            ('c', 8 or 16 or 32) => ItemKind.Complex,
            ('b', 1) => ItemKind.Boolean,
            ('M', 8) => ItemKind.DateTime,
            ('m', 8) => ItemKind.TimeSpan,
            ('S', _) => ItemKind.Bytes,
            ('U', _) => ItemKind.Text,
            ('V', _) => ItemKind.Raw,
            _ => throw Unknown(text),
        };
        if (kind is ItemKind.DateTime or ItemKind.TimeSpan)
        {
            return Time(kind, unit: "", isLittle);
        }

        long bits = (long)size * BitsPerByte * (kind == ItemKind.Text ? BytesPerCodePoint : 1);
        if (bits is 0 or > int.MaxValue)
        {
            throw new HeapFormatException(
                $"The NumPy type '{text}' has {bits / BitsPerByte} bytes; supported are 1 to "
                + $"{int.MaxValue / BitsPerByte}.");
        }

        bool hasByteOrder = size > 1 && kind is not (ItemKind.Bytes or ItemKind.Raw) || kind == ItemKind.Text;
        char order = !hasByteOrder ? '|' : isLittle ? '<' : '>';
        return ItemType.Simple(
            kind,
            (int)bits,
            hasByteOrder && isLittle,
            string.Create(CultureInfo.InvariantCulture, $"{order}{letter}{size}"));
    }

    private static ItemType Time(ItemKind kind, string unit, bool isLittle)
    {
        string brackets = unit.Length == 0 ? "" : $"[{unit}]";
        return ItemType.Time(
            kind, unit, isLittle, $"{(isLittle ? '<' : '>')}{(kind == ItemKind.DateTime ? 'M' : 'm')}8{brackets}");
    }

    // Empty for NumPy's generic times. A factor of 1 is left out.
    private static string ParseUnit(ReadOnlySpan<char> brackets, string text)
    {
        if (brackets.IsEmpty)
        {
            return "";
        }

        if (brackets is not ['[', .. var inside, ']'])
        {
            throw Unknown(text);
        }

        int digits = inside.IndexOfAnyExceptInRange('0', '9');
        string unit = digits < 0 ? "" : inside[digits..].ToString();
        unit = unit == "\u03bcs" ? "us" : unit;
        int factor = 1;
        bool isFactor = digits <= 0
            || (int.TryParse(inside[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out factor)
                && factor > 0);
        return isFactor && (Units.Contains(unit) || unit == Generic)
            ? unit == Generic ? ""
            : factor == 1 ? unit : string.Create(CultureInfo.InvariantCulture, $"{factor}{unit}")
            : throw Unknown(text);
    }

    // A letter and a size, as which other spellings are read; null if the text is neither.
    private static (char Letter, int Size)? SplitCode(string text)
    {
        if (Names.TryGetValue(text, out string? code))
        {
            return Split(code);
        }

        ReadOnlySpan<char> rest = WithoutOrder(text, out _);
        return rest.Length switch
        {
            0 => null,
            1 => Letters.TryGetValue(rest[0], out code) ? Split(code) : null,
            _ => Split(rest[0] == 'a' ? $"S{rest[1..]}" : rest),
        };
    }

    // The parser of .NET alone would overlook NULs at the end.
    private static (char Letter, int Size)? Split(ReadOnlySpan<char> code) =>
        !code[1..].ContainsAnyExceptInRange('0', '9')
        && int.TryParse(code[1..], NumberStyles.None, CultureInfo.InvariantCulture, out int size) ? (code[0], size) : null;

    private static ReadOnlySpan<char> WithoutOrder(ReadOnlySpan<char> text, out char order)
    {
        order = text is ['<' or '>' or '=' or '|', ..] ? text[0] : '=';
        return text is ['<' or '>' or '=' or '|', .. var rest] ? rest : text;
    }

    private static HeapFormatException Unknown(string text) => new(
        $"The NumPy type '{text}' is not supported; supported are u and i of 1, 2, 4 or 8 bytes, f of 2, 4, 8 or 16, c "
        + "of 8, 16 or 32, b1, M8 and m8 with a unit, S, U and V, and NumPy's letters and names for them.");
}
