// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Tests.Receive;

public sealed class LossPeriodTests
{
    private const int Seconds = 300;

    [Test]
    public void Loss_every_10_seconds_is_found()
    {
        LossPeriod? period = LossPeriod.Find(Make(i => i % 10 == 7 ? 5 : 0));
        Assert.That(period, Is.EqualTo(new LossPeriod(LossCause.HeapsMissing, TimeSpan.FromSeconds(10), 1, 30)));
    }

    [Test]
    public void Loss_at_any_time_or_always_has_no_period()
    {
        Assert.That(LossPeriod.Find([]), Is.Null);
        Assert.That(LossPeriod.Find(Make(_ => 0)), Is.Null);
        Assert.That(LossPeriod.Find(Make(_ => 1)), Is.Null);
        Assert.That(LossPeriod.Find(Make(i => i is 3 or 17 or 100 or 104 or 256 ? 1 : 0)), Is.Null);
    }

    [Test]
    public void Seconds_have_a_limit() =>
        Assert.That(
            () => LossPeriod.Find(new LossSecond[LossSecond.MostRemembered + 1]),
            Throws.ArgumentException.With.Message.Contains("1025"));

    [Test]
    public void Each_cause_is_a_count()
    {
        LossSecond second = new(default, 1, 2, 3, 4, 5, 6, 7);
        Assert.That(Enum.GetValues<LossCause>().Select(second.Lost), Is.EqualTo([3, 4, 5, 6, 7]));
        Assert.That(() => second.Lost(0), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    private static LossSecond[] Make(Func<int, long> missing) =>
        [.. Enumerable.Range(0, Seconds).Select(i => new LossSecond(default, 1000, 10, 0, 0, missing(i), 0, 0))];
}
