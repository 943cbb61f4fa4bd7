// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Chunks;
using Spead2.Differential.Generation;
using Spead2.Differential.Model;
using Spead2.Managed;

namespace Spead2.Differential;

/// <summary>Chunks of both engines against the model, with seeded traces.</summary>
[TestFixture]
public sealed class ChunkDifferentialTests
{
    // How often a stream pauses depends on how fast chunks are returned.
    private const string NotTheModels = "worker_blocked";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [TestCase("core")]
    [TestCase("managed")]
    public void Chunks_agree_with_the_model_on_seeded_traces(string engine)
    {
        TestContext.Out.WriteLine($"{Seeds.Variable}={Seeds.First}, {Seeds.DefaultCount} seeds");
        using IoThreadPool pool = new();
        List<string> differences = [];
        for (ulong seed = Seeds.First; seed < Seeds.First + (ulong)Seeds.DefaultCount && differences.Count < 10; seed++)
        {
            foreach (Trace trace in TraceGenerator.Generate(seed))
            {
                ChunkTrace chunks = new(seed, trace);
                (List<ObservedChunk> expected, IReadOnlyDictionary<string, long> statistics) = NaiveStream.RunChunks(chunks);
                using ChunkStreamBase stream = engine == "core"
                    ? new ChunkStream(
                        chunks.Group, chunks.Member, chunks.Original.Options.ToStreamOptions(), NullLogger.Instance, pool)
                    : new ManagedChunkStream(
                        chunks.Group, chunks.Member, chunks.Original.Options.ToStreamOptions(), NullLogger.Instance, pool);
                differences.AddRange(
                    Differences(stream, chunks.Original, expected, statistics).Select(text => $"seed {seed}, {trace.Feed}: {text}"));
            }
        }

        Assert.That(differences, Is.Empty, string.Join(Environment.NewLine, differences));
    }

    private static IEnumerable<string> Differences(
        ChunkStreamBase stream, Trace trace, List<ObservedChunk> expected, IReadOnlyDictionary<string, long> statistics)
    {
        Engines.StreamEngine.Feed(stream.Stream, trace);
        int number = 0;
        while (stream.TryRead(out Chunk? chunk, Patience))
        {
            ObservedChunk observed = Take(chunk);
            if (number >= expected.Count || observed != expected[number])
            {
                yield return $"chunk #{number}: the model has {expected.ElementAtOrDefault(number)}, the engine {observed}";
            }

            number++;
        }

        if (!stream.IsCompleted || number != expected.Count)
        {
            yield return $"the model has {expected.Count} chunks, the engine {number}, {(stream.IsCompleted ? "" : "not ")}at its end";
        }

        foreach ((string name, long value) in stream.Statistics.Where(pair => pair.Key != NotTheModels))
        {
            if (value != statistics.GetValueOrDefault(name))
            {
                yield return $"{name}: the model has {statistics.GetValueOrDefault(name)}, the engine {value}";
            }
        }
    }

    /// <summary>Copies a chunk, and leaves zeros in it for its next use.</summary>
    private static ObservedChunk Take(Chunk chunk)
    {
        using (chunk)
        {
            ObservedChunk observed = new(
                chunk.Id, chunk.IdsSkipped, Convert.ToHexStringLower(chunk.Present), Convert.ToHexStringLower(chunk.Extra),
                Convert.ToHexStringLower(chunk.Data));
            chunk.Data.Clear();
            chunk.Extra.Clear();
            return observed;
        }
    }
}
