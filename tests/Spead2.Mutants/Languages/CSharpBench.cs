// SPDX-License-Identifier: MIT

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Xml.Linq;
using Spead2.Mutants.Running;
using Spead2.Mutants.Sources;

namespace Spead2.Mutants.Languages;

/// <summary>
/// The managed port and the items, and what tests them: the C tests with the AOT library, which begin quickest and so come
/// first, the differential test, and the suites of .NET, each class of which is a unit.
/// </summary>
internal sealed class CSharpBench : ITestBench
{
    private const int Failed = 2;
    private const int TimesAsLong = 10;
    private const int TimesAsLongTogether = 3;
    private const int LikelyUnits = 8;

    private static readonly TimeSpan ShortestLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Start = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LongestSuite = TimeSpan.FromMinutes(20);
    private static readonly XNamespace Trx = "http://microsoft.com/schemas/VisualStudio/TeamTest/2010";

    // Of the facade's suite only the items: the others run the managed port in a suite of its own, too.
    private static readonly (string Name, string Filter)[] Suites =
    [
        ("Spead2.Managed.Tests", ""),
        ("Spead2.Tests", ""),
        ("Spead2.Interop.Tests", "FullyQualifiedName~Item"),
    ];

    // A program of its own, which compares the managed port with the model.
    private const string Differential = "Spead2.Differential";
    private static readonly string[] DifferentialArguments = ["--engine", "managed", "--seeds", "300"];

    private readonly MutantTree _tree;
    private readonly CSharpProject[] _projects;
    private readonly CTests _cTests = new();
    private readonly string _stopAtFailure;
    private readonly string _nativeLibrary;

    public CSharpBench(MutantTree tree, string repository)
    {
        _tree = tree;
        _nativeLibrary = Path.Combine(repository, "build/linux-x64/lib/libspead2core.so");
        _stopAtFailure = tree.PathOf("artifacts/stop-at-failure.runsettings");
        tree.Write(
            "artifacts/stop-at-failure.runsettings",
            "<RunSettings><NUnit><StopOnError>true</StopOnError></NUnit></RunSettings>");
        _projects =
        [
            new(tree, "managed/Spead2", "Items", "Receive"),
            new(tree, "managed/Spead2.Managed"),
        ];
        Files = [.. _projects.SelectMany(project => project.Files)];
    }

    public IReadOnlyList<SourceFile> Files { get; }

    public void Build(Sampler sampler, int count)
    {
        IReadOnlyList<Mutation> refused;
        do
        {
            sampler.Fill(count);
            refused = [.. _projects.SelectMany(project => project.Write(sampler.Drawn))];
            foreach (Mutation mutation in refused)
            {
                sampler.GiveUp(mutation);
            }
        }
        while (refused.Count > 0);
        if (!_tree.IsReused)
        {
            BuildSuites();
            BuildAot();
        }

        _cTests.Add(_tree.PathOf("build/linux-x64"), stage: 0, label: "aot");
    }

    public IReadOnlyList<TestUnit> Measure(Action<string> tell)
    {
        ConcurrentBag<TestUnit> units = [];
        Parallel.ForEach(Suites, Campaign.Workers, suite =>
        {
            string folder = Directory.CreateTempSubdirectory("spead2-mutants-").FullName;
            string marks = Path.Combine(folder, "marks");
            ReachedMutants.Create(marks);
            TestRun run = RunSuite(
                suite.Name, suite.Filter, new() { [ReachedMutants.FileVariable] = marks }, LongestSuite, stopAtFailure: false);
            if (run.Durations.Count == 0)
            {
                throw new MutantsFailureException($"{suite.Name} says nothing of its tests: {run.How}.");
            }

            foreach ((string type, TimeSpan duration) in run.Durations)
            {
                string own = Path.Combine(folder, type);
                if (run.Failed.Any(one => one.Class == type))
                {
                    tell($"left out, as it fails without a mutant: {type} of {suite.Name} ({run.How})");
                }
                else if (File.Exists(own))
                {
                    units.Add(new(type, suite.Name, duration, ReachedMutants.Read(own), Stage: 1));
                }
            }

            Directory.Delete(folder, recursive: true);
        });
        units.Add(MeasureDifferential());
        return [.. units, .. _cTests.Measure(tell)];
    }

    public IEnumerable<IReadOnlyList<TestUnit>> Portions(IReadOnlyList<TestUnit> units)
    {
        foreach (TestUnit unit in units.Where(_cTests.Has))
        {
            yield return [unit];
        }

        // A program of .NET that starts costs as much as many tests.
        units = [.. units.Where(unit => !_cTests.Has(unit))];
        if (units.Count == 0)
        {
            yield break;
        }

        TestUnit[] likely = [.. units.Where(unit => unit.Program == units[0].Program).Take(LikelyUnits)];
        yield return likely;
        foreach (IGrouping<string, TestUnit> suite in units.Except(likely).GroupBy(unit => unit.Program))
        {
            yield return [.. suite];
        }
    }

    public IReadOnlyList<TestFailure> Run(IReadOnlyList<TestUnit> units, int mutant)
    {
        if (_cTests.Has(units[0]))
        {
            return _cTests.Run(units, mutant);
        }

        TimeSpan normal = units.Aggregate(TimeSpan.Zero, (sum, unit) => sum + unit.Duration);
        TimeSpan limit = units.Count == 1 ? Max(normal * TimesAsLong, ShortestLimit) : normal * TimesAsLongTogether + Start;
        if (units[0].Program == Differential)
        {
            int? code = RunDifferential(new() { [ReachedMutants.Mutant] = mutant.ToString(CultureInfo.InvariantCulture) }, limit);
            return code == 0 ? [] : [new(units[0], code is null ? TestFailure.Timeout : $"exit code {code}")];
        }

        TestRun run = RunSuite(
            units[0].Program,
            FilterOf(units.Select(unit => unit.Name)),
            new() { [ReachedMutants.Mutant] = mutant.ToString(CultureInfo.InvariantCulture) },
            limit,
            stopAtFailure: true);
        if (run.ExitCode == 0)
        {
            return [];
        }

        if (run.ExitCode is null && units.Count > 1)
        {
            // One of them hangs: which?
            return units.Select(unit => Run([unit], mutant)).FirstOrDefault(failures => failures.Count > 0) ?? [];
        }

        TestUnit[] failed = [.. units.Where(unit => run.Failed.Any(failure => failure.Class == unit.Name))];
        return run.ExitCode == Failed && failed.Length > 0
            ? [.. failed.Select(unit => new TestFailure(unit, run.Failed.First(one => one.Class == unit.Name).Test))]
            : [new TestFailure(units[0], run.How, IsCrash: run.ExitCode is not null)];
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static string FilterOf(IEnumerable<string> classes) =>
        string.Join('|', classes.Select(one => $"FullyQualifiedName~{one}."));

    private void BuildSuites()
    {
        foreach (string suite in (string[])[.. Suites.Select(one => one.Name), Differential])
        {
            if (suite != Differential)
            {
                _tree.Write($"tests/{suite}/MutantMarks.cs", MarksText);
            }

            ChildProcess.Run(
                _tree.Folder, "dotnet", "build", $"tests/{suite}", "--configuration", "Release", "--nologo",
                "-p:EnableNUnitRunner=true", "-p:RunAnalyzers=false", "-p:TreatWarningsAsErrors=false",
                $"-p:Spead2NativeLibrary={_nativeLibrary}");
        }
    }

    private void BuildAot()
    {
        ChildProcess.Run(
            _tree.Folder, "dotnet", "publish", "managed/Spead2.Aot", "--runtime", "linux-x64", "-p:AotTargetFramework=net10.0",
            "--artifacts-path", _tree.PathOf("build/aot/net10.0"), "--nologo", "--configuration", "Release",
            "--output", _tree.PathOf("build/aot/lib"), "-p:RunAnalyzers=false", "-p:TreatWarningsAsErrors=false");
        ChildProcess.Run(
            _tree.Folder, "cmake", "--preset", "linux-x64", $"-DSP2_AOT_LIBRARY={_tree.PathOf("build/aot/lib/libspead2aot.so")}",
            "-DSP2_BUILD_BENCHMARKS=OFF");
        ChildProcess.Run(_tree.Folder, "cmake", "--build", "build/linux-x64");
    }

    private TestUnit MeasureDifferential()
    {
        string marks = Path.GetTempFileName();
        ReachedMutants.Create(marks);
        long start = Stopwatch.GetTimestamp();
        int? code = RunDifferential(new() { [ReachedMutants.FileVariable] = marks }, LongestSuite);
        TestUnit unit = new(Differential, Differential, Stopwatch.GetElapsedTime(start), ReachedMutants.Read(marks));
        File.Delete(marks);
        return code == 0
            ? unit with { Stage = 1 }
            : throw new MutantsFailureException($"{Differential} ends with exit code {code} without a mutant.");
    }

    private int? RunDifferential(Dictionary<string, string> environment, TimeSpan limit) => ChildProcess.Start(
        _tree.Folder, _tree.PathOf($"artifacts/bin/{Differential}/release/{Differential}"), DifferentialArguments, environment, limit)
        .ExitCode;

    /// <summary>What each test suite also gets: it notes what the tests of each class have reached.</summary>
    private static readonly string MarksText = $$"""
        // Made by tests/Spead2.Mutants.
        using System.IO.MemoryMappedFiles;
        using NUnit.Framework.Interfaces;

        [assembly: Spead2.MutantMarks]

        namespace Spead2;

        [AttributeUsage(AttributeTargets.Assembly)]
        internal sealed class MutantMarksAttribute : Attribute, ITestAction
        {
            private const int Capacity = {{ReachedMutants.Capacity}};
            private static readonly string? Path = Environment.GetEnvironmentVariable("{{ReachedMutants.FileVariable}}");
            private static readonly MemoryMappedViewAccessor? Marks = Path is null ? null : MemoryMappedFile
                .CreateFromFile(
                    new FileStream(Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite),
                    null, 0, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: false)
                .CreateViewAccessor();
            private static readonly Dictionary<string, byte[]> OfClasses = [];

            public ActionTargets Targets => ActionTargets.Test;

            public void BeforeTest(ITest test)
            {
            }

            public void AfterTest(ITest test)
            {
                if (Marks is null)
                {
                    return;
                }

                byte[] marks = new byte[Capacity];
                Marks.ReadArray(0, marks, 0, Capacity);
                Marks.WriteArray(0, new byte[Capacity], 0, Capacity);
                if (!OfClasses.TryGetValue(test.ClassName!, out byte[]? all))
                {
                    OfClasses[test.ClassName!] = all = new byte[Capacity];
                }

                for (int i = 0; i < Capacity; i++)
                {
                    all[i] |= marks[i];
                }

                File.WriteAllBytes(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Path)!, test.ClassName!), all);
            }
        }

        """;

    private TestRun RunSuite(
        string suite, string filter, Dictionary<string, string> environment, TimeSpan limit, bool stopAtFailure)
    {
        string results = Directory.CreateTempSubdirectory("spead2-mutants-").FullName;
        string[] filtering = filter.Length == 0 ? [] : ["--filter", filter];
        string[] stopping = stopAtFailure ? ["--settings", _stopAtFailure] : [];
        try
        {
            ChildProcess.Result result = ChildProcess.Start(
                _tree.Folder,
                _tree.PathOf($"artifacts/bin/{suite}/release/{suite}"),
                [.. filtering, .. stopping, "--report-trx", "--report-trx-filename", "tests.trx", "--results-directory", results,
                    "--no-progress", "--no-ansi"],
                environment,
                limit);
            string report = Path.Combine(results, "tests.trx");
            return new(result.ExitCode, File.Exists(report) ? XDocument.Load(report) : null);
        }
        finally
        {
            Directory.Delete(results, recursive: true);
        }
    }

    /// <summary>What the report of a run says.</summary>
    private sealed class TestRun
    {
        public TestRun(int? exitCode, XDocument? report)
        {
            ExitCode = exitCode;
            if (report is null)
            {
                return;
            }

            Dictionary<string, string> classes = report.Descendants(Trx + "UnitTest").ToDictionary(
                test => test.Attribute("id")!.Value,
                test => test.Element(Trx + "TestMethod")!.Attribute("className")!.Value);
            foreach (XElement result in report.Descendants(Trx + "UnitTestResult"))
            {
                string type = classes[result.Attribute("testId")!.Value];
                TimeSpan duration = TimeSpan.Parse(result.Attribute("duration")?.Value ?? "0", CultureInfo.InvariantCulture);
                Durations[type] = Durations.GetValueOrDefault(type) + duration;
                if (result.Attribute("outcome")!.Value == "Failed")
                {
                    Failed.Add((type, result.Attribute("testName")!.Value));
                }
            }
        }

        public int? ExitCode { get; }

        public Dictionary<string, TimeSpan> Durations { get; } = [];

        public List<(string Class, string Test)> Failed { get; } = [];

        public string How => ExitCode is null ? TestFailure.Timeout : Failed.Count > 0 ? Failed[0].Test : $"exit code {ExitCode}";
    }
}
