// SPDX-License-Identifier: MIT
// Which lines and branches ran, as gcov (C) and coverlet (.NET) say.
using System.Text.Json;

const string CoverageFolder = "artifacts/coverage";
const int MostFilesNamed = 20;

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

    // "file: 3, 7-9" for each file with lines that did not run, the files with most of them first.
    public IEnumerable<string> Missing() => ByFile(MissingLines());

    // The same of lines that ran, but not each of their branches.
    public IEnumerable<string> MissingBranches() => ByFile(
        _branches.Where(branch => !branch.Value).Select(branch => (branch.Key.File, branch.Key.Line)).Distinct()
            .Where(line => _lines.GetValueOrDefault(line)));

    public static string Percent((int Covered, int All) count) =>
        count.All == 0 ? "–" : $"{100.0 * count.Covered / count.All:0.0} %";

    private static IEnumerable<string> ByFile(IEnumerable<(string File, int Line)> lines) =>
        lines.GroupBy(line => line.File).OrderByDescending(file => file.Count()).ThenBy(file => file.Key)
            .Select(file => $"{file.Key}: {Ranges([.. file.Select(line => line.Line).Order()])}");

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

// What coverlet has counted, in a file for each test project; tests/coverage.runsettings says of what.
Coverage ReadManagedCoverage(IEnumerable<FilePath> reports)
{
    const string sources = "managed/";
    var coverage = new Coverage();
    foreach (FilePath report in reports)
    {
        using JsonDocument modules = JsonDocument.Parse(System.IO.File.ReadAllText(report.FullPath));
        foreach (JsonProperty file in modules.RootElement.EnumerateObject().SelectMany(module => module.Value.EnumerateObject()))
        {
            int start = file.Name.IndexOf("/" + sources, StringComparison.Ordinal) + 1;
            if (start == 0)
            {
                continue;
            }

            string path = file.Name[start..];
            foreach (JsonProperty method in file.Value.EnumerateObject().SelectMany(type => type.Value.EnumerateObject()))
            {
                foreach (JsonProperty line in method.Value.GetProperty("Lines").EnumerateObject())
                {
                    coverage.AddLine(path, int.Parse(line.Name), line.Value.GetInt64() > 0);
                }

                foreach (JsonElement branch in method.Value.GetProperty("Branches").EnumerateArray())
                {
                    string where = $"{method.Name} {branch.GetProperty("Offset")} {branch.GetProperty("Path")}";
                    coverage.AddBranch(
                        path, branch.GetProperty("Line").GetInt32(), where, branch.GetProperty("Hits").GetInt64() > 0);
                }
            }
        }
    }

    return coverage;
}

// The table and the lines that did not run; those of the worst files only if there are many. All of them, and the
// branches, are in a file.
void PrintCoverage(string title, string file, Coverage coverage, Func<string, string> group)
{
    EnsureDirectoryExists(CoverageFolder);
    string path = $"{CoverageFolder}/{file}.txt";
    string[] missing = [.. coverage.Missing()];
    System.IO.File.WriteAllLines(path, [
        .. CoverageTable(title, coverage, folder => folder),
        "", "Lines that did not run:", .. missing,
        "", "Lines that ran, but not each of their branches:", .. coverage.MissingBranches(),
    ]);
    int more = missing.Length - MostFilesNamed;
    Console.WriteLine(string.Join('\n', [
        "", $"Lines that did not run ({path} has also the branches): {(missing.Length == 0 ? "none" : "")}",
        .. missing.Take(MostFilesNamed).Select(line => $"  {line}"),
        .. more > 0 ? [$"  and few in {more} more files"] : (string[])[],
        "", .. CoverageTable(title, coverage, group),
    ]));
}

// A row for each group of folders, then the sum.
IEnumerable<string> CoverageTable(string title, Coverage coverage, Func<string, string> group)
{
    ILookup<string, string> groups = coverage.Folders.ToLookup(group);
    int width = groups.Select(folders => folders.Key).Append(title).Max(name => name.Length);
    return
    [
        $"{title.PadRight(width)}  {"lines",19}  {"branches",19}",
        .. groups.Select(folders => Row(folders.Key, [.. folders])),
        Row("all", []),
    ];

    string Row(string name, string[] folders) =>
        $"{name.PadRight(width)}  {Cell(coverage.Lines(folders))}  {Cell(coverage.Branches(folders))}";

    static string Cell((int Covered, int All) count) =>
        $"{$"{count.Covered}/{count.All}",11} {Coverage.Percent(count),7}";
}
