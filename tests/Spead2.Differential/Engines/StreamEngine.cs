// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using Spead2.Receive;

namespace Spead2.Differential.Engines;

/// <summary>An engine behind <see cref="IReceiveStream"/>.</summary>
internal sealed class StreamEngine(string name, Func<ReceiveStreamOptions, IReceiveStream> create) : IEngine
{
    // Far more than any trace takes; a stream that neither delivers nor ends for so long has come to a standstill.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public string Name => name;

    [SuppressMessage("Design", "CA1031", Justification = "Whatever an engine throws is a finding.")]
    public Observation Run(Trace trace)
    {
        List<ObservedHeap> heaps = [];
        using var allocator = new ScarceAllocator(trace.Options.LargestBlock);
        try
        {
            Observation observation;
            using (IReceiveStream stream = create(trace.Options.ToStreamOptions()))
            {
                SetUp(stream, trace.Options, allocator);
                Feed(stream, trace);
                Drain(stream, heaps);
                observation = new(
                    heaps,
                    stream.Statistics.ToDictionary(),
                    stream.IsCompleted ? null : $"neither a heap nor an end for {Patience.TotalSeconds:0} seconds");
            }

            return SpinWait.SpinUntil(() => allocator.Blocks == 0, Patience)
                ? observation
                : observation with { Failure = $"{allocator.Blocks} blocks of memory were not released" };
        }
        catch (Exception e)
        {
            return new(heaps, new Dictionary<string, long>(), e.ToString());
        }
    }

    private static void SetUp(IReceiveStream stream, TraceOptions options, ScarceAllocator allocator)
    {
        if (options.CopyMethod != CopyMethod.Default)
        {
            stream.CopyMethod = options.CopyMethod;
        }

        if (options.CountingCopier)
        {
            stream.PacketCopier = CountingCopier.Copy;
        }

        if (options.LargestBlock > 0)
        {
            stream.MemoryAllocator = allocator;
        }
    }

    /// <summary>Adds the packets of a trace, and starts the stream if it waits for that.</summary>
    public static void Feed(IReceiveStream stream, Trace trace)
    {
        Dialect? dialect = trace.Options.ToDialect();
        stream.Add(trace.Feed == Differential.Feed.Datagrams
            ? new DatagramSourceOptions
            {
                Datagrams = [.. trace.Packets.Select(packet => new ReadOnlyMemory<byte>(packet))],
                Dialect = dialect,
            }
            : new BufferSourceOptions { Packets = trace.Joined, Dialect = dialect });

        if (trace.Options.ExplicitStart)
        {
            stream.Start();
        }
    }

    private static void Drain(IReceiveStream stream, List<ObservedHeap> heaps)
    {
        while (stream.TryRead(out Heap? heap, Patience))
        {
            using (heap)
            {
                heaps.Add(ObservedHeap.Of(heap));
            }
        }
    }
}
