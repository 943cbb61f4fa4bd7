// SPDX-License-Identifier: MIT
// Which lines and branches ran, as gcov (C) and coverlet (.NET) say.
using System.Text.Json;
using System.Xml.Linq;

// What a test run has covered of some files, by line and by branch. A line or branch that is built more than once, for
// example in a header, is covered if it is covered anywhere.
class Coverage
{
    private readonly Dictionary<(string File, int Line), bool> _lines = [];
    private readonly Dictionary<(string File, int Line, string Where), bool> _branches = [];

    public IEnumerable<string> Folders => _lines.Keys.Select(line => Folder(line.File)).Distinct().Order();

    public void AddLine(string file, int line, bool covered) =>
        _lines[(file, line)] = covered | _lines.GetValueOrDefault((file, line));

    public void AddBranch(string file, int line, string where, bool covered) =>
        _branches[(file, line, where)] = covered | _branches.GetValueOrDefault((file, line, where));

    public (int Covered, int All) Lines(params string[] folders) =>
        Count(_lines.Where(line => IsIn(line.Key.File, folders)).Select(line => line.Value));

    public (int Covered, int All) Branches(params string[] folders) =>
        Count(_branches.Where(branch => IsIn(branch.Key.File, folders)).Select(branch => branch.Value));

    public IEnumerable<(string File, int Line)> MissingLines(params string[] folders) =>
        _lines.Where(line => !line.Value && IsIn(line.Key.File, folders)).Select(line => line.Key).Order();

    // "file: 3, 7-9" for each file with lines that did not run.
    public IEnumerable<string> Missing() =>
        _lines.Where(line => !line.Value).GroupBy(line => line.Key.File).OrderBy(file => file.Key)
            .Select(file => $"{file.Key}: {Ranges([.. file.Select(line => line.Key.Line).Order()])}");

    public static string Percent((int Covered, int All) count) =>
        count.All == 0 ? "–" : $"{100.0 * count.Covered / count.All:0.0} %";

    private static (int Covered, int All) Count(IEnumerable<bool> states)
    {
        bool[] all = [.. states];
        return (all.Count(covered => covered), all.Length);
    }

    private static bool IsIn(string file, string[] folders) => folders.Length == 0 || folders.Contains(Folder(file));

    private static string Folder(string file) => file[..file.LastIndexOf('/')];

    private static string Ranges(int[] lines)
    {
        var ranges = new List<(int First, int Last)>();
        foreach (int line in lines)
        {
            if (ranges.Count > 0 && ranges[^1].Last == line - 1)
            {
                ranges[^1] = (ranges[^1].First, line);
            }
            else
            {
                ranges.Add((line, line));
            }
        }

        return string.Join(", ", ranges.Select(range => range.First == range.Last ? $"{range.First}" : $"{range.First}-{range.Last}"));
    }
}

// Forgets what has run in the coverage build.
void ForgetNativeCoverage(string preset) => DeleteFiles($"build/{preset}/**/*.gcda");

Coverage ReadNativeCoverage(string preset)
{
    const string sources = "native/src/";
    var coverage = new Coverage();
    string build = MakeAbsolute(Directory($"build/{preset}")).FullPath;
    string[] notes =
    [
        .. GetFiles($"build/{preset}/native/CMakeFiles/spead2core*.dir/**/*.gcno").Select(file => file.FullPath),
    ];
    foreach (string line in Output("gcov", ["--json-format", "--stdout", "--branch-probabilities", .. notes]))
    {
        using JsonDocument report = JsonDocument.Parse(line);
        foreach (JsonElement file in report.RootElement.GetProperty("files").EnumerateArray())
        {
            string path = file.GetProperty("file").GetString();
            int start = path.IndexOf(sources, StringComparison.Ordinal);
            if (start < 0)
            {
                continue;
            }

            foreach (JsonElement entry in file.GetProperty("lines").EnumerateArray())
            {
                int number = entry.GetProperty("line_number").GetInt32();
                coverage.AddLine(path[start..], number, entry.GetProperty("count").GetInt64() > 0);
                int index = 0;
                foreach (JsonElement branch in entry.GetProperty("branches").EnumerateArray())
                {
                    string function = entry.TryGetProperty("function_name", out JsonElement name) ? name.GetString() : "";
                    coverage.AddBranch(
                        path[start..], number, $"{function} {index++}", branch.GetProperty("count").GetInt64() > 0);
                }
            }
        }
    }

    return coverage;
}

// Cobertura files, of which coverlet writes one for each test project.
Coverage ReadManagedCoverage(IEnumerable<FilePath> reports)
{
    const string sources = "managed/";
    var coverage = new Coverage();
    foreach (FilePath report in reports)
    {
        foreach (XElement type in XDocument.Load(report.FullPath).Descendants("class"))
        {
            string path = ((string)type.Attribute("filename")).Replace('\\', '/');
            int start = ("/" + path).IndexOf("/" + sources, StringComparison.Ordinal);
            if (start < 0 || path.Contains("/obj/"))
            {
                continue;
            }

            foreach (XElement line in type.Elements("lines").Elements("line"))
            {
                int number = (int)line.Attribute("number");
                coverage.AddLine(path[start..], number, (long)line.Attribute("hits") > 0);
                int index = 0;
                foreach (XElement condition in line.Descendants("condition"))
                {
                    string share = (string)condition.Attribute("coverage");
                    coverage.AddBranch(path[start..], number, $"{index} taken", share != "0%");
                    coverage.AddBranch(path[start..], number, $"{index++} not", share == "100%");
                }
            }
        }
    }

    return coverage;
}

// Folder by folder, then the sum and the lines that did not run.
void PrintCoverage(string title, Coverage coverage, Func<string, string> group)
{
    ILookup<string, string> groups = coverage.Folders.ToLookup(group);
    int width = Math.Max(title.Length, groups.Max(folders => folders.Key.Length));
    Console.WriteLine();
    Console.WriteLine($"{title.PadRight(width)}  {"lines",17}  {"branches",17}");
    foreach (IGrouping<string, string> folders in groups)
    {
        PrintRow(folders.Key, [.. folders]);
    }

    PrintRow("all", []);

    void PrintRow(string name, string[] folders)
    {
        (int Covered, int All) lines = coverage.Lines(folders);
        (int Covered, int All) branches = coverage.Branches(folders);
        Console.WriteLine(
            $"{name.PadRight(width)}  {Cell(lines)}  {Cell(branches)}");
    }

    static string Cell((int Covered, int All) count) =>
        $"{$"{count.Covered}/{count.All}",10} {Coverage.Percent(count),7}";
}

void PrintMissing(string title, Coverage coverage)
{
    string[] missing = [.. coverage.Missing()];
    Console.WriteLine($"\n{title} that did not run: {(missing.Length == 0 ? "none" : "")}");
    foreach (string file in missing)
    {
        Console.WriteLine($"  {file}");
    }
}
