// SPDX-License-Identifier: MIT

using Spead2.Differential.Engines;
using Spectre.Console;

namespace Spead2.Differential;

/// <summary>What comes of seeds, for people: a progress display, then what differs, then one line.</summary>
internal static class TextSeedReport
{
    /// <summary>Runs and shows.</summary>
    public static void Show(SeedRun run, IReadOnlyList<string> engines)
    {
        Console.WriteLine($"{Seeds.Variable}={run.First}: {run.Count} seeds, engines: {string.Join(", ", engines)}");
        foreach ((string name, string reason) in EngineList.Missing)
        {
            Console.WriteLine($"The engine '{name}' is not there: {reason}");
        }

        AnsiConsole.Progress()
            .AutoClear(true)
            .Columns(
                new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(context =>
            {
                ProgressTask seeds = context.AddTask("seeds", maxValue: Math.Max(1, run.Count));
                run.Run(_ => seeds.Increment(1));
            });
        foreach (Disagreement disagreement in run.Disagreements)
        {
            Console.WriteLine();
            Console.WriteLine(disagreement);
        }

        string end = run.Done < run.Count ? $"; stopped after {SeedRun.EnoughDisagreements} or more" : "";
        Console.WriteLine(
            $"{run.Done} seeds in {run.Time.TotalSeconds:0.0} s: {run.Disagreements.Count} disagreements{end}");
    }
}
