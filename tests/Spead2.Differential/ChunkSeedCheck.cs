// SPDX-License-Identifier: MIT

using Spead2.Differential.Engines;

namespace Spead2.Differential;

/// <summary>Gives engines the traces for chunks of seeds, and looks into those of which the model makes other chunks.</summary>
/// <param name="engines">The engines.</param>
/// <param name="folder">Where traces with a difference are written to.</param>
internal sealed class ChunkSeedCheck(IReadOnlyList<IChunkEngine> engines, string folder) : ISeedCheck
{
    public IEnumerable<Disagreement> Check(ulong seed) =>
        from trace in ChunkTrace.Generate(seed)
        from engine in engines
        let differences = engine.Differences(trace)
        where differences.Count > 0
        select Explain(engine, trace, differences);

    private Disagreement Explain(IChunkEngine engine, ChunkTrace trace, IReadOnlyList<string> seen)
    {
        ChunkTrace shrunk = trace.With(
            Shrinker.Shrink(trace.Original, candidate => engine.Differences(trace.With(candidate)).Count > 0));
        IReadOnlyList<string> differences = engine.Differences(shrunk);
        if (differences.Count == 0)
        {
            differences = [.. seen, "none when it was run once more: what happens depends on timing"];
        }

        Directory.CreateDirectory(folder);
        string kind = trace.IsGroup ? "group" : trace.Original.Feed.ToString();
        string path = Path.Combine(Path.GetFullPath(folder), $"{engine.Name}-chunks-{trace.Seed}-{kind}.trace".ToLowerInvariant());
        File.WriteAllLines(path, [.. differences.Select(difference => $"# {difference.ReplaceLineEndings(" ")}"), .. ChunkTraceFile.Lines(shrunk)]);
        return new(
            engine.Name, trace.Seed, shrunk.Original, trace.Original.Packets.Count, differences, path,
            $"./build.sh differential --chunks --replay {path}");
    }
}
