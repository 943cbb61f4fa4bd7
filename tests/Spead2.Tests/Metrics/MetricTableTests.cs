// SPDX-License-Identifier: MIT

using System.Collections.Immutable;
using System.Reflection;
using Spead2.Metrics;
using Spead2.Receive;
using Spead2.Send;

namespace Spead2.Tests.Metrics;

/// <summary>The instruments are those of docs/metrics.md, and show every statistic.</summary>
public sealed class MetricTableTests
{
    // These are the sums of others.
    private static readonly Statistic[] Sums = [Statistic.Heaps, Statistic.Packets, Statistic.Malformed];

    private static string Root => typeof(MetricTableTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "RepositoryRoot").Value!;

    [Test]
    public void Page_has_the_instruments()
    {
        string[] rows = [.. File.ReadAllLines(Path.Combine(Root, "docs", "metrics.md")).Where(line => line.StartsWith("| `", StringComparison.Ordinal))];

        string[] expected = [.. StreamMeter.ReceiveMetrics.Select(Row), .. StreamMeter.SendMetrics.Select(Row)];
        Assert.That(rows, Is.EqualTo(expected), $"The rows are:\n{string.Join('\n', expected)}");
    }

    [Test]
    public void Every_receive_statistic_is_shown_once()
    {
        string[] unseen = [.. Enum.GetValues<Statistic>().Except(Sums)
            .Where(statistic => CountSeries(statistic, KindOf(statistic)) != 1)
            .Select(statistic => statistic.ToString())];

        Assert.That(unseen, Is.Empty);
    }

    [Test]
    public void Sums_of_labels_are_the_statistics()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Sum("spead2.receive.heaps", (Statistic.Heaps, 10), (Statistic.IncompleteHeapsEvicted, 3)), Is.EqualTo(10));
            Assert.That(Sum("spead2.receive.packets", (Statistic.PacketsAccepted, 5), (Statistic.TooLarge, 2)), Is.EqualTo(7));
        });
    }

    [Test]
    public void Every_send_statistic_is_shown()
    {
        foreach (PropertyInfo property in typeof(SendStatistics).GetProperties().Where(property => property.Name != nameof(SendStatistics.Heaps)))
        {
            SendStatistics statistics = new();
            property.SetValue(statistics, property.PropertyType == typeof(long) ? 3L : TimeSpan.FromTicks(3));
            Assert.That(
                StreamMeter.SendMetrics.SelectMany(metric => metric.Read(statistics)).Select(series => series.Number),
                Has.One.EqualTo(3), property.Name);
        }
    }

    [Test]
    public void Names_end_as_Prometheus_wants()
    {
        string[] names = [.. StreamMeter.ReceiveMetrics.Select(metric => metric.Name), .. StreamMeter.SendMetrics.Select(metric => metric.Name)];
        Assert.That(names, Is.Unique.And.All.Match(@"^spead2\.[a-z_.]+$").And.None.EndsWith("total"));
        Assert.That(
            StreamMeter.ReceiveMetrics.Where(metric => metric.Unit == "By").Select(metric => metric.Name)
                .Concat(StreamMeter.SendMetrics.Where(metric => metric.Unit == "By").Select(metric => metric.Name)),
            Has.All.EndsWith(".bytes"));
    }

    private static string Row<TReading>(StreamMetric<TReading> metric)
    {
        string kind = metric.Kind == MetricKind.Counter ? "counter" : "gauge";
        string unit = metric.Unit.Length == 0 ? "" : $"`{metric.Unit}`";
        string labels = metric.Label is null
            ? ""
            : metric.LabelValues.Count == 0
                ? $"`{metric.Label}`: names"
                : $"`{metric.Label}`: {string.Join(", ", metric.LabelValues.Select(value => $"`{value}`"))}";
        return string.Join(" | ", $"| `{metric.Name}`", unit, kind, labels, $"{metric.Meaning} |").Replace("|  |", "| |", StringComparison.Ordinal);
    }

    private static MetricKind KindOf(Statistic statistic) => statistic switch
    {
        Statistic.MaxBatch or Statistic.MaxHeapBytes or Statistic.MaxHeapsNeeded => MetricKind.Maximum,
        Statistic.HeapsUncertain => MetricKind.Now,
        _ => MetricKind.Counter,
    };

    private static int CountSeries(Statistic statistic, MetricKind kind) => StreamMeter.ReceiveMetrics
        .Where(metric => metric.Kind == kind)
        .SelectMany(metric => metric.Read(Reading((statistic, 3))))
        .Count(series => series.Number == 3);

    private static long Sum(string name, params (Statistic Statistic, long Value)[] values) =>
        StreamMeter.ReceiveMetrics.Single(metric => metric.Name == name).Read(Reading(values)).Sum(series => series.Number);

    private static ReceiveReading Reading(params (Statistic Statistic, long Value)[] values)
    {
        long[] all = new long[Enum.GetValues<Statistic>().Length];
        foreach ((Statistic statistic, long value) in values)
        {
            all[(int)statistic] = value;
        }

        return new(new StreamStatistics(ImmutableArray.Create(all)), [], 0, 0);
    }
}
