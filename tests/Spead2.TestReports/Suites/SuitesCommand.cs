// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.Text.Json;

namespace Spead2.TestReports.Suites;

/// <summary>The command suites: what came of all suites of a run. Exit code 1: something failed or was reported.</summary>
internal static class SuitesCommand
{
    /// <summary>Makes it.</summary>
    public static Command Create()
    {
        Argument<FileInfo> file = new("FILE") { Description = "JSON with an object per run; SuiteRun.cs." };
        Option<bool> tests = new("--tests")
        {
            Description = "The table has a row per test, whose columns are the parts of its name between bars.",
        };
        Command command = new("suites", "Prints a table of suites, what failed, what was skipped, and the sums.") { file, tests };
        command.SetAction(parsed =>
        {
            SuiteRun[] runs = JsonSerializer.Deserialize<SuiteRun[]>(File.ReadAllText(parsed.GetRequiredValue(file).FullName))!;
            Suite[] suites = [.. runs.Select(Suite.Read)];
            Console.WriteLine();
            if (parsed.GetValue(tests))
            {
                SuitesReport.WriteTests(Console.Out, suites);
            }
            else
            {
                SuitesReport.WriteSuites(Console.Out, suites);
            }

            return suites.All(suite => suite.Holds) ? 0 : 1;
        });
        return command;
    }
}
