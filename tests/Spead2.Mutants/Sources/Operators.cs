// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Spead2.Mutants.Sources;

/// <summary>The kinds of change, as far as they are the same in both languages.</summary>
internal sealed class Operators(string file, string source)
{
    private static readonly Dictionary<string, string> Boundaries = new()
    {
        ["<"] = "<=", ["<="] = "<", [">"] = ">=", [">="] = ">",
    };

    private static readonly Dictionary<string, string> Opposites = new()
    {
        ["<"] = ">=", ["<="] = ">", [">"] = "<=", [">="] = "<", ["=="] = "!=", ["!="] = "==",
    };

    private static readonly Dictionary<string, string> Arithmetic = new()
    {
        ["+"] = "-", ["-"] = "+", ["*"] = "/", ["/"] = "*", ["<<"] = ">>", [">>"] = "<<", ["&"] = "|", ["|"] = "&",
    };

    private static readonly Dictionary<string, string> Assignments = new()
    {
        ["+="] = "-=", ["-="] = "+=", ["|="] = "&=", ["&="] = "|=", ["++"] = "--", ["--"] = "++",
    };

    private readonly List<Mutation> _found = [];

    /// <summary>What was found, each change once.</summary>
    public IReadOnlyList<Mutation> Found =>
        [.. _found.DistinctBy(one => (one.Place, one.Operator, one.Becomes))];

    /// <summary>A binary expression that has a value.</summary>
    /// <param name="place">The expression.</param>
    /// <param name="left">Its left operand.</param>
    /// <param name="sign">The operator's sign.</param>
    /// <param name="right">Its right operand.</param>
    /// <param name="mayRepeat">Whether the operands may stand in the source twice.</param>
    public void AddBinary(TextRange place, TextRange left, string sign, TextRange right, bool mayRepeat)
    {
        if (Opposites.TryGetValue(sign, out string? opposite))
        {
            Add("relation negated", left, right.Start, sign, opposite, place, ["(", Part.IsOn, " != (", place, "))"]);
        }

        if (!mayRepeat)
        {
            return;
        }

        if (Boundaries.TryGetValue(sign, out string? boundary))
        {
            AddSwap("boundary moved", place, left, sign, boundary, right);
        }
        else if (Arithmetic.TryGetValue(sign, out string? other))
        {
            AddSwap("arithmetic", place, left, sign, other, right);
        }
        else if (sign is "&&" or "||")
        {
            AddSwap("logic", place, left, sign, sign == "&&" ? "||" : "&&", right);
        }
    }

    /// <summary>A logical negation.</summary>
    public void AddNot(TextRange place, TextRange operand) => Add(
        "negation removed", place, "!", "", place, ["(", Part.IsOn, " != !(", operand, "))"]);

    /// <summary>An integer constant.</summary>
    /// <param name="place">Where it stands.</param>
    /// <param name="cast">What a value of another type needs before it; empty for none.</param>
    public void AddConstant(TextRange place, string cast = "")
    {
        string text = place.Of(source);
        string digits = text.TrimEnd('u', 'U', 'l', 'L');
        if (!long.TryParse(digits, CultureInfo.InvariantCulture, out long value))
        {
            return;
        }

        long[] others = value == 0 ? [1] : [value + 1, value - 1];
        foreach (long other in others)
        {
            string becomes = other.ToString(CultureInfo.InvariantCulture) + text[digits.Length..];
            Add("constant", place, text, becomes, place, [$"({cast}(", Part.IsOn, $" ? {becomes} : ", place, "))"]);
        }
    }

    /// <summary>A truth value.</summary>
    public void AddTruth(TextRange place)
    {
        string text = place.Of(source);
        string becomes = text == "true" ? "false" : "true";
        Add("constant", place, text, becomes, place, ["(", Part.IsOn, $" ? {becomes} : {text})"]);
    }

    /// <summary>The smaller or the larger of two values.</summary>
    public void AddChoice(TextRange place, TextRange function, string other, TextRange arguments) => Add(
        "minimum and maximum", place, function.Of(source), other, place,
        ["(", Part.IsOn, $" ? {other}", arguments, " : ", function, arguments, ")"]);

    /// <summary>A statement that can be left out, with its semicolon.</summary>
    public void AddStatement(TextRange place) => Add(
        "statement deleted", place, place.Of(source), "", place, ["if (!", Part.IsOn, ") { ", place, " }"]);

    /// <summary>A statement that adds to something, or takes from it.</summary>
    public void AddAssignment(TextRange place, TextRange left, string sign, TextRange right)
    {
        if (Assignments.TryGetValue(sign, out string? other))
        {
            Add(
                "assignment", place, sign, other, place,
                ["if (", Part.IsOn, ") { ", left, $" {other} ", right, "; } else { ", place, " }"]);
        }
    }

    /// <summary>The condition of an early return.</summary>
    public void AddEarlyReturn(TextRange condition) => Add(
        "early return removed", condition, $"if ({condition.Of(source)}) return", "", condition,
        ["!", Part.IsOn, " && (", condition, ")"]);

    private void AddSwap(string kind, TextRange place, TextRange left, string sign, string other, TextRange right) => Add(
        kind, left, right.Start, sign, other, place,
        ["(", Part.IsOn, " ? (", left, $") {other} (", right, ") : ", place, ")"]);

    private void Add(
        string kind, TextRange left, int right, string was, string becomes, TextRange place, IReadOnlyList<Part> parts) =>
        Add(kind, new(source.IndexOf(was, left.End, right - left.End, StringComparison.Ordinal), right), was, becomes, place, parts);

    private void Add(
        string kind, TextRange at, string was, string becomes, TextRange place, IReadOnlyList<Part> parts) => _found.Add(new(
            file,
            source.AsSpan(0, at.Start).Count('\n') + 1,
            kind,
            string.Join(' ', was.Split(default(char[]), StringSplitOptions.RemoveEmptyEntries)),
            becomes,
            place,
            parts));
}
