// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text;

namespace Spead2.Fuzz.Items;

/// <summary>Texts of NumPy headers: right ones in every spelling, nearly right ones, and others.</summary>
internal static class DtypeText
{
    private const int DeepestRecord = 3;
    private const int DeepNesting = 30_000;

    private static readonly string[] Simple =
    [
        "<u1", "|u1", ">u2", "<i2", ">i4", "<i8", ">u8", "<f2", ">f4", "<f8", ">c8", "<c16", "|b1", "|S5", "|S1", "<U3",
        ">U1", "|V7", "=i4", "u4", "f4",
    ];

    private static readonly string[] Spelled =
    [
        "<h", ">H", "i", "l", "L", "q", "Q", "p", "b", "B", "?", "e", "f", "d", ">g", "F", "D", "G", "c", "a7", "M", "m",
        "bool", "int8", "uint16", "int32", "int", "uint", "longlong", "half", "float32", "float64", "double", "float128",
        "longdouble", "complex64", "complex", "complex256", "csingle", "M8", "<M8[ns]", ">m8[25us]", "datetime64[D]",
        "timedelta64[as]", "M8[generic]", "<f16", ">f16", "<c32", "i08", "V3", "U2", "intc", "ubyte", "uint64",
    ];

    private static readonly string[] Odd =
    [
        "", "<", ">u3", "|O", "O", "object", "S0", "U0", "V0", "S", "U", "V", "str", "bytes", "void", "S999999999999",
        "<U2147483647", "V300000000", "i-4", "u+2", "<u 2", "(2,)f4", "f4,i2", "3i4", "<float32", "b2", "c7", "f12", "M4",
        "m8[0s]", "M8[D/24]", "M8[]", "M8[ns", "?1", "H2", "Float32", "\u00e9", "M8[2generic]", "<=i4", "i4 ", "()i4",
    ];

    private static readonly string[] Tokens =
    [
        "'", "\"", "(", ")", "[", "]", "{", "}", ",", ":", "None", "True", "False", "0", "-1", "1e3", "0x1F", "0b1", "L", "1_0",
        "99999999999999999999", "'descr'", "'shape'", "'fortran_order'", "\\", "\\x41", "\\N", "#", "\n", "\r", " ", "\f",
        "lambda: 0", "__import__('os')", "b'<u2'", "u'<u2'", "r'", "'''", "+", "1j", "...", "\u00e9", "\0",
    ];

    /// <summary>Makes a text.</summary>
    public static string Create(Random random) => random.Next(60) switch
    {
        0 => new string(random.Next(2) == 0 ? '(' : '[', random.Next(DeepNesting)),
        1 => Nested(random.Next(DeepNesting / 10)),
        2 => string.Concat(Enumerable.Range(0, random.Next(30)).Select(_ => Tokens[random.Next(Tokens.Length)])),
        3 => new string('9', random.Next(1000)),
        < 14 => Damage(random, Header(random)),
        _ => Header(random),
    };

    private static string Header(Random random)
    {
        string[] members =
        [
            $"{Text(random, "descr")}:{Space(random)}{Descr(random, 0)}",
            $"{Text(random, "fortran_order")}:{Space(random)}{(random.Next(3) == 0 ? "True" : "False")}",
            $"{Text(random, "shape")}:{Space(random)}{Shape(random)}",
        ];
        if (random.Next(8) == 0)
        {
            random.Shuffle(members);
        }

        return $"{{{string.Join($",{Space(random)}", members)}{(random.Next(4) == 0 ? ", " : "")}}}"
            + (random.Next(6) == 0 ? Space(random) + "\n" : "");
    }

    private static string Space(Random random) => random.Next(12) switch
    {
        0 => "",
        1 => "\n  ",
        2 => " # a comment\n",
        3 => "\t",
        _ => " ",
    };

    // A literal of a text.
    private static string Text(Random random, string text) => random.Next(24) switch
    {
        0 => $"u'{text}'",
        1 => $"\"{text}\"",
        2 => $"R'{text}'",
        3 => $"'''{text}'''",
        4 when text.Length > 1 => $"'{text[..1]}' u\"{text[1..]}\"",
        5 when text.Length > 0 => $"'\\x{(int)text[0]:x2}{text[1..]}'",
        6 when text.Length > 0 => $"'{text[..^1]}\\{Convert.ToString(text[^1], 8)}'",
        _ => $"'{text}'",
    };

    private static string Descr(Random random, int depth)
    {
        if (depth >= DeepestRecord || random.Next(3) != 0)
        {
            string[] simple = random.Next(30) == 0 ? Odd : random.Next(3) == 0 ? Spelled : Simple;
            string type = Text(random, simple[random.Next(simple.Length)]);
            return depth > 0 && random.Next(20) == 0 ? $"({type}, {Shape(random)})" : type;
        }

        var fields = new StringBuilder("[");
        for (int i = random.Next(1, 5); i > 0; i--)
        {
            string name = Name(random);
            string shape = random.Next(4) == 0 ? $",{Space(random)}{FieldShape(random)}" : "";
            bool isList = random.Next(30) == 0;
            if (random.Next(200) == 0)
            {
                fields.Append(null, $"{Text(random, "fB")}, ");
            }

            fields.Append(
                null,
                $"{(isList ? '[' : '(')}{name}, {Descr(random, depth + 1)}{shape}{(isList ? ']' : ')')},{Space(random)}");
        }

        return fields.Append(']').ToString();
    }

    private static string Name(Random random)
    {
        string name = random.Next(20) == 0 ? "" : $"f{random.Next(100)}";
        return random.Next(20) switch
        {
            0 => $"({Text(random, $"title {random.Next(100)}")}, {Text(random, name)})",
            1 => $"(None, {Text(random, name)})",
            _ => Text(random, name),
        };
    }

    private static string FieldShape(Random random) => random.Next(40) switch
    {
        0 => Text(random, Simple[random.Next(Simple.Length)]),
        < 10 => Length(random),
        < 20 => Shape(random).Replace('(', '[').Replace(')', ']'),
        _ => Shape(random),
    };

    private static string Shape(Random random)
    {
        IEnumerable<string> lengths = Enumerable.Range(0, random.Next(5)).Select(_ => Length(random));
        string inner = string.Join($",{Space(random)}", lengths);
        return inner.Length == 0 ? "()" : $"({inner},)";
    }

    private static string Length(Random random) => random.Next(80) switch
    {
        0 => "0",
        1 => "2147483647",
        2 => "9223372036854775808",
        3 => "-1",
        4 => "65536",
        5 => "3000000000, 0",
        6 => "0x_f",
        7 => "0b1_0",
        8 => "0o7",
        9 => "1_0",
        10 => "+2",
        11 => "True",
        12 => "07",
        13 => "00",
        < 20 => $"{random.Next(1, 6)}L",
        _ => random.Next(1, 6).ToString(CultureInfo.InvariantCulture),
    };

    private static string Nested(int depth) =>
        "{'descr': " + string.Concat(Enumerable.Repeat("[('a', ", depth)) + "'<u2'"
        + string.Concat(Enumerable.Repeat(")]", depth)) + ", 'fortran_order': False, 'shape': ()}";

    private static string Damage(Random random, string text)
    {
        for (int i = random.Next(3) + 1; i > 0; i--)
        {
            int at = random.Next(text.Length + 1);
            int length = Math.Min(random.Next(4), text.Length - at);
            text = string.Concat(text.AsSpan(0, at), Tokens[random.Next(Tokens.Length)], text.AsSpan(at + length));
        }

        return text;
    }
}
