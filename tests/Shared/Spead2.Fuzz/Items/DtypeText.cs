// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text;

namespace Spead2.Fuzz.Items;

/// <summary>Texts of NumPy headers: right ones, nearly right ones, and others.</summary>
internal static class DtypeText
{
    private const int DeepestRecord = 3;
    private const int DeepNesting = 30_000;

    private static readonly string[] Simple =
    [
        "<u1", "|u1", ">u2", "<i2", ">i4", "<i8", ">u8", "<f2", ">f4", "<f8", ">c8", "<c16", "|b1", "|S5", "|S1", "<U3",
        ">U1", "|V7", "=i4", "u4", "f4",
    ];

    private static readonly string[] Odd =
    [
        "", "<", ">u3", "f16", "|O", "O", "<M8[s]", "m8", "S0", "U0", "V0", "S999999999999", "<U2147483647", "i-4", "u+2",
        "<u 2", "(2,)f4", "f4,i2", "int32", "?", "b2", "c7", "\u00e9",
    ];

    private static readonly string[] Tokens =
    [
        "'", "\"", "(", ")", "[", "]", "{", "}", ",", ":", "None", "True", "False", "0", "-1", "1e3",
        "99999999999999999999", "'descr'", "'shape'", "'fortran_order'", "\\", "\\x41", "#", "\n", " ", "lambda: 0",
        "__import__('os')", "b'<u2'", "u'<u2'", "\u00e9", "\0",
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

    private static string Header(Random random) =>
        $"{{'descr': {Descr(random, 0)}, 'fortran_order': {(random.Next(3) == 0 ? "True" : "False")}, "
        + $"'shape': {Shape(random)}}}";

    private static string Descr(Random random, int depth)
    {
        if (depth >= DeepestRecord || random.Next(3) != 0)
        {
            string simple = random.Next(40) == 0 ? Odd[random.Next(Odd.Length)] : Simple[random.Next(Simple.Length)];
            return $"'{simple}'";
        }

        var fields = new StringBuilder("[");
        for (int i = random.Next(1, 5); i > 0; i--)
        {
            string name = random.Next(20) == 0 ? "" : $"f{random.Next(100)}";
            string shape = random.Next(4) == 0 ? ", " + Shape(random) : "";
            fields.Append(null, $"('{name}', {Descr(random, depth + 1)}{shape}), ");
        }

        return fields.Append(']').ToString();
    }

    private static string Shape(Random random)
    {
        IEnumerable<string> lengths = Enumerable.Range(0, random.Next(5)).Select(_ => Length(random));
        string inner = string.Join(", ", lengths);
        return inner.Length == 0 ? "()" : $"({inner},)";
    }

    private static string Length(Random random) => random.Next(60) switch
    {
        0 => "0",
        1 => "2147483647",
        2 => "9223372036854775808",
        3 => "-1",
        4 => "65536",
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
