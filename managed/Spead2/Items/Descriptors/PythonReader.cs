// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text;

namespace Spead2.Items.Descriptors;

/// <summary>
/// Reads a Python literal: texts, integers that are not negative, True, False, tuples, lists and dictionaries. Nothing
/// is evaluated. Time and memory are proportional to the text, and the depth is limited.
/// </summary>
internal ref struct PythonReader
{
    private const int MaxDepth = 32;

    private readonly ReadOnlySpan<char> _text;
    private int _at;
    private int _depth;

    private PythonReader(ReadOnlySpan<char> text)
    {
        _text = text;
    }

    private readonly char Next => _at < _text.Length ? _text[_at] : '\0';

    /// <summary>Reads a text that consists of one literal.</summary>
    /// <exception cref="HeapFormatException">It does not.</exception>
    public static PythonLiteral Read(ReadOnlySpan<char> text)
    {
        PythonReader reader = new(text);
        reader.SkipSpace();
        PythonLiteral literal = reader.ReadLiteral();
        return reader._at == text.Length ? literal : throw reader.Unexpected("the end");
    }

    private PythonLiteral ReadLiteral()
    {
        PythonLiteral literal = Next switch
        {
            '\'' or '"' => new() { Kind = PythonKind.Text, Text = ReadText() },
            '(' => ReadTuple(),
            '[' => new() { Kind = PythonKind.List, Elements = ReadElements(']', isDictionary: false, out _) },
            '{' => new() { Kind = PythonKind.Dictionary, Elements = ReadElements('}', isDictionary: true, out _) },
            >= '0' and <= '9' => new() { Kind = PythonKind.Integer, Number = ReadInteger() },
            _ => ReadWord(),
        };
        SkipSpace();
        return literal;
    }

    // A literal in parentheses without a comma is that literal.
    private PythonLiteral ReadTuple()
    {
        List<PythonLiteral> elements = ReadElements(')', isDictionary: false, out bool hasComma);
        return elements.Count == 1 && !hasComma
            ? elements[0]
            : new() { Kind = PythonKind.Tuple, Elements = elements };
    }

    private List<PythonLiteral> ReadElements(char end, bool isDictionary, out bool hasComma)
    {
        if (++_depth > MaxDepth)
        {
            throw Fault($"is nested more than {MaxDepth} levels deep");
        }

        hasComma = false;
        List<PythonLiteral> elements = [];
        Skip();
        while (Next != end)
        {
            elements.Add(ReadLiteral());
            if (isDictionary)
            {
                Expect(':');
                elements.Add(ReadLiteral());
            }

            if (Next != end)
            {
                Expect(',');
                hasComma = true;
            }
        }

        _at++;
        _depth--;
        return elements;
    }

    private long ReadInteger()
    {
        int start = _at;
        while (char.IsAsciiDigit(Next))
        {
            _at++;
        }

        ReadOnlySpan<char> digits = _text[start.._at];
        return digits is ['0', _, ..] || !long.TryParse(digits, CultureInfo.InvariantCulture, out long value)
            ? throw Fault($"has the number {Shortened(digits)}, which is no integer of 64 bits")
            : value;
    }

    private PythonLiteral ReadWord()
    {
        int start = _at;
        while (char.IsAsciiLetterOrDigit(Next) || Next == '_')
        {
            _at++;
        }

        ReadOnlySpan<char> word = _text[start.._at];
        if (word is not ("True" or "False"))
        {
            _at = start;
            throw Unexpected("a literal");
        }

        return new() { Kind = PythonKind.Boolean, Number = word is "True" ? 1 : 0 };
    }

    private string ReadText()
    {
        char quote = _text[_at++];
        StringBuilder text = new();
        for (; Next != quote; _at++)
        {
            if (_at >= _text.Length || Next == '\n')
            {
                throw Fault("has a text that does not end");
            }

            text.Append(Next == '\\' ? ReadEscape() : Next);
        }

        _at++;
        return text.ToString();
    }

    // Leaves the position at the last character of the escape.
    private char ReadEscape()
    {
        _at++;
        return Next switch
        {
            '\\' or '\'' or '"' => Next,
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'x' => ReadHex(2),
            'u' => ReadHex(4),
            _ => throw Unexpected("an escape sequence"),
        };
    }

    private char ReadHex(int digits)
    {
        int start = _at + 1;
        if (start + digits > _text.Length
            || !int.TryParse(
                _text.Slice(start, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code))
        {
            throw Unexpected($"{digits} hexadecimal digits");
        }

        _at += digits;
        return (char)code;
    }

    private void Expect(char expected)
    {
        if (Next != expected)
        {
            throw Unexpected($"'{expected}'");
        }

        Skip();
    }

    private void Skip()
    {
        _at++;
        SkipSpace();
    }

    private void SkipSpace()
    {
        while (Next is ' ' or '\t' or '\r' or '\n')
        {
            _at++;
        }
    }

    private readonly HeapFormatException Unexpected(string expected) => Fault(
        _at < _text.Length
            ? $"has {Shortened(_text[_at..])} at character {_at}, where {expected} is expected"
            : $"ends where {expected} is expected");

    private readonly HeapFormatException Fault(string what) => new($"The NumPy header {what}: {Shortened(_text)}");

    private static string Shortened(ReadOnlySpan<char> text)
    {
        const int longest = 100;
        return text.Length <= longest ? text.ToString() : $"{text[..longest]}…";
    }
}
