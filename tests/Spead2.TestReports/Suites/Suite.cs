// SPDX-License-Identifier: MIT

namespace Spead2.TestReports.Suites;

/// <summary>The tests of a suite that has run.</summary>
internal sealed class Suite
{
    private Suite(SuiteRun run, IEnumerable<TestResult> tests)
    {
        Name = run.Name;
        Reports = run.Reports;
        Seconds = run.Seconds;
        Tests =
        [
            .. tests,

            // A suite in which nothing ran, or whose runner failed although no test did, counts as one failure.
            .. Failure(run, [.. tests]) is TestResult failure ? [failure] : Array.Empty<TestResult>(),
        ];
    }

    /// <summary>What the table calls it.</summary>
    public string Name { get; }

    /// <summary>How often sanitizers have reported something; null: there were none.</summary>
    public int? Reports { get; }

    /// <summary>How long it took.</summary>
    public double Seconds { get; }

    /// <summary>Its tests, in the order of their file.</summary>
    public IReadOnlyList<TestResult> Tests { get; }

    /// <summary>Whether nothing failed and nothing was reported.</summary>
    public bool Holds => Count(Outcome.Failed) == 0 && Reports is null or 0;

    /// <summary>Reads the results of a run.</summary>
    public static Suite Read(SuiteRun run) => new(run, Path.GetExtension(run.Results) switch
    {
        ".xml" => ResultFiles.OfCTest(run.Results),
        ".trx" => ResultFiles.OfTrx(run.Results),
        _ =>
        [
            run.ExitCode == 0
                ? new(run.Results, Outcome.Passed, "")
                : new(run.Results, Outcome.Failed, $"exit code {run.ExitCode}"),
        ],
    });

    /// <summary>How many tests there are with this outcome.</summary>
    public int Count(Outcome outcome) => Tests.Count(test => test.Outcome == outcome);

    private static TestResult? Failure(SuiteRun run, TestResult[] tests) =>
        run.ExitCode != 0 && tests.All(test => test.Outcome != Outcome.Failed)
            ? new("the runner", Outcome.Failed, $"ended with exit code {run.ExitCode}")
        : tests.All(test => test.Outcome == Outcome.Skipped) ? new("the suite", Outcome.Failed, "no test ran")
        : null;
}
