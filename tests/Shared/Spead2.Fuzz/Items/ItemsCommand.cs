// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.Text.Json;
using Spectre.Console;

namespace Spead2.Fuzz.Items;

/// <summary>The options of `items`.</summary>
internal static class ItemsCommand
{
    private const long DefaultCases = 100_000;
    private const int CasesPerUpdate = 1000;

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var cases = new Option<long>("--cases")
        {
            HelpName = "N",
            Description = "Cases to run. A case is up to three heaps with descriptors and values.",
            DefaultValueFactory = _ => DefaultCases,
        };
        var seed = new Option<long?>("--seed")
        {
            HelpName = "S",
            Description = "Seed of the cases, for a run that has been seen before [default: another one each time]",
        };
        var first = new Option<long>("--first")
        {
            HelpName = "I",
            Description = "Number of the first case: with --cases 1 the one case that a finding names.",
        };
        var json = new Option<bool>("--json")
        {
            Description = "Print JSON, one object per finding and one for the sum, instead of a table.",
        };
        var reasons = new Option<bool>("--reasons")
        {
            Description = "Also say how often heaps and values were refused for which reason.",
        };
        var command = new Command(
            "items",
            "Item groups: random and mutated descriptors and values are interpreted, and every value is read in every "
            + "form. Only the documented exceptions may come out, and memory and time of a case are bounded. "
            + "Exit code 1 if a case breaks a rule.")
        {
            cases,
            seed,
            first,
            json,
            reasons,
        };
        command.SetAction(parsed => Run(
            new ItemFuzz(parsed.GetValue(seed) ?? Random.Shared.Next()),
            parsed.GetValue(first),
            parsed.GetValue(cases),
            parsed.GetValue(json),
            parsed.GetValue(reasons)));
        return command;
    }

    private static int Run(ItemFuzz fuzz, long first, long cases, bool json, bool reasons)
    {
        if (json)
        {
            fuzz.Run(first, cases, CasesPerUpdate, _ => { });
            foreach (ItemFinding finding in fuzz.Findings)
            {
                Console.WriteLine(JsonSerializer.Serialize(finding));
            }

            Console.WriteLine(JsonSerializer.Serialize(fuzz.Tally));
        }
        else
        {
            AnsiConsole.Progress().Start(context =>
            {
                ProgressTask task = context.AddTask($"cases of seed {fuzz.Seed}", maxValue: cases);
                fuzz.Run(first, cases, CasesPerUpdate, done => task.Value = done);
            });
            Show(fuzz);
        }

        foreach ((string reason, long count) in fuzz.Reasons.OrderByDescending(pair => reasons ? pair.Value : 0))
        {
            if (reasons)
            {
                Console.WriteLine(json ? JsonSerializer.Serialize(new { count, reason }) : $"{count,8} {reason}");
            }
        }

        return fuzz.Tally.Findings == 0 ? 0 : 1;
    }

    private static void Show(ItemFuzz fuzz)
    {
        foreach (ItemFinding finding in fuzz.Findings)
        {
            AnsiConsole.MarkupLineInterpolated(
                $"[red]case {finding.Case}[/] of seed {fuzz.Seed}: {finding.Problem}");
            AnsiConsole.WriteLine(finding.Input);
        }

        Table table = new Table().Title("Item groups").RoundedBorder().HideHeaders()
            .AddColumn("what").AddColumn(new TableColumn("how many").RightAligned());
        using JsonDocument tally = JsonSerializer.SerializeToDocument(fuzz.Tally);
        foreach (JsonProperty number in tally.RootElement.EnumerateObject())
        {
            table.AddRow(number.Name, number.Value.GetRawText());
        }

        AnsiConsole.Write(table);
    }
}
