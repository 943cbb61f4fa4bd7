// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text;

namespace Spead2.Items.Descriptors;

/// <summary>
/// Reads a Python literal: texts, integers, True, False, None, tuples, lists and dictionaries, in every spelling of
/// Python 3, and with the <c>u</c> and <c>L</c> of Python 2. Nothing is evaluated. Time and memory are proportional to
/// the text, and the depth is limited.
/// </summary>
internal ref struct PythonReader
{
    private const int MaxDepth = 32;
    private const char LongSuffix = 'L';
    private const uint LastCodePoint = 0x10ffff;

    // Letters behind a backslash, and the characters that they stand for.
    private const string ControlLetters = "abfnrtv";
    private const string ControlCharacters = "\a\b\f\n\r\t\v";

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
        if (text.Contains('\0'))
        {
            throw reader.Fault("has a NUL, which no literal has");
        }

        reader.SkipSpace();
        PythonLiteral literal = reader.ReadLiteral();
        return reader._at == text.Length ? literal : throw reader.Unexpected("the end");
    }

    private PythonLiteral ReadLiteral()
    {
        PythonLiteral literal = Next switch
        {
            '(' => ReadTuple(),
            '[' => new() { Kind = PythonKind.List, Elements = ReadElements(']', isDictionary: false, out _) },
            '{' => new() { Kind = PythonKind.Dictionary, Elements = ReadElements('}', isDictionary: true, out _) },
            (>= '0' and <= '9') or '-' or '+' => new() { Kind = PythonKind.Integer, Number = ReadInteger() },
            _ => TryBeginText(out bool isRaw)
                ? new() { Kind = PythonKind.Text, Text = ReadTexts(isRaw) }
                : ReadWord(),
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
        bool isNegative = Next == '-';
        if (Next is '-' or '+')
        {
            Skip();
        }

        ReadOnlySpan<char> word = ReadName();
        if (word.IsEmpty)
        {
            throw Fault("has a sign without a number behind it");
        }

        ReadOnlySpan<char> digits = word is [.. var before, LongSuffix] ? before : word;
        if (!TryParseInteger(digits, out long value))
        {
            throw Fault($"has the number {Shortened(word)}, which is no integer of 64 bits");
        }

        SkipWithinLine();
        if (digits.Length == word.Length && Next == LongSuffix && !IsOfName(_at + 1))
        {
            _at++;
        }

        return isNegative ? -value : value;
    }

    // Python's integer literals: a base, digits, and single underscores between them.
    private static bool TryParseInteger(ReadOnlySpan<char> word, out long value)
    {
        int numberBase = word switch
        {
            ['0', 'x' or 'X', ..] => 16,
            ['0', 'o' or 'O', ..] => 8,
            ['0', 'b' or 'B', ..] => 2,
            _ => 10,
        };
        value = 0;
        bool hasDigit = false;
        bool mayBeUnderscore = numberBase != 10;
        foreach (char c in numberBase == 10 ? word : word[2..])
        {
            if (c == '_' && mayBeUnderscore)
            {
                hasDigit = mayBeUnderscore = false;
                continue;
            }

            int digit = char.IsAsciiDigit(c) ? c - '0' : char.IsAsciiLetter(c) ? (c | ' ') - 'a' + 10 : numberBase;
            if (digit >= numberBase || value > (long.MaxValue - digit) / numberBase)
            {
                return false;
            }

            value = (value * numberBase) + digit;
            hasDigit = mayBeUnderscore = true;
        }

        bool isOctalOfPython2 = numberBase == 10 && word is ['0', ..] && value != 0;
        return hasDigit && !isOctalOfPython2;
    }

    private PythonLiteral ReadWord()
    {
        int start = _at;
        ReadOnlySpan<char> word = ReadName();
        if (word is "None")
        {
            return new() { Kind = PythonKind.None };
        }

        if (word is not ("True" or "False"))
        {
            _at = start;
            throw Unexpected("a literal");
        }

        return new() { Kind = PythonKind.Boolean, Number = word is "True" ? 1 : 0 };
    }

    private ReadOnlySpan<char> ReadName()
    {
        int start = _at;
        while (IsOfName(_at))
        {
            _at++;
        }

        return _text[start.._at];
    }

    private readonly bool IsOfName(int at) =>
        at < _text.Length && (char.IsAsciiLetterOrDigit(_text[at]) || _text[at] == '_');

    // Leaves the position at the quotation mark.
    private bool TryBeginText(out bool isRaw)
    {
        isRaw = Next is 'r' or 'R';
        if (_text[_at..] is ['u' or 'U' or 'r' or 'R', '\'' or '"', ..])
        {
            _at++;
        }

        return Next is '\'' or '"';
    }

    // Texts that follow each other are one.
    private string ReadTexts(bool isRaw)
    {
        StringBuilder text = new();
        do
        {
            AppendText(text, isRaw);
            SkipSpace();
        }
        while (TryBeginText(out isRaw));

        return text.ToString();
    }

    private void AppendText(StringBuilder text, bool isRaw)
    {
        char quote = Next;
        ReadOnlySpan<char> end = [quote, quote, quote];
        bool isLong = _text[_at..].StartsWith(end);
        end = isLong ? end : end[..1];
        for (_at += end.Length; !_text[_at..].StartsWith(end); _at++)
        {
            if (_at >= _text.Length || (!isLong && IsLineEnd))
            {
                throw Fault("has a text that does not end");
            }

            if (Next == '\\' && isRaw && _at + 1 < _text.Length)
            {
                text.Append(Next);
                _at++;
                AppendCharacter(text);
            }
            else if (Next == '\\' && !isRaw)
            {
                AppendEscape(text);
            }
            else
            {
                AppendCharacter(text);
            }
        }

        _at += end.Length;
    }

    // Every end of a line is one character.
    private void AppendCharacter(StringBuilder text)
    {
        text.Append(Next == '\r' ? '\n' : Next);
        SkipHalfLineEnd();
    }

    // Leaves the position at the last character of the escape.
    private void AppendEscape(StringBuilder text)
    {
        _at++;
        if (_at >= _text.Length)
        {
            throw Fault("has a text that does not end");
        }

        switch (Next)
        {
            case '\n' or '\r':
                SkipHalfLineEnd();
                break;
            case '\\' or '\'' or '"':
                text.Append(Next);
                break;
            case >= '0' and <= '7':
                AppendOctal(text);
                break;
            case 'x':
                AppendHex(text, 2);
                break;
            case 'u':
                AppendHex(text, 4);
                break;
            case 'U':
                AppendHex(text, 8);
                break;
            case 'N':
                throw Unexpected("an escape sequence");
            default:
                int control = ControlLetters.IndexOf(Next);
                text.Append(control < 0 ? $"\\{Next}" : ControlCharacters[control..(control + 1)]);
                break;
        }
    }

    private void AppendOctal(StringBuilder text)
    {
        int code = 0;
        int digits = 0;
        for (; digits < 3 && Next is >= '0' and <= '7'; digits++, _at++)
        {
            code = (8 * code) + Next - '0';
        }

        _at--;
        text.Append((char)code);
    }

    private void AppendHex(StringBuilder text, int digits)
    {
        int start = _at + 1;
        if (start + digits > _text.Length
            || !uint.TryParse(
                _text.Slice(start, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint code)
            || code > LastCodePoint)
        {
            throw Unexpected($"{digits} hexadecimal digits");
        }

        _at += digits;
        _ = code <= char.MaxValue ? text.Append((char)code) : text.Append(new Rune(code));
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
        while (Next is ' ' or '\t' or '\f' or '\r' or '\n' or '#' || IsContinuedLine)
        {
            int line = Next == '#' ? _text[_at..].IndexOfAny('\r', '\n') : 1;
            _at = line < 0 ? _text.Length : _at + line;
        }
    }

    // NumPy takes the L of Python 2 behind a number of the same line only.
    private void SkipWithinLine()
    {
        for (int length = 1; length != 0; _at += length)
        {
            length = _text[_at..] switch
            {
                [' ' or '\t' or '\f', ..] => 1,
                ['\\', '\n', ..] => 2,
                ['\\', '\r', '\n', ..] => 3,
                _ => 0,
            };
        }
    }

    private readonly bool IsContinuedLine => _text[_at..] is ['\\', '\r' or '\n', _, ..];

    private readonly bool IsLineEnd => Next is '\r' or '\n';

    private void SkipHalfLineEnd()
    {
        if (_text[_at..] is ['\r', '\n', ..])
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
