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
