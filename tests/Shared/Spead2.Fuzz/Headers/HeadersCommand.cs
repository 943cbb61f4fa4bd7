// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.Globalization;
using System.Text;
using Spead2.Fuzz.Items;
using Spectre.Console;

namespace Spead2.Fuzz.Headers;

/// <summary>The options of `headers`.</summary>
internal static class HeadersCommand
{
    private const int DefaultCases = 100_000;
    private const int Batch = 1000;
    private const int LongestHeader = 4000;
    private const int MostShown = 20;

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var cases = new Option<int>("--cases")
        {
            HelpName = "N",
            Description = "Headers to compare.",
            DefaultValueFactory = _ => DefaultCases,
        };
        var seed = new Option<int?>("--seed")
        {
            HelpName = "S",
            Description = "Seed of the headers, for a run that has been seen before [default: another one each time]",
        };
        var python = new Option<string>("--python")
        {
            HelpName = "PROGRAM",
            Description = "A Python that has NumPy.",
            DefaultValueFactory = _ => "/usr/bin/python3",
        };
        var command = new Command(
            "headers",
            "Random and mutated NumPy headers: what this library says of them is what NumPy says, but for the "
            + "differences of docs/items.md. Exit code 1 if another one is found.")
        {
            cases, seed, python,
        };
        command.SetAction(parsed => Run(
            parsed.GetValue(cases), parsed.GetValue(seed) ?? System.Random.Shared.Next(), parsed.GetValue(python)!));
        return command;
    }

    private static int Run(int cases, int seed, string python)
    {
        using var numPy = NumPyProcess.Start(python);
        AnsiConsole.WriteLine($"NumPy {numPy.Version}, seed {seed}");
        var random = new Random(seed);
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        int unexplained = 0;
        for (int done = 0; done < cases; done += Batch)
        {
            string[] headers = [.. Enumerable.Range(0, Math.Min(Batch, cases - done)).Select(_ => Header(random))];
            foreach ((string header, string theirs) in headers.Zip(numPy.Judge(headers)))
            {
                string ours = HeaderVerdict.Of(header);
                string what = Compare(header, ours, theirs);
                counts[what] = counts.GetValueOrDefault(what) + 1;
                if (what == Unexplained && unexplained++ < MostShown)
                {
                    AnsiConsole.WriteLine($"{header.ReplaceLineEndings("\\n")}\n  here  {ours}\n  NumPy {theirs}");
                }
            }
        }

        Show(counts);
        return unexplained == 0 ? 0 : 1;
    }

    private const string Unexplained = "another difference";

    private static string Compare(string header, string ours, string theirs)
    {
        bool isOk = ours.StartsWith("ok", StringComparison.Ordinal);
        bool isRefused = !isOk && theirs.StartsWith("no", StringComparison.Ordinal);
        return isRefused ? "the same: refused"
            : ours == theirs ? "the same: taken"
            : KnownDifference.Find(header, ours, theirs)?.Name ?? Unexplained;
    }

    private static void Show(SortedDictionary<string, int> counts)
    {
        Table table = new Table().Title("NumPy headers").RoundedBorder().HideHeaders()
            .AddColumn("what").AddColumn(new TableColumn("how many").RightAligned());
        foreach ((string what, int count) in counts)
        {
            table.AddRow(what, count.ToString("N0", CultureInfo.InvariantCulture));
        }

        AnsiConsole.Write(table);
    }

    private static string Header(Random random)
    {
        string header = DtypeText.Create(random);
        if (random.Next(4) == 0)
        {
            header = Encoding.Latin1.GetString(Mutator.Mutate(random, Encoding.Latin1.GetBytes(header)));
        }

        return header.Length > LongestHeader ? header[..LongestHeader] : header;
    }
}
