// SPDX-License-Identifier: MIT

using System.Text.Json;
using Spead2.Differential.Engines;

namespace Spead2.Differential;

/// <summary>What comes of seeds, for programs: an object per disagreement as it is found, and one at the end.</summary>
internal sealed class JsonSeedReport(TextWriter output)
{
    /// <summary>Runs and shows.</summary>
    public void Show(SeedRun run, IReadOnlyList<string> engines)
    {
        run.Run(found => Array.ForEach([.. found], Write));
        Write(new
        {
            first_seed = run.First,
            seeds = run.Done,
            engines,
            missing = EngineList.Missing.Keys,
            disagreements = run.Disagreements.Count,
            seconds = Math.Round(run.Time.TotalSeconds, 1),
        });
    }

    private void Write(Disagreement disagreement) => Write(new
    {
        engine = disagreement.Engine,
        seed = disagreement.Seed,
        feed = disagreement.Shrunk.Feed.ToString().ToLowerInvariant(),
        packets = disagreement.Shrunk.Packets.Count,
        original_packets = disagreement.OriginalPackets,
        options = disagreement.Shrunk.Options.ToString(),
        differences = disagreement.Differences,
        trace = disagreement.Path,
        command = disagreement.Command,
    });

    private void Write(object line) => output.WriteLine(JsonSerializer.Serialize(line));
}
