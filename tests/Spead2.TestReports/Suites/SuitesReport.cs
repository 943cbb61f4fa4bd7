// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Spead2.TestReports.Suites;

/// <summary>
/// A table of suites, or of their tests; the tests that failed and those that were skipped, with the reasons; and, as the last
/// line, the sums.
/// </summary>
internal static class SuitesReport
{
    /// <summary>Prints a row per suite.</summary>
    public static void WriteSuites(TextWriter output, IReadOnlyList<Suite> suites)
    {
        bool sanitized = suites.Any(suite => suite.Reports is not null);
        WriteTable(output, [
            [
                "Suite", .. sanitized ? ["run"] : Array.Empty<string>(), "passed", "failed", "skipped",
                .. sanitized ? ["reports"] : Array.Empty<string>(), "seconds",
            ],
            .. suites.Select(suite => (string[])
            [
                suite.Name,
                .. sanitized ? [$"{suite.Count(Outcome.Passed) + suite.Count(Outcome.Failed)}"] : Array.Empty<string>(),
                $"{suite.Count(Outcome.Passed)}", $"{suite.Count(Outcome.Failed)}", $"{suite.Count(Outcome.Skipped)}",
                .. sanitized ? [$"{suite.Reports}"] : Array.Empty<string>(),
                suite.Seconds.ToString("0", CultureInfo.InvariantCulture),
            ]),
        ], areNumbers: true);
        WriteRest(output, suites);
    }

    /// <summary>Prints a row per test, in the order of their names, whose parts between bars are the columns.</summary>
    public static void WriteTests(TextWriter output, IReadOnlyList<Suite> suites)
    {
        WriteTable(output, [
            ["How published", "Package", "Platform", "Result"],
            .. suites.SelectMany(suite => suite.Tests).OrderBy(test => test.Name, StringComparer.Ordinal)
                .Select(test => (string[])[.. test.Name.Split(" | "), test.Outcome.ToString().ToLowerInvariant()]),
        ], areNumbers: false);
        WriteRest(output, suites);
    }

    // The first column is text.
    private static void WriteTable(TextWriter output, string[][] rows, bool areNumbers)
    {
        int[] widths =
        [
            .. Enumerable.Range(0, rows.Max(row => row.Length))
                .Select(column => rows.Max(row => row.ElementAtOrDefault(column)?.Length ?? 0)),
        ];
        foreach (string[] row in rows)
        {
            output.WriteLine(string.Join("  ", row.Select((cell, column) => areNumbers && column > 0
                ? cell.PadLeft(widths[column])
                : cell.PadRight(widths[column]))).TrimEnd());
        }
    }

    private static void WriteRest(TextWriter output, IReadOnlyList<Suite> suites)
    {
        foreach (Outcome outcome in (Outcome[])[Outcome.Failed, Outcome.Skipped])
        {
            string[] lines =
            [
                .. from suite in suites
                   from test in suite.Tests
                   where test.Outcome == outcome
                   select $"  {suite.Name}: {test}",
            ];
            if (lines.Length > 0)
            {
                output.WriteLine($"\n{outcome}:\n{string.Join('\n', lines)}");
            }
        }

        output.WriteLine();
        output.WriteLine(string.Join(", ", Enum.GetValues<Outcome>().Select(outcome =>
            $"{suites.Sum(suite => suite.Count(outcome))} {outcome.ToString().ToLowerInvariant()}")));
    }
}
