// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Spead2.Mutants.Running;
using Spead2.Mutants.Sources;

namespace Spead2.Mutants.Languages;

/// <summary>The C core and its C tests; each test is a unit.</summary>
internal sealed partial class CBench : ITestBench
{
    private const string Header = "native/src/base/mutants.h";
    private const string Source = "native/src/base/mutants.c";
    private const string Included = "#include \"base/mutants.h\"\n#line 1\n";
    private const string Lists = "native/CMakeLists.txt";

    // What the library does for its users; what is not released yet is left out by the list of its sources.
    private static readonly string[] Folders =
        [.. ((string[])["packet", "memory", "heap", "runtime", "receive", "transport", "os/linux"]).Select(one => $"native/src/{one}/")];

    // CMake presets, in the order in which they are tried: what no test notices a sanitizer may.
    private static readonly (string Preset, string Suffix)[] Builds =
        [("linux-x64", ""), ("linux-x64-asan", ", address sanitizer"), ("linux-x64-tsan", ", thread sanitizer")];

    private readonly MutantTree _tree;
    private readonly Dictionary<string, string[]> _commands = [];
    private readonly CTests _tests = new();

    public CBench(MutantTree tree)
    {
        _tree = tree;
        tree.Write(Header, HeaderText);
        tree.Write(Source, SourceText);
        tree.Write(Lists, tree.Original(Lists).Replace("    src/base/logger.c\n", "    src/base/logger.c\n    src/base/mutants.c\n"));
        foreach ((string preset, _) in tree.IsReused ? [] : Builds)
        {
            ChildProcess.Run(
                tree.Folder, "cmake", "--preset", preset, "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", "-DCMAKE_C_FLAGS=-w",
                "-DSP2_BUILD_BENCHMARKS=OFF");
        }

        ReadCommands();
        Files = [.. _commands.Keys.Order(StringComparer.Ordinal).AsParallel().AsOrdered().Select(ReadFile)];
    }

    public IReadOnlyList<SourceFile> Files { get; }

    public void Build(Sampler sampler, int count)
    {
        bool complete = false;
        while (!complete)
        {
            sampler.Fill(count);
            complete = true;
            _tree.Restore(Files.Select(file => file.Path));
            foreach (IGrouping<string, Mutation> group in sampler.Drawn.GroupBy(one => one.File).ToArray())
            {
                MutatedFile file = new(
                    Files.Single(one => one.Path == group.Key).Text, [.. group], number => $"sp2__mutant_is({number})");
                _tree.Write(group.Key, Included + file.Text);
                foreach (Mutation refused in Refused(group.Key, file))
                {
                    sampler.GiveUp(refused);
                    complete = false;
                }
            }
        }

        for (int stage = 0; stage < Builds.Length; stage++)
        {
            if (!_tree.IsReused)
            {
                ChildProcess.Run(_tree.Folder, "cmake", "--build", $"build/{Builds[stage].Preset}");
            }

            _tests.Add(_tree.PathOf($"build/{Builds[stage].Preset}"), stage, Builds[stage].Suffix);
        }
    }

    public IReadOnlyList<TestUnit> Measure(Action<string> tell) => _tests.Measure(tell);

    // What a sanitizer notices, it notices in one test of a program as in the others.
    public IEnumerable<IReadOnlyList<TestUnit>> Portions(IReadOnlyList<TestUnit> units) => units
        .GroupBy(unit => unit.Stage)
        .SelectMany(stage => stage.Key == 0 ? stage : stage.DistinctBy(unit => unit.Program))
        .Select(unit => (IReadOnlyList<TestUnit>)[unit]);

    public IReadOnlyList<TestFailure> Run(IReadOnlyList<TestUnit> units, int mutant) => _tests.Run(units, mutant);

    [GeneratedRegex(@"^[^:\s]+:(\d+):(\d+): (?:fatal )?error:", RegexOptions.Multiline)]
    private static partial Regex ErrorLine();

    private void ReadCommands()
    {
        using JsonDocument document =
            JsonDocument.Parse(File.ReadAllText(_tree.PathOf($"build/{Builds[0].Preset}/compile_commands.json")));
        foreach (JsonElement entry in document.RootElement.EnumerateArray())
        {
            string command = entry.GetProperty("command").GetString()!;
            string file = Path.GetRelativePath(_tree.Folder, entry.GetProperty("file").GetString()!);
            if (command.Contains("/spead2core.dir/") && Folders.Any(folder => file.StartsWith(folder, StringComparison.Ordinal)))
            {
                _commands[file] =
                    [.. command.Split(' ').Where(one => one.Length > 2 && one[..2] is "-I" or "-D" or "-m" || one.StartsWith("-std="))];
            }
        }
    }

    private SourceFile ReadFile(string file)
    {
        string text = _tree.Original(file);
        if (text.Any(one => one > '\x7f'))
        {
            throw new MutantsFailureException($"{file} is not plain ASCII, so that clang's positions are not those of its text.");
        }

        return ClangTree.Read(file, text, ChildProcess.Run(
            _tree.Folder, "clang-14", ["-Xclang", "-ast-dump=json", "-fsyntax-only", .. _commands[file], _tree.OriginalPathOf(file)]));
    }

    /// <summary>The mutants that clang refuses.</summary>
    private List<Mutation> Refused(string path, MutatedFile file)
    {
        string copy = Path.Combine(Path.GetTempPath(), $"{Path.GetRandomFileName()}.c");
        File.WriteAllText(copy, Included + file.Text);
        ChildProcess.Result result = ChildProcess.Start(
            _tree.Folder, "clang-14", ["-w", "-fsyntax-only", "-ferror-limit=0", .. _commands[path], copy],
            new Dictionary<string, string>(), Timeout.InfiniteTimeSpan);
        File.Delete(copy);
        if (result.ExitCode == 0)
        {
            return [];
        }

        string[] lines = file.Text.Split('\n');
        List<Mutation> refused = [];
        foreach (Match error in ErrorLine().Matches(result.Output))
        {
            int line = int.Parse(error.Groups[1].ValueSpan, CultureInfo.InvariantCulture) - 1;
            int column = int.Parse(error.Groups[2].ValueSpan, CultureInfo.InvariantCulture) - 1;
            if (file.At(lines.Take(line).Sum(one => one.Length + 1) + column) is { } mutation)
            {
                refused.Add(mutation);
            }
        }

        return refused.Count > 0
            ? refused
            : throw new MutantsFailureException($"clang refuses {path}, but no mutant of it:\n{result.Output}");
    }
}
