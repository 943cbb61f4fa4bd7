// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Chunks;
using Spead2.Differential.Model;
using Spead2.Receive;

namespace Spead2.Differential.Engines;

/// <summary>An engine with a <see cref="ChunkGroupBase"/>.</summary>
internal sealed class ChunkEngine(
    string name, Func<ChunkGroupOptions, ChunkGroupBase> create, Func<InProcessQueueBase> createQueue) : IChunkEngine
{
    // How often a stream pauses depends on how fast chunks are returned.
    private const string NotTheModels = "worker_blocked";

    // Far more than any trace takes.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    // One for all streams: threads cost more than most traces. As many as there are members, which must not wait for each other.
    private static readonly Lazy<IoThreadPool> Pool = new(() => new IoThreadPool(4));

    public string Name => name;

    [SuppressMessage("Design", "CA1031", Justification = "Whatever an engine throws is a finding.")]
    public IReadOnlyList<string> Differences(ChunkTrace trace)
    {
        ChunkObservation expected = NaiveStream.RunChunks(trace);
        try
        {
            return [.. Compare(trace, expected, Run(trace))];
        }
        catch (Exception e)
        {
            return [$"failure: {e}"];
        }
    }

    private static IEnumerable<string> Compare(ChunkTrace trace, ChunkObservation expected, ChunkObservation observed)
    {
        (ObservedChunk[] should, ObservedChunk[] chunks) = ([.. expected.Chunks], [.. observed.Chunks]);
        if (trace.IsLossless)
        {
            // Which chunks there are that no heap is in depends on which stream goes on first.
            (should, chunks) = (WithoutEmpty(should), WithoutEmpty(chunks));
        }

        for (int i = 0; i < Math.Max(should.Length, chunks.Length); i++)
        {
            ObservedChunk? model = should.ElementAtOrDefault(i);
            ObservedChunk? engine = chunks.ElementAtOrDefault(i);
            if (model != engine)
            {
                yield return $"chunk #{i}: the model has {model?.ToString() ?? "none"}, the engine {engine?.ToString() ?? "none"}";
            }
        }

        for (int i = 1; i < observed.Chunks.Count; i++)
        {
            ObservedChunk chunk = observed.Chunks[i];
            if (chunk.Id - observed.Chunks[i - 1].Id - 1 != chunk.IdsSkipped)
            {
                yield return $"chunk {chunk.Id} comes after {observed.Chunks[i - 1].Id}, and says that {chunk.IdsSkipped} were skipped";
            }
        }

        for (int member = 0; member < trace.Members; member++)
        {
            foreach ((string statistic, long value) in observed.Statistics[member].Where(pair => pair.Key != NotTheModels))
            {
                long model = expected.Statistics[member].GetValueOrDefault(statistic);
                if (value != model)
                {
                    yield return $"stream {member}, {statistic}: the model has {model}, the engine {value}";
                }
            }
        }
    }

    private static ObservedChunk[] WithoutEmpty(IEnumerable<ObservedChunk> chunks) =>
        [.. chunks.Where(chunk => !chunk.IsEmpty).Select(chunk => chunk with { IdsSkipped = 0 })];

    private ChunkObservation Run(ChunkTrace trace)
    {
        using ChunkGroupBase group = create(trace.Group);
        ReceiveStreamBase[] streams =
        [
            .. Enumerable.Range(0, trace.Members).Select(member => group.AddStream(
                trace.Member(member), trace.Original.Options.ToStreamOptions(), NullLogger.Instance, Pool.Value)),
        ];
        Task<List<ObservedChunk>> consumer = Task.Factory.StartNew(
            () => TakeAll(group), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        if (trace.IsGroup)
        {
            FeedOneByOne(trace, streams);
        }
        else
        {
            StreamEngine.Feed(streams[0], trace.Original);
        }

        List<ObservedChunk> chunks = consumer.GetAwaiter().GetResult();
        if (!group.IsCompleted)
        {
            throw new TimeoutException($"neither a chunk nor an end for {Patience.TotalSeconds:0} seconds");
        }

        return new(chunks, [.. streams.Select(stream => stream.Statistics.ToDictionary())]);
    }

    /// <summary>
    /// Each packet goes to its stream when the one before has been used: then the order is that of the trace. What waits for
    /// another stream of a lossless group goes on by itself.
    /// </summary>
    private void FeedOneByOne(ChunkTrace trace, ReceiveStreamBase[] streams)
    {
        InProcessQueueBase[] queues = [.. streams.Select(_ => createQueue())];
        long[] posted = new long[streams.Length];
        int[] left = [.. streams.Select((_, member) => trace.Posts.Count(post => post.Member == member))];
        for (int member = 0; member < streams.Length; member++)
        {
            streams[member].Add(new InProcessSourceOptions(queues[member]) { Dialect = trace.Original.Options.ToDialect() });
            if (trace.Original.Options.ExplicitStart)
            {
                streams[member].Start();
            }

            EndIfDone(member);
        }

        foreach ((int member, byte[] packet) in trace.Posts)
        {
            StreamStatistics before = streams[member].Statistics;
            bool isBehind = trace.IsLossless && before.Batches < posted[member];
            posted[member]++;
            if (TryPost(queues[member], packet) && !isBehind)
            {
                WaitUntil(() => IsUsed(streams[member], posted[member])
                    || (trace.IsLossless && streams[member].Statistics.WorkerBlocked > before.WorkerBlocked));
            }

            left[member]--;
            EndIfDone(member);
        }

        foreach (InProcessQueueBase queue in queues)
        {
            queue.Stop();
            queue.Dispose();
        }

        void EndIfDone(int member)
        {
            if (trace.EndsEarly && left[member] == 0)
            {
                queues[member].Stop();
            }
        }
    }

    /// <summary>False: a stop item has ended the stream, and that has stopped its queue.</summary>
    private static bool TryPost(InProcessQueueBase queue, byte[] packet)
    {
        try
        {
            return queue.TryAddPacket(packet);
        }
        catch (Spead2Exception e) when (e.Status == Spead2Status.Stopped)
        {
            return false;
        }
    }

    private static bool IsUsed(ReceiveStreamBase stream, long packets) => stream.Statistics.Batches == packets || stream.IsCompleted;

    private static void WaitUntil(Func<bool> condition)
    {
        if (!SpinWait.SpinUntil(condition, Patience))
        {
            throw new TimeoutException($"a packet was not used for {Patience.TotalSeconds:0} seconds");
        }
    }

    private static List<ObservedChunk> TakeAll(ChunkGroupBase group)
    {
        List<ObservedChunk> chunks = [];
        while (group.TryRead(out Chunk? chunk, Patience))
        {
            chunks.Add(Take(chunk));
        }

        return chunks;
    }

    /// <summary>Copies a chunk, and leaves zeros in it for the next identifier.</summary>
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
