// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.Diagnostics;

namespace Spead2.TestReports.Faults;

/// <summary>
/// The command faults: runs a program of tests that make something fail, and prints what users see. Exit code 1: a fault was
/// not seen as the document says, or left something behind.
/// </summary>
internal static class FaultsCommand
{
    /// <summary>Makes it.</summary>
    public static Command Create()
    {
        Option<FileInfo> document = new("--document") { HelpName = "FILE", Description = "Which has the table.", Required = true };
        Option<string> table = new("--table") { HelpName = "NAME", Description = "Of the table.", Required = true };
        Option<bool> write = new("--write") { Description = "Update the document; then the exit code is 0." };
        Argument<string[]> program = new("PROGRAM") { Description = "The program, with its arguments." };
        Command command = new("faults", "Prints the table of what users see when something fails.")
        {
            document, table, write, program,
        };
        command.SetAction(parsed =>
        {
            string[] words = parsed.GetRequiredValue(program);
            (int exitCode, string[] output) = Run(words[0], words[1..]);
            string name = parsed.GetRequiredValue(table);
            string rows = FaultDocument.Table(output);
            Console.WriteLine($"\n{name}:\n{rows}");
            Console.WriteLine(string.Join('\n', output.Where(line => !FaultDocument.IsRow(line))));
            if (parsed.GetValue(write))
            {
                string file = parsed.GetRequiredValue(document).FullName;
                File.WriteAllText(file, FaultDocument.With(File.ReadAllText(file), name, rows));
                return 0;
            }

            return exitCode == 0 ? 0 : 1;
        });
        return command;
    }

    private static (int ExitCode, string[] Output) Run(string program, string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        List<string> lines = [];
        while (process.StandardOutput.ReadLine() is string line)
        {
            lines.Add(line);
        }

        process.WaitForExit();
        return (process.ExitCode, [.. lines]);
    }
}
