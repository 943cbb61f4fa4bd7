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
        try
        {
            using IReceiveStream stream = create(trace.Options.ToStreamOptions());
            if (trace.Feed == Feed.Datagrams)
            {
                stream.AddDatagramReader([.. trace.Packets.Select(packet => new ReadOnlyMemory<byte>(packet))]);
            }
            else
            {
                stream.AddBufferReader(trace.Joined);
            }

            while (stream.TryRead(out Heap? heap, Patience))
            {
                using (heap)
                {
                    heaps.Add(ObservedHeap.Of(heap));
                }
            }

            return new(
                heaps,
                stream.Statistics.ToDictionary(),
                stream.IsCompleted ? null : $"neither a heap nor an end for {Patience.TotalSeconds:0} seconds");
        }
        catch (Exception e)
        {
            return new(heaps, new Dictionary<string, long>(), e.ToString());
        }
    }
}
