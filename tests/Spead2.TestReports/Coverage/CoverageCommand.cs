// SPDX-License-Identifier: MIT

using System.CommandLine;

namespace Spead2.TestReports.Coverage;

/// <summary>The command coverage: which lines ran.</summary>
internal static class CoverageCommand
{
    /// <summary>Makes it.</summary>
    public static Command Create()
    {
        Argument<FileInfo> file = new("FILE") { Description = "Cobertura's XML, as ReportGenerator merges it." };
        Option<string> output = new("--output")
        {
            HelpName = "FILE",
            Description = "Where everything goes; the worst files and a table are printed.",
            Required = true,
        };
        Command command = new("coverage", "Prints which lines and branches ran, and names lines that did not.") { file, output };
        command.SetAction(parsed =>
        {
            using StreamReader text = parsed.GetRequiredValue(file).OpenText();
            IReadOnlyList<CoveredLine> lines = CoberturaFile.Read(text);
            string whole = parsed.GetRequiredValue(output);
            using (StreamWriter writer = new(whole))
            {
                CoverageReport.WriteWhole(writer, lines);
            }

            CoverageReport.Write(Console.Out, lines, whole);
        });
        return command;
    }
}
