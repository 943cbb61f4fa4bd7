// SPDX-License-Identifier: MIT

using Spead2.Differential.Engines;

namespace Spead2.Differential;

/// <summary>Each engine against the model, with seeded traces and with traces that once told them apart.</summary>
[TestFixture]
public sealed class DifferentialTests
{
    // What is missing is skipped where it can be seen.
    private static IEnumerable<TestCaseData> Engines =>
    [
        .. EngineList.All.Select(engine => new TestCaseData(engine.Name).SetArgDisplayNames(engine.Name)),
        .. EngineList.Missing.Select(
            engine => new TestCaseData(engine.Key).SetArgDisplayNames(engine.Key).Ignore(engine.Value)),
    ];

    private static IEnumerable<TestCaseData> Traces =>
        from engine in EngineList.All
        from path in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Traces"), "*.trace")
        let name = Path.GetFileNameWithoutExtension(path)
        orderby name
        select new TestCaseData(engine.Name, path).SetArgDisplayNames(engine.Name, name);

    [TestCaseSource(nameof(Engines))]
    public void Engine_agrees_with_the_model_on_seeded_traces(string engine)
    {
        var check = new SeedCheck(
            EngineList.Named([engine]), Path.Combine(TestContext.CurrentContext.WorkDirectory, "differential"));
        var run = new SeedRun(check, Seeds.First, Seeds.DefaultCount);
        TestContext.Out.WriteLine($"{Seeds.Variable}={run.First}, {run.Count} seeds");

        run.Run(_ => { });

        Assert.That(run.Disagreements, Is.Empty, string.Join(Environment.NewLine, run.Disagreements));
    }

    [TestCaseSource(nameof(Traces))]
    public void Engine_agrees_with_the_model_on_a_trace_that_once_told_them_apart(string engine, string path) =>
        Assert.That(SeedCheck.Differences(EngineList.Named([engine])[0], TraceFile.Read(path)), Is.Empty);
}
