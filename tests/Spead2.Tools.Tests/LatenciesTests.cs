// SPDX-License-Identifier: MIT

using Spead2.Tools.Bench;

namespace Spead2.Tools.Tests;

/// <summary>How late heaps are.</summary>
[TestFixture]
public sealed class LatenciesTests
{
    private const long Wrap = 1L << 40;

    [TestCase(1000, 1500, 500)]
    [TestCase(1000, 1000, 0)]
    [TestCase(1000, 900, 0)]
    [TestCase(Wrap - 10, Wrap + 20, 30)]
    [TestCase((5 * Wrap) - 1, 5 * Wrap, 1)]
    public void Time_since_a_heap_was_due_survives_its_few_bits(long due, long now, long late)
    {
        Latencies latencies = new();
        latencies.Add(Latencies.Encode(due), now);

        Assert.That(latencies.AtPercentiles(), Is.All.EqualTo(late));
    }

    [Test]
    public void Percentiles_and_histogram_are_exact()
    {
        Latencies latencies = new();
        foreach (int time in Enumerable.Range(1, 1000).Reverse())
        {
            latencies.Add(Latencies.Encode(0), time);
        }

        Assert.That(latencies.AtPercentiles(), Is.EqualTo((long[])[500, 900, 990, 999, 1000]));
        Assert.That(latencies.Histogram(), Is.EqualTo((long[])[0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 489]));
    }
}
