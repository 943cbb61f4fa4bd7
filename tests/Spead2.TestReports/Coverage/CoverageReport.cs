// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Spead2.TestReports.Coverage;

/// <summary>Which lines and branches ran, by folder of the C core and by assembly, and the lines that did not.</summary>
internal static class CoverageReport
{
    private const string CoreFolder = "native/src/";
    private const int MostFilesNamed = 20;

    /// <summary>Prints the files with the most lines that did not run, and the tables.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="lines">All lines.</param>
    /// <param name="whole">The file that has everything.</param>
    public static void Write(TextWriter output, IReadOnlyList<CoveredLine> lines, string whole)
    {
        foreach ((string title, CoveredLine[] own) in Parts(lines))
        {
            string[] missing = [.. Named(own.Where(line => !line.HasRun))];
            int more = missing.Length - MostFilesNamed;
            output.WriteLine($"\n{title}, lines that did not run ({whole} has also the branches): {(missing.Length == 0 ? "none" : "")}");
            foreach (string file in missing.Take(MostFilesNamed))
            {
                output.WriteLine($"  {file}");
            }

            if (more > 0)
            {
                output.WriteLine($"  and few in {more} more files");
            }
        }

        foreach ((string title, CoveredLine[] own) in Parts(lines))
        {
            output.WriteLine();
            WriteTable(output, title, own);
        }
    }

    /// <summary>Prints everything.</summary>
    public static void WriteWhole(TextWriter output, IReadOnlyList<CoveredLine> lines)
    {
        foreach ((string title, CoveredLine[] own) in Parts(lines))
        {
            WriteTable(output, title, own);
            output.WriteLine($"\nLines that did not run:\n{string.Join('\n', Named(own.Where(line => !line.HasRun)))}");
            output.WriteLine(
                "\nLines that ran, but not each of their branches:\n"
                + string.Join('\n', Named(own.Where(line => line.HasRun && line.BranchesRun < line.Branches))) + "\n");
        }
    }

    private static IEnumerable<(string Title, CoveredLine[] Lines)> Parts(IReadOnlyList<CoveredLine> lines) =>
        lines.GroupBy(line => IsCore(line) ? "C core" : "Managed code").OrderByDescending(part => part.Key)
            .Select(part => (part.Key, part.ToArray()));

    private static void WriteTable(TextWriter output, string title, CoveredLine[] lines)
    {
        IGrouping<string, CoveredLine>[] groups =
            [.. lines.GroupBy(GroupOf).OrderBy(group => group.Key, StringComparer.Ordinal)];
        int width = groups.Select(group => group.Key).Append(title).Max(name => name.Length);
        output.WriteLine($"{title.PadRight(width)}  {"lines",19}  {"branches",19}");
        foreach (IGrouping<string, CoveredLine> group in groups)
        {
            WriteRow(group.Key, group);
        }

        WriteRow("all", lines);

        void WriteRow(string name, IEnumerable<CoveredLine> of) => output.WriteLine(
            $"{name.PadRight(width)}  {Cell(of.Count(line => line.HasRun), of.Count())}"
            + $"  {Cell(of.Sum(line => line.BranchesRun), of.Sum(line => line.Branches))}");
    }

    private static string Cell(int run, int all) => string.Create(
        CultureInfo.InvariantCulture, $"{$"{run}/{all}",11} {(all == 0 ? "–" : $"{100.0 * run / all:0.0} %"),7}");

    private static bool IsCore(CoveredLine line) => line.File.StartsWith(CoreFolder, StringComparison.Ordinal);

    // A folder of the core, or an assembly.
    private static string GroupOf(CoveredLine line) =>
        IsCore(line) ? line.File[..line.File.LastIndexOf('/')] : line.File.Split('/')[1];

    // "file: 3, 7-9" for each file, those with the most lines first.
    private static IEnumerable<string> Named(IEnumerable<CoveredLine> lines) =>
        lines.GroupBy(line => line.File).OrderByDescending(file => file.Count()).ThenBy(file => file.Key, StringComparer.Ordinal)
            .Select(file => $"{file.Key}: {Ranges([.. file.Select(line => line.Number).Order()])}");

    private static string Ranges(int[] numbers)
    {
        // In a range of numbers that follow one another, number and place differ by the same.
        return string.Join(", ", numbers.Index().GroupBy(at => at.Item - at.Index).Select(range =>
            range.Count() == 1 ? $"{range.First().Item}" : $"{range.First().Item}-{range.Last().Item}"));
    }
}
