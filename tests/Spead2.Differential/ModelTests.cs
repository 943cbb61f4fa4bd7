// SPDX-License-Identifier: MIT

using Spead2.Differential.Model;
using Spead2.Receive;
using Spead2.Testing.Vectors;

namespace Spead2.Differential;

/// <summary>The model is judged by the test vectors, which were made by hand.</summary>
[TestFixture]
public sealed class ModelTests
{
    [TestCaseSource(typeof(Vector), nameof(Vector.All))]
    public void Model_says_what_the_vector_says(Vector vector)
    {
        ArgumentNullException.ThrowIfNull(vector);
        TraceOptions options = TraceOptions.Parse(vector.Options.Select(
            option => option.Value is int value ? $"{option.Key}={value}" : option.Key));
        Dialect? dialect = vector.Dialect is null ? null : Dialect.Find(vector.Dialect);
        var trace = new Trace(
            options with { InOrder = vector.InOrder, Dialect = dialect?.Flags ?? DialectFlags.None },
            vector.FeedsBuffer ? Feed.Buffer : Feed.Datagrams,
            vector.Packets);

        Observation observation = NaiveStream.Run(trace);

        Assert.That(observation.Heaps.Select(Described), Is.EqualTo(vector.Heaps.Select(Described)));
        for (int i = 0; i < vector.Heaps.Count; i++)
        {
            IReadOnlyList<byte?> expected = vector.Heaps[i].Payload;
            Assert.That(
                observation.Heaps[i].Payload.Select(
                    (value, at) => expected.ElementAtOrDefault(at) is null ? null : (byte?)value),
                Is.EqualTo(expected));
        }

        var statistics = observation.Statistics.ToDictionary();
        statistics.Remove("worker_blocked");
        foreach (string name in vector.Statistics.Keys)
        {
            statistics.TryAdd(name, 0);
        }

        vector.AssertStatistics(statistics);
    }

    private static string Described(ObservedHeap heap) => Described(
        (long)heap.Cnt,
        heap.Flavour.AddressBits,
        heap.IsComplete ? "complete" : heap.IsContiguous ? "contiguous" : "incomplete",
        heap.HeapLength,
        heap.ReceivedLength,
        heap.IsStartOfStream,
        heap.IsEndOfStream,
        heap.Ranges,
        heap.Items.Select(
            item => new ExpectedItem(item.Id, item.IsImmediate, (long)item.Value, item.Bytes.Length / 2)));

    private static string Described(ExpectedHeap heap) => Described(
        heap.Cnt,
        heap.AddressBits,
        heap.State,
        heap.HeapLength,
        heap.ReceivedLength,
        heap.IsStartOfStream,
        heap.IsEndOfStream,
        heap.Ranges,
        heap.Items);

    private static string Described(
        long cnt,
        int addressBits,
        string state,
        long heapLength,
        long receivedLength,
        bool isStart,
        bool isEnd,
        IEnumerable<PayloadRange> ranges,
        IEnumerable<ExpectedItem> items) =>
        $"{cnt} {addressBits} {state} {heapLength} {receivedLength} {isStart} {isEnd} "
        + $"{string.Join(' ', ranges)} {string.Join(' ', items)}";
}
