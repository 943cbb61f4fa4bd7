// SPDX-License-Identifier: MIT

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Spead2.Mutants.Running;

namespace Spead2.Mutants.Languages;

/// <summary>C tests as CTest knows them; each is a unit.</summary>
internal sealed class CTests
{
    private const int Skipped = 77;
    private const int TimesAsLong = 10;
    private const int SanitizedTimesAsLong = 5;

    private static readonly TimeSpan ShortestLimit = TimeSpan.FromSeconds(20);

    private readonly Dictionary<string, Test> _tests = [];
    private readonly ConcurrentDictionary<string, Lock> _locks = new();

    /// <summary>Adds the tests of a build.</summary>
    /// <param name="build">The folder.</param>
    /// <param name="stage">See <see cref="TestUnit"/>.</param>
    /// <param name="suffix">What is added to their names.</param>
    /// <param name="label">Only those of this label.</param>
    public void Add(string build, int stage, string suffix = "", string? label = null)
    {
        string[] labels = label is null ? [] : ["--label-regex", $"^{label}$"];
        using JsonDocument document =
            JsonDocument.Parse(ChildProcess.Run(build, "ctest", ["--show-only=json-v1", .. labels]));
        foreach (JsonElement entry in document.RootElement.GetProperty("tests").EnumerateArray())
        {
            string[] command = [.. entry.GetProperty("command").EnumerateArray().Select(one => one.GetString()!)];

            // Those that are not built here only print that.
            if (!command[0].EndsWith("/cmake", StringComparison.Ordinal))
            {
                Test test = new(entry.GetProperty("name").GetString()!, suffix, command, stage);
                foreach (JsonElement property in entry.GetProperty("properties").EnumerateArray())
                {
                    test = test.With(property.GetProperty("name").GetString()!, property.GetProperty("value"));
                }

                _tests[test.Name] = test;
            }
        }
    }

    /// <summary>Whether a unit is one of these.</summary>
    public bool Has(TestUnit unit) => _tests.ContainsKey(unit.Name);

    /// <summary>Runs every test without a mutant. Those that fail are left out, and named.</summary>
    public IReadOnlyList<TestUnit> Measure(Action<string> tell)
    {
        ConcurrentBag<TestUnit> units = [];
        Parallel.ForEach(_tests.Values.Where(test => test.Stage == 0), Campaign.Workers, test =>
        {
            string marks = Path.GetTempFileName();
            ReachedMutants.Create(marks);
            long start = Stopwatch.GetTimestamp();
            string? failure = Run(test, ShortestLimit * TimesAsLong, new() { [ReachedMutants.FileVariable] = marks });
            if (failure is null)
            {
                units.Add(new(test.Name, test.Program, Stopwatch.GetElapsedTime(start), ReachedMutants.Read(marks), test.Stage));
            }
            else
            {
                tell($"left out, as it fails without a mutant: {test.Name} ({failure})");
            }

            File.Delete(marks);
        });

        // With a sanitizer a test comes to the same places.
        var measured = units.ToDictionary(unit => unit.Name);
        return
        [
            .. units,
            .. _tests.Values.Where(test => test.Stage > 0 && measured.ContainsKey(test.PlainName)).Select(test => new TestUnit(
                test.Name, test.Program, measured[test.PlainName].Duration * SanitizedTimesAsLong, measured[test.PlainName].Reached,
                test.Stage, IsMeasured: false)),
        ];
    }

    /// <summary>Runs tests with a mutant; gives those that failed.</summary>
    public IReadOnlyList<TestFailure> Run(IReadOnlyList<TestUnit> units, int mutant)
    {
        List<TestFailure> failures = [];
        foreach (TestUnit unit in units)
        {
            TimeSpan limit = unit.Duration * TimesAsLong;
            string? failure = Run(
                _tests[unit.Name],
                limit < ShortestLimit ? ShortestLimit : limit,
                new() { [ReachedMutants.Mutant] = mutant.ToString(CultureInfo.InvariantCulture) });
            if (failure is not null)
            {
                failures.Add(new(unit, failure));
            }
        }

        return failures;
    }

    /// <summary>Why a test fails; null if it passes.</summary>
    private string? Run(Test test, TimeSpan limit, Dictionary<string, string> environment)
    {
        foreach ((string name, string value) in test.Environment)
        {
            environment[name] = value;
        }

        // Tests that use something that there is once only.
        using Lock.Scope scope = _locks.GetOrAdd(test.Resource ?? test.Name, _ => new()).EnterScope();
        ChildProcess.Result result =
            ChildProcess.Start(test.Folder, test.Command[0], test.Command[1..], environment, limit);
        return result.ExitCode switch
        {
            0 or Skipped => null,
            null => TestFailure.Timeout,
            1 => "failed",
            var code => $"exit code {code}",
        };
    }

    private sealed record Test(string PlainName, string Suffix, string[] Command, int Stage)
    {
        public string Name => PlainName + Suffix;

        public string Program => Name.Split('.')[0];

        public string Folder { get; private init; } = "";

        public string? Resource { get; private init; }

        public IReadOnlyDictionary<string, string> Environment { get; private init; } = new Dictionary<string, string>();

        public Test With(string property, JsonElement value) => property switch
        {
            "WORKING_DIRECTORY" => this with { Folder = value.GetString()! },
            "RESOURCE_LOCK" => this with { Resource = value[0].GetString() },
            "ENVIRONMENT" => this with
            {
                Environment = value.EnumerateArray().Select(one => one.GetString()!.Split('=', 2))
                    .ToDictionary(pair => pair[0], pair => pair[1]),
            },
            _ => this,
        };
    }
}
