// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Managed.Tests;

/// <summary>The seconds of loss, with a clock of the test's.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class LossLineTests
{
    private const long Start = 5000;

    private readonly Dictionary<Statistic, long> _statistics = [];
    private readonly LossLine _line = new(Start);

    [Test]
    public void What_was_counted_belongs_to_the_second_before()
    {
        _statistics[Statistic.Packets] = 10;
        _statistics[Statistic.PacketsAccepted] = 8;
        _statistics[Statistic.RejectedDuplicate] = 1;
        Take(1);
        _statistics[Statistic.Packets] = 15;
        _statistics[Statistic.PacketsAccepted] = 13;
        _statistics[Statistic.KernelDropMessages] = 3;
        _statistics[Statistic.PacketsMissing] = 4;
        _statistics[Statistic.HeapsMissing] = 5;
        _statistics[Statistic.IncompleteHeapsEvicted] = 6;
        _statistics[Statistic.IncompleteHeapsFlushed] = 9;
        _statistics[Statistic.HeapsDroppedAtStop] = 2;
        Take(3);
        Assert.That(Read(), Is.EqualTo(new LossSecond[]
        {
            new(default, 10, 0, 0, 0, 0, 0, 1), new(default, 5, 0, 3, 4, 5, 13, 0), default, default,
        }));
        _statistics[Statistic.Packets] = 17;
        Take(3);
        _statistics[Statistic.Packets] = 19;
        Take(3);
        Assert.That(Read()[^1].Packets, Is.EqualTo(4));
    }

    [Test]
    public void Old_seconds_are_forgotten()
    {
        const int most = LossSecond.MostRemembered;
        for (int i = 1; i <= 3 * most; i++)
        {
            _statistics[Statistic.HeapsMissing] = _statistics.GetValueOrDefault(Statistic.HeapsMissing) + i;
            Take(i);
            Assert.That(Read(), Has.Length.EqualTo(Math.Min(i + 1, most)));
        }

        Assert.That(Read()[^2].HeapsMissing, Is.EqualTo(3 * most));
        Assert.That(Read()[0].HeapsMissing, Is.EqualTo((2 * most) + 2));

        // A pause that is longer than all that is remembered.
        Take(10 * most);
        Assert.That(Read(), Has.Length.EqualTo(most).And.All.EqualTo(default(LossSecond)));
    }

    [Test]
    public void Seconds_end_with_the_stream()
    {
        _statistics[Statistic.Heaps] = 1;
        Take(1);
        _line.HasEnded = true;
        _statistics[Statistic.Heaps] = 3;
        Take(100);
        Assert.That(Read().Select(second => second.Heaps), Is.EqualTo([1, 2]));
    }

    [Test]
    public void Seconds_have_their_times()
    {
        DateTimeOffset time = new(2026, 11, 29, 12, 0, 0, TimeSpan.Zero);
        Take(2);
        Assert.That(
            _line.Read(time).Select(second => second.Time), Is.EqualTo([time.AddSeconds(-2), time.AddSeconds(-1), time]));
    }

    private void Take(long second) => _line.Take(Start + second, statistic => _statistics.GetValueOrDefault(statistic));

    private LossSecond[] Read() => [.. _line.Read(default(DateTimeOffset).AddDays(1)).Select(s => s with { Time = default })];
}
