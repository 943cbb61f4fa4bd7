// SPDX-License-Identifier: MIT

using System.Text.Json;

namespace Spead2.Fuzz.Runner.Reached;

/// <summary>Which lines of native/src/packet and native/src/heap inputs run, as gcovr says of the build for coverage.</summary>
/// <param name="Lines">Each line of code with its file, and whether it has run.</param>
internal sealed record ReachedLines(IReadOnlyList<(string File, int Number, bool HasRun)> Lines)
{
    /// <summary>The CMake preset of the build for coverage.</summary>
    public const string Preset = "linux-x64-coverage";

    private const string Objects = $"build/{Preset}/native/CMakeFiles/spead2core_internal.dir";
    private const string Sources = "native/src/(packet|heap)/";

    /// <summary>Nothing has run, and nothing was to.</summary>
    public static ReachedLines None { get; } = new([]);

    /// <summary>Runs all inputs of these targets of C.</summary>
    /// <exception cref="FuzzFailureException">The inputs do not replay, and there is no finding that explains it.</exception>
    public static ReachedLines By(params IReadOnlyList<FuzzTarget> targets)
    {
        foreach (string old in Directory.GetFiles(Objects, "*.gcda", SearchOption.AllDirectories))
        {
            File.Delete(old);
        }

        foreach (FuzzTarget target in targets)
        {
            string replay = $"build/{Preset}/native/fuzz/replay_{target.Name}";

            // An input that is checked in may be a finding itself; then what ran is not known in full.
            if (ChildProcess.Try(replay, ["--quiet", .. target.InputFolders]) != 0 && target.Findings.Length == 0)
            {
                throw new FuzzFailureException(
                    $"The inputs of {target.Name} do not replay with the build for coverage: "
                    + $"{replay} {string.Join(' ', target.InputFolders)}");
            }
        }

        string report = $"{FuzzTarget.WorkRoot}/reached.json";
        ChildProcess.Run(
            "gcovr", "--root", ".", Objects, "--filter", Sources, "--gcov-ignore-parse-errors", "--json", "--output", report);
        return Parse(File.ReadAllText(report));
    }

    /// <summary>Reads gcovr's JSON.</summary>
    public static ReachedLines Parse(string json)
    {
        using JsonDocument report = JsonDocument.Parse(json);
        return new(
        [
            .. from file in report.RootElement.GetProperty("files").EnumerateArray()
               from line in file.GetProperty("lines").EnumerateArray()
               where !line.GetProperty("gcovr/noncode").GetBoolean()
               select (
                   file.GetProperty("file").GetString()!,
                   line.GetProperty("line_number").GetInt32(),
                   line.GetProperty("count").GetInt64() > 0),
        ]);
    }

    /// <summary>How much of a folder of native/src has run, in percent; NaN if nothing is known of it.</summary>
    public double Percent(string folder)
    {
        bool[] lines = [.. Lines.Where(line => line.File.Contains($"/{folder}/", StringComparison.Ordinal)).Select(line => line.HasRun)];
        return 100.0 * lines.Count(hasRun => hasRun) / lines.Length;
    }
}
