// SPDX-License-Identifier: MIT

using Spead2.Differential.Engines;
using Spead2.Differential.Generation;
using Spead2.Differential.Model;

namespace Spead2.Differential;

/// <summary>Gives engines the traces of seeds, and looks into those of which the model makes something else.</summary>
/// <param name="engines">The engines.</param>
/// <param name="folder">Where traces with a difference are written to.</param>
internal sealed class SeedCheck(IReadOnlyList<IEngine> engines, string folder) : ISeedCheck
{
    /// <summary>What differs between an engine and the model.</summary>
    public static IReadOnlyList<string> Differences(IEngine engine, Trace trace) =>
        Comparison.Differences(NaiveStream.Run(trace), engine.Run(trace));

    /// <summary>All disagreements about the traces of a seed, shrunk and saved.</summary>
    public IEnumerable<Disagreement> Check(ulong seed)
    {
        foreach (Trace trace in TraceGenerator.Generate(seed))
        {
            Observation expected = NaiveStream.Run(trace);
            foreach (IEngine engine in engines)
            {
                if (Comparison.Differences(expected, engine.Run(trace)).Count > 0)
                {
                    yield return Explain(seed, engine, trace);
                }
            }
        }
    }

    private Disagreement Explain(ulong seed, IEngine engine, Trace trace)
    {
        Trace shrunk = Shrinker.Shrink(trace, candidate => Differences(engine, candidate).Count > 0);
        IReadOnlyList<string> differences = Differences(engine, shrunk);
        if (differences.Count == 0)
        {
            differences = ["none when it was run once more: what happens depends on timing"];
        }

        Directory.CreateDirectory(folder);
        string name = Path.Combine(
            Path.GetFullPath(folder), $"{engine.Name}-{seed}-{shrunk.Feed}".ToLowerInvariant());
        string command = TraceFile.WriteForCommand($"{name}.packets", shrunk);
        TraceFile.Write($"{name}.trace", shrunk, [$"{engine.Name}, seed {seed}", .. differences, command]);
        return new(engine.Name, seed, shrunk, trace.Packets.Count, differences, $"{name}.trace", command);
    }
}
