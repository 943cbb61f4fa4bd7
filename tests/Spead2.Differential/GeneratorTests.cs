// SPDX-License-Identifier: MIT

using Spead2.Differential.Generation;
using Spead2.Differential.Model;
using Spead2.Receive;

namespace Spead2.Differential;

/// <summary>The traces of the default seeds must reach every rule, or agreement about them would mean little.</summary>
[TestFixture]
public sealed class GeneratorTests
{
    private const int Often = 10;

    // The last seven are those of chunks, which no trace has.
    private static readonly string[] OutOfReach =
    [
        "truncated", "kernel_drop_messages", "heaps_dropped_at_stop", "datagrams_dropped_at_stop", "heaps_mixed",
        "too_old_heaps", "rejected_heaps", "bad_length_heaps", "missing_item_heaps", "bad_timestamp_heaps",
        "out_of_range_heaps", "out_of_bounds_heaps",
    ];

    private static readonly (Trace Trace, Observation Observation)[] Runs =
        [.. Enumerable.Range(1, Seeds.DefaultCount).SelectMany(seed => TraceGenerator.Generate((ulong)seed))
            .Select(trace => (trace, NaiveStream.Run(trace)))];

    private static readonly ObservedHeap[] Heaps = [.. Runs.SelectMany(run => run.Observation.Heaps)];

    private static IEnumerable<string> Counted => Names().Except(OutOfReach);

    private static IEnumerable<TestCaseData> Rules => new (string Name, Func<int> Count)[]
    {
        ("complete heaps", () => Heaps.Count(heap => heap.IsComplete)),
        ("contiguous heaps without length", () => Heaps.Count(heap => heap.IsContiguous && heap.HeapLength < 0)),
        ("contiguous heaps with length", () => Heaps.Count(
            heap => heap is { IsContiguous: true, IsComplete: false, HeapLength: >= 0 })),
        ("incomplete heaps that have all bytes", () => Heaps.Count(
            heap => !heap.IsContiguous && heap.ReceivedLength == heap.HeapLength)),
        ("incomplete heaps with payload", () => Heaps.Count(heap => !heap.IsContiguous && heap.PayloadLength > 0)),
        ("incomplete heaps with several ranges", () => Heaps.Count(heap => heap.Ranges.Count > 1)),
        ("incomplete heaps with an empty range", () => Heaps.Count(
            heap => heap.Ranges.Any(range => range.Length == 0))),
        ("incomplete heaps with items", () => Heaps.Count(heap => !heap.IsContiguous && heap.Items.Count > 0)),
        ("heaps with many items", () => Heaps.Count(heap => heap.Items.Count > 8)),
        ("heaps with equal immediates", () => Heaps.Count(heap =>
            heap.Items.Where(item => item.IsImmediate).GroupBy(item => item.Value).Any(group => group.Count() > 1))),
        ("empty heaps", () => Heaps.Count(heap => heap.IsComplete && heap.HeapLength == 0)),
        ("delivered start heaps", () => Heaps.Count(heap => heap.IsStartOfStream)),
        ("delivered stop heaps", () => Heaps.Count(heap => heap.IsEndOfStream)),
        ("streams stopped by an item", () => Runs.Count(run =>
            run.Trace.Feed == Feed.Datagrams && Count(run, "batches") < run.Trace.Packets.Count)),
        ("stop heaps that are delivered by the flush", () => Runs.Count(run => !run.Trace.Options.IgnoreStopItem
            && run.Observation.Heaps.Any(heap => heap.IsEndOfStream))),
        ("buffers that end in bytes that are no packet", () => Runs.Count(run =>
            run.Trace.Feed == Feed.Buffer && Count(run, "malformed") == 1)),
        ("heaps of one cnt more than once", () => Runs.Count(
            run => run.Observation.Heaps.GroupBy(heap => heap.Cnt).Any(group => group.Count() > 1))),
        ("counts that wrap", () => Runs.Count(run =>
            run.Observation.Heaps.Any(heap => heap.Cnt == 0) && run.Observation.Heaps.Any(heap => heap.Cnt > 200))),
        ("chains of several heaps", () => Runs.Count(run => Count(run, "search_dist")
            > Count(run, "packets") - Count(run, "single_packet_heaps") - Count(run, "rejected_unsized"))),
        ("packets copied by a user-supplied function", () => Runs.Count(run => Count(run, "copied") > 0)),
        ("items of unpointed payload", () => Runs.Count(run => run.Trace.Options.Dialect.HasFlag(DialectFlags.UnpointedItem)
            && run.Observation.Heaps.Any(heap => heap.Items.Any(
                item => item.Id == run.Trace.Options.DialectItem && !item.IsImmediate)))),
        ("flavours", () => Often * Heaps.Select(heap => heap.Flavour.AddressBits).Distinct().Count() / 7),
        ("bug compatibility masks", () => Often * Heaps.Select(heap => heap.Flavour.BugCompat).Distinct().Count() / 8),
        ("values of an item that lack heaps of others", () => Runs.Count(run => CountOfGroup(run) > 0)),
        ("values of an item that are silent for long", () => Runs.Count(run => CountOfGroup(run) > 256)),
    }.Concat(DialectRules).Select(rule => new TestCaseData(rule.Count).SetArgDisplayNames(rule.Name));

    private static IEnumerable<(string Name, Func<int> Count)> DialectRules =>
        from flag in Enum.GetValues<DialectFlags>()
        where flag != DialectFlags.None
        select ($"traces that are others without {flag}", (Func<int>)(() => Runs.Count(run => Differs(run, flag))));

    [TestCaseSource(nameof(Counted))]
    public void Default_seeds_count_under_each_statistic(string statistic)
    {
        int traces = Runs.Count(run => Count(run, statistic) > 0);

        TestContext.Out.WriteLine($"{statistic}: in {traces} of {Runs.Length} traces");
        Assert.That(traces, Is.AtLeast(Often));
    }

    [TestCaseSource(nameof(Rules))]
    public void Default_seeds_often_have(Func<int> count)
    {
        ArgumentNullException.ThrowIfNull(count);
        int found = count();

        TestContext.Out.WriteLine($"{found} times");
        Assert.That(found, Is.AtLeast(Often));
    }

    [Test]
    public void Same_seed_makes_the_same_traces()
    {
        IReadOnlyList<Trace> first = TraceGenerator.Generate(7);
        IReadOnlyList<Trace> second = TraceGenerator.Generate(7);

        Assert.That(second.Select(Text), Is.EqualTo(first.Select(Text)));

        static string Text(Trace trace) =>
            $"{trace.Options} {trace.Feed} {string.Join(' ', trace.Packets.Select(Convert.ToHexString))}";
    }

    private static long Count((Trace Trace, Observation Observation) run, string statistic) =>
        run.Observation.Statistics.GetValueOrDefault(statistic);

    /// <summary>Heaps that are missing because others have them.</summary>
    private static long CountOfGroup((Trace Trace, Observation Observation) run) => run.Trace.Options.SetItem == 0
        ? 0
        : Count(run, "heaps_missing") - NaiveStream.Run(
            run.Trace with { Options = run.Trace.Options with { Accounting = HeapAccounting.BySource } })
            .Statistics.GetValueOrDefault("heaps_missing");

    /// <summary>Whether a trace comes out in another way if its dialect is without a switch that it has.</summary>
    private static bool Differs((Trace Trace, Observation Observation) run, DialectFlags flag)
    {
        TraceOptions options = run.Trace.Options;
        return options.Dialect.HasFlag(flag) && Comparison.Differences(
            run.Observation, NaiveStream.Run(run.Trace with { Options = options with { Dialect = options.Dialect & ~flag } })).Count > 0;
    }

    private static IEnumerable<string> Names()
    {
        using var stream = new ReceiveStream();
        return [.. stream.Statistics.Select(statistic => statistic.Key)];
    }
}
