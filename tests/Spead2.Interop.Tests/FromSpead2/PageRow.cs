// SPDX-License-Identifier: MIT

using System.Text.RegularExpressions;

namespace Spead2.Interop.Tests.FromSpead2;

/// <summary>A row of a table of the page.</summary>
/// <param name="Spead2">First cell, without the marks of code.</param>
/// <param name="C">What the second cell has as code.</param>
/// <param name="DotNet">What the third cell has as code.</param>
internal sealed partial record PageRow(string Spead2, string[] C, string[] DotNet)
{
    private const string Head = "spead2";

    /// <summary>The rows of all tables, in order.</summary>
    public static PageRow[] Read(string page) =>
    [
        .. File.ReadLines(page)
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries)[1..^1])
            .Where(cells => cells[0] != Head)
            .Select(cells => new PageRow(
                cells[0].Replace("`", "", StringComparison.Ordinal), Code(cells[1]), Code(cells[2]))),
    ];

    public override string ToString() => Spead2;

    private static string[] Code(string cell) => [.. Spans().Matches(cell).Select(match => match.Groups[1].Value)];

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Spans();
}
