// SPDX-License-Identifier: MIT

using System.Collections.Concurrent;
using System.Diagnostics;
using Spead2.Mutants.Sources;

namespace Spead2.Mutants.Running;

/// <summary>Runs the tests that reach each mutant, the likeliest to fail first, until one fails.</summary>
internal sealed class Campaign(ITestBench bench, Action<string> tell)
{
    private const int NoMutant = 0;

    // What a test costs beside its own time.
    private static readonly TimeSpan StartOfTests = TimeSpan.FromMilliseconds(500);

    // How many mutants a unit has noticed: in a file, and, with an empty name, in all.
    private readonly ConcurrentDictionary<(string File, string Unit), int> _kills = new();
    private IReadOnlyList<TestUnit> _units = [];

    /// <summary>As many mutants are tried at the same time as there are processors.</summary>
    public static ParallelOptions Workers { get; } = new() { MaxDegreeOfParallelism = Environment.ProcessorCount };

    /// <summary>Draws mutants, builds, and tries each of them.</summary>
    /// <param name="sampler">Draws them.</param>
    /// <param name="count">How many.</param>
    /// <param name="earlier">Results of an earlier run, of which those killed need not be tried again.</param>
    /// <param name="done">Is told of each result.</param>
    public IReadOnlyList<MutantResult> Run(
        Sampler sampler, int count, IReadOnlyList<MutantResult> earlier, Action<MutantResult> done)
    {
        tell($"{sampler.Candidates} changes in {sampler.Lines} lines of {bench.Files.Count} files; building {count} of them");
        bench.Build(sampler, count);
        tell("running all tests without a mutant");
        _units = bench.Measure(tell);
        tell($"{_units.Count} units of tests, {_units.Sum(unit => unit.Duration.TotalSeconds):F0} s");
        var known = earlier.Where(one => one.IsKilled && one.How != TestFailure.Timeout).ToLookup(one => one.Identity);
        ConcurrentBag<MutantResult> results = [];
        Parallel.ForEach(
            Partitioner.Create(sampler.Drawn, EnumerablePartitionerOptions.NoBuffering), Workers, mutation =>
            {
                MutantResult result = Describe(mutation);
                result = known[result.Identity].FirstOrDefault() is { } before
                    ? before with { Number = mutation.Number }
                    : Try(mutation, result);
                results.Add(result);
                done(result);
            });
        return [.. results.OrderBy(one => one.File, StringComparer.Ordinal).ThenBy(one => one.Line).ThenBy(one => one.Number)];
    }

    private MutantResult Describe(Mutation mutation)
    {
        string[] lines = bench.Files.Single(file => file.Path == mutation.File).Text.Split('\n');
        return new(
            mutation.Number, mutation.File, mutation.Line, mutation.Operator, mutation.Was, mutation.Becomes,
            lines[mutation.Line - 1].Trim(), "", "", 0, 0);
    }

    private MutantResult Try(Mutation mutation, MutantResult result)
    {
        long start = Stopwatch.GetTimestamp();
        TestUnit[] reaching = [.. InOrder(mutation)];
        foreach (IReadOnlyList<TestUnit> portion in bench.Portions(reaching))
        {
            foreach (TestFailure failure in bench.Run(portion, mutation.Number))
            {
                if (IsCertain(failure, mutation))
                {
                    _kills.AddOrUpdate((mutation.File, failure.Unit.Name), 1, (_, kills) => kills + 1);
                    _kills.AddOrUpdate(("", failure.Unit.Name), 1, (_, kills) => kills + 1);
                    return Finish(result with { KilledBy = failure.Unit.Name, How = failure.How });
                }
            }
        }

        return Finish(result with { How = reaching.Length == 0 ? "no test comes to it" : "every test passes" });

        MutantResult Finish(MutantResult one) => one with
        {
            Reached = reaching.Length,
            Seconds = Math.Round(Stopwatch.GetElapsedTime(start).TotalSeconds, 1),
        };
    }

    /// <summary>
    /// What fails once only is not the mutant's doing; and that something takes too long may be the machine's, if it also
    /// does without the mutant.
    /// </summary>
    private bool IsCertain(TestFailure failure, Mutation mutation) =>
        failure.IsCrash ||
        (((failure.Unit.IsMeasured && !failure.IsTimeout) || bench.Run([failure.Unit], NoMutant).Count == 0) &&
        bench.Run([failure.Unit], mutation.Number).Count > 0);

    private IEnumerable<TestUnit> InOrder(Mutation mutation)
    {
        string stem = Plain(Path.GetFileNameWithoutExtension(mutation.File));
        return _units
            .Where(unit => unit.Reached.Contains(mutation.Number))
            .OrderBy(unit => unit.Stage)
            .ThenByDescending(unit => _kills.GetValueOrDefault((mutation.File, unit.Name)))
            .ThenByDescending(unit => Plain(unit.Name).Contains(stem, StringComparison.Ordinal))
            .ThenByDescending(unit => _kills.GetValueOrDefault(("", unit.Name)))
            .ThenByDescending(unit => unit.Reached.Count / (unit.Duration + StartOfTests).TotalSeconds);
    }

    private static string Plain(string name) =>
        string.Concat(name.Where(char.IsLetterOrDigit)).ToUpperInvariant();
}
