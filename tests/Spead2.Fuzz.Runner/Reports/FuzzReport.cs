// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace Spead2.Fuzz.Runner.Reports;

/// <summary>The results, for people and for programs.</summary>
internal static class FuzzReport
{
    private const int TableWidth = 110;

    /// <summary>Prints a table, the lines that no input reached, and the findings.</summary>
    public static void Show(FuzzSummary summary)
    {
        IAnsiConsole console = AnsiConsole.Console;
        console.Profile.Width = Math.Max(console.Profile.Width, TableWidth);
        Table table = new Table().RoundedBorder().AddColumn("target");
        foreach (string column in (string[])["executions", "exec/s", "corpus", "new inputs", "lines packet", "lines heap", "findings"])
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        IReadOnlyList<FuzzResult> results = summary.Results;
        foreach (FuzzResult result in results)
        {
            table.AddRow(
                result.Target, Number(result.Executions), Number(result.ExecutionsPerSecond), Number(result.Corpus),
                Number(result.NewInputs), result.Packet, result.Heap, Number(result.Findings.Count));
        }

        table.AddRow(
            "all", Number(results.Sum(result => result.Executions)), "", Number(results.Sum(result => result.Corpus)),
            Number(results.Sum(result => result.NewInputs)), summary.Packet, summary.Heap,
            Number(summary.FindingCommands.Count));
        console.Write(table);
        Console.WriteLine(summary.Unreached.Count == 0 ? "" : "\nLines of packet and heap that no input reached:");
        foreach ((string line, string reason) in summary.Unreached)
        {
            Console.WriteLine($"  {line}\n    {reason}");
        }

        Console.WriteLine(summary.FindingCommands.Count == 0
            ? "\nNo findings."
            : $"\nFindings:\n  {string.Join("\n  ", summary.FindingCommands)}");
    }

    /// <summary>Prints a JSON object per target, each on a line, and one for all.</summary>
    public static void WriteJson(TextWriter output, FuzzSummary summary)
    {
        foreach (FuzzResult result in summary.Results)
        {
            output.WriteLine(JsonSerializer.Serialize(result));
        }

        output.WriteLine(JsonSerializer.Serialize(new
        {
            Target = "all",
            summary.Packet,
            summary.Heap,
            Findings = summary.FindingCommands,
            Unreached = summary.Unreached.Select(line => $"{line.Line}: {line.Reason}"),
        }));
    }

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
