// SPDX-License-Identifier: MIT

using Spead2.Differential.Engines;
using Spead2.Differential.Model;

namespace Spead2.Differential;

/// <summary>Chunks of each engine against the model, with seeded traces for one stream and for groups.</summary>
[TestFixture]
public sealed class ChunkDifferentialTests
{
    private const int Often = 10;

    private static readonly (ChunkTrace Trace, ChunkObservation Observation)[] Runs =
    [
        .. Enumerable.Range(1, Seeds.DefaultCount).SelectMany(seed => ChunkTrace.Generate((ulong)seed))
            .Select(trace => (trace, NaiveStream.RunChunks(trace))),
    ];

    // What is missing is skipped where it can be seen.
    private static IEnumerable<TestCaseData> Engines =>
    [
        .. ChunkEngineList.All.Select(engine => new TestCaseData(engine.Name)),
        .. EngineList.Missing.Select(engine => new TestCaseData(engine.Key).Ignore(engine.Value)),
    ];

    private static IEnumerable<string> Counted =>
    [
        "too_old_heaps", "rejected_heaps", "bad_length_heaps", "missing_item_heaps", "bad_timestamp_heaps", "out_of_range_heaps",
        "out_of_bounds_heaps",
    ];

    [TestCaseSource(nameof(Engines))]
    public void Chunks_agree_with_the_model_on_seeded_traces(string engine)
    {
        ChunkSeedCheck check = new(
            ChunkEngineList.Named([engine]), Path.Combine(TestContext.CurrentContext.WorkDirectory, "differential"));
        SeedRun run = new(check, Seeds.First, Seeds.DefaultCount);
        TestContext.Out.WriteLine($"{Seeds.Variable}={run.First}, {run.Count} seeds");

        run.Run(_ => { });

        Assert.That(run.Disagreements, Is.Empty, string.Join(Environment.NewLine, run.Disagreements));
    }

    [TestCaseSource(nameof(Counted))]
    public void Default_seeds_count_under_each_statistic(string statistic)
    {
        int traces = Runs.Count(run => run.Observation.Statistics.Any(stream => stream.GetValueOrDefault(statistic) > 0));

        TestContext.Out.WriteLine($"{statistic}: in {traces} of {Runs.Length} traces");
        Assert.That(traces, Is.AtLeast(Often));
    }

    [Test]
    public void Default_seeds_have_groups_whose_streams_share_chunks([Values] bool isLossless)
    {
        int groups = Runs.Count(run => run.Trace.IsLossless == isLossless && run.Trace.Members > 1
            && run.Observation.Chunks.Count(chunk => !chunk.IsEmpty) > 1
            && run.Observation.Statistics.Count(stream => stream.GetValueOrDefault("heaps") > 1) > 1);

        TestContext.Out.WriteLine($"{groups} groups");
        Assert.That(groups, Is.AtLeast(Often));
    }

    [Test]
    public void Saved_trace_is_read_as_it_was([Range(1, 5)] int seed)
    {
        foreach (ChunkTrace trace in ChunkTrace.Generate((ulong)seed))
        {
            string[] lines = [.. ChunkTraceFile.Lines(trace)];
            ChunkTrace read = ChunkTraceFile.Parse(lines);

            Assert.That(ChunkTraceFile.Lines(read), Is.EqualTo(lines));
            Assert.That(NaiveStream.RunChunks(read).Chunks, Is.EqualTo(NaiveStream.RunChunks(trace).Chunks));
        }
    }
}
