// SPDX-License-Identifier: MIT

using System.Text.RegularExpressions;

namespace Spead2.Fuzz.Headers;

/// <summary>A difference from NumPy that is meant: a line of the table in docs/items.md.</summary>
/// <param name="Name">What it is.</param>
/// <param name="IsIt">Whether header, our verdict and NumPy's are one.</param>
internal sealed partial record KnownDifference(string Name, Func<string, string, string, bool> IsIt)
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<KnownDifference> All { get; } =
    [
        Refused("an array as the type of the item", "is an array of the shape"),
        Refused("a field without elements", "has no elements"),
        Refused(
            "a type without bytes, or of more than 268,435,455",
            "supported are 1 to",
            "are supported.",
            "is a list without fields."),
        Refused("more than 2,147,483,591 elements", "of which at most"),
        Refused("more than 32 levels of brackets", "levels deep"),
        Refused("True or False as a length", "is True; it must be an integer", "is False; it must be an integer"),
        Refused("a key twice", " twice or too many"),
        Refused("a character by its name", "where an escape sequence is expected"),
        Refused("a title that is no text", "The name of a field of the NumPy type is a tuple"),
        Refused("an empty list as a shape where NumPy overlooks it", "is a list; it must be a tuple or an integer"),
        Refused(
            "a second type, or nothing, in the place of a shape",
            "'; it must be a tuple or an integer",
            "is None; it must be a tuple or an integer",
            "is a dictionary; it must be a tuple or an integer",
            "is a tuple; it must be an integer of 0 or more"),
        Refused("a type of more parts than a type and a shape", "The NumPy type is a tuple; it must be"),
        new("a text or a dictionary in the place of a list or a tuple",
            (_, ours, theirs) => IsOk(theirs) && NoList().IsMatch(ours)),
        new("an empty array whose other lengths make more than 2^63 bytes",
            (_, ours, theirs) => IsOk(ours) && theirs.Contains("no array is so large", StringComparison.Ordinal)),
        new("a type without bytes, or of more than 268,435,455", (_, ours, _) => LargeSize().IsMatch(ours)),
        new("a negative length of a field without bytes",
            (_, ours, theirs) => IsOk(theirs) && NegativeLength().IsMatch(ours)),
        new("a number of NumPy's own as a character", (_, ours, _) => TypeNumber().IsMatch(ours)),
        new("several types, or an array, in one text", (_, ours, _) => OneText().IsMatch(ours)),
        new("a size with a sign or white space", (_, ours, _) => SignedSize().IsMatch(ours)),
        new("a unit with a divisor, or a multiple of 0", (_, ours, _) => OddUnit().IsMatch(ours)),
        new("a field without a name", (header, _, _) => NoName().IsMatch(header)),
        new("white space in front", (header, ours, _) => IsOk(ours) && header.Length > header.TrimStart().Length),
    ];

    /// <summary>The first that explains it; null if none does.</summary>
    public static KnownDifference? Find(string header, string ours, string theirs) =>
        All.FirstOrDefault(known => known.IsIt(header, ours, theirs));

    private static bool IsOk(string verdict) => verdict.StartsWith("ok", StringComparison.Ordinal);

    // NumPy takes it, and our message says what we do not take.
    private static KnownDifference Refused(string name, params string[] messages) => new(
        name,
        (_, ours, theirs) =>
            !IsOk(ours) && IsOk(theirs) && messages.Any(message => ours.Contains(message, StringComparison.Ordinal)));

    [GeneratedRegex(@"^no The NumPy type '([<>=|]?(\d|\().*|[^\[]*,.*)' is not supported")]
    private static partial Regex OneText();

    [GeneratedRegex(@"^no .* is -\d+; it must be an integer of 0 or more")]
    private static partial Regex NegativeLength();

    [GeneratedRegex(@"^no The NumPy type '[<>=|]?\w(\s+[+\-]?|[+\-])\d+' is not supported")]
    private static partial Regex SignedSize();

    [GeneratedRegex(@"^no The NumPy type '[<>=|]?(M8|m8|datetime64|timedelta64)\[(0+\w+|\d*\w+/\d+)\]' is not supported")]
    private static partial Regex OddUnit();

    [GeneratedRegex(@"^no The NumPy type '[<>=|]?[SUVa]\d{10,}' is not supported")]
    private static partial Regex LargeSize();

    [GeneratedRegex(@"^no The NumPy type '[<>=|]?[\x01-\x1f]' is not supported")]
    private static partial Regex TypeNumber();

    [GeneratedRegex(@"^no (A field of the NumPy type is ('.*'|a dictionary) of|The NumPy type is a dictionary;)")]
    private static partial Regex NoList();

    // A text without characters in front of a comma.
    [GeneratedRegex("(''|\"\")\\s*\\)?\\s*,")]
    private static partial Regex NoName();
}
