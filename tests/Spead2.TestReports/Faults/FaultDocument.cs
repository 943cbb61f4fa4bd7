// SPDX-License-Identifier: MIT

using System.Text.RegularExpressions;

namespace Spead2.TestReports.Faults;

/// <summary>docs/faults.md, whose tables stand between comments with their names.</summary>
internal static class FaultDocument
{
    private const string Heading = "| Fault | Scenario | What the user sees |\n|---|---|---|\n";

    /// <summary>The table that a program's tests of faults print.</summary>
    public static string Table(IEnumerable<string> output) =>
        Heading + string.Concat(output.Where(IsRow).Select(line => line + "\n"));

    /// <summary>Whether a line is a row of the table.</summary>
    public static bool IsRow(string line) => line.StartsWith("| ", StringComparison.Ordinal);

    /// <summary>The document with another table.</summary>
    public static string With(string document, string name, string table) => Regex.Replace(
        document, $"(?<=<!-- {Regex.Escape(name)} -->\n).*?(?=<!-- end -->)", _ => table, RegexOptions.Singleline);
}
