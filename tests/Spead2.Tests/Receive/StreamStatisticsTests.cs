// SPDX-License-Identifier: MIT

using System.Reflection;
using System.Text.Json;
using Spead2.Receive;

namespace Spead2.Tests.Receive;

public sealed class StreamStatisticsTests
{
    private static readonly StreamStatistics Distinct =
        new([.. Enumerable.Range(100, StreamStatistics.Names.Length).Select(value => (long)value)]);

    [Test]
    public void Each_property_has_the_value_of_its_name()
    {
        Dictionary<string, long> properties = typeof(StreamStatistics)
            .GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.PropertyType == typeof(long) && property.GetIndexParameters().Length == 0)
            .ToDictionary(
                property => JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name),
                property => (long)property.GetValue(Distinct)!);

        Assert.That(properties, Is.EquivalentTo(Distinct));
    }

    [Test]
    public void Text_says_what_came_and_what_was_lost()
    {
        long[] values = new long[StreamStatistics.Names.Length + 1];
        values[(int)Statistic.Heaps] = 3;
        values[(int)Statistic.Packets] = 24;
        values[(int)Statistic.PacketsAccepted] = 24;
        values[(int)Statistic.PayloadBytes] = 24000;
        values[(int)Statistic.MaxBatch] = 8;
        values[(int)Statistic.KernelDropMessages] = 5;
        values[^1] = 7;

        Assert.That(
            new StreamStatistics([.. values[..^1]]).ToString(),
            Is.EqualTo("3 heaps of 24 packets, 24000 bytes; kernel drop messages 5"));
        Assert.That(
            new StreamStatistics([.. values], new StatisticNames([new("my_glitches")])).ToString(),
            Does.EndWith("; kernel drop messages 5, my_glitches 7"));
    }

    [Test]
    public void Names_of_receiving_txt_are_among_them()
    {
        string[] names =
        [
            "heaps", "incomplete_heaps_evicted", "incomplete_heaps_flushed", "packets", "worker_blocked", "max_batch",
        ];

        Assert.That(Distinct.Select(pair => pair.Key), Is.SupersetOf(names));
    }

    [Test]
    public void Enumeration_keeps_the_order_of_the_values()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Distinct.Select(pair => pair.Value), Is.Ordered);
            Assert.That(Distinct, Has.Count.EqualTo(StreamStatistics.Names.Length));
        });
    }

    [Test]
    public void Another_number_of_values_is_refused()
    {
        Assert.That(() => new StreamStatistics([1, 2, 3]), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }
}
