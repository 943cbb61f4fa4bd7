// SPDX-License-Identifier: MIT

using Spead2.Tools.Bench;

namespace Spead2.Tools.Tests;

/// <summary>The search for the highest rate without loss, over a network that loses above a rate.</summary>
[TestFixture]
public sealed class RateSearchTests
{
    private const double SenderRate = 40;
    private const long Heaps = 1000;

    [TestCase(0.5, 0.01)]
    [TestCase(3, 0.02)]
    [TestCase(17.3, 0.02)]
    [TestCase(39.9, 0.1)]
    public async Task Highest_rate_without_loss_is_found_to_the_precision(double capacity, double precision)
    {
        SearchResult result = await Search(capacity, passes: 3, precision);

        Assert.That(result.IsLimitedBySender, Is.False);
        Assert.That(result.Best!.Reached, Is.LessThanOrEqualTo(capacity).And.GreaterThanOrEqualTo(capacity * (1 - (2 * precision))));
        Assert.That(result.Best.Passes, Has.Count.EqualTo(3));
        Assert.That(result.Steps.Where(step => step.Reached > capacity), Is.All.Property("Lost").GreaterThan(0));
    }

    [Test]
    public async Task Sender_that_is_too_slow_to_lose_anything_is_the_limit()
    {
        SearchResult result = await Search(capacity: 100, passes: 5, precision: 0.02);

        Assert.That(result.IsLimitedBySender);
        Assert.That(result.Best!.Reached, Is.EqualTo(SenderRate));
        Assert.That(result.Steps, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Rate_is_given_up_at_the_first_pass_with_loss()
    {
        int passes = 0;
        RateSearch search = new(
            rate => Task.FromResult(MakePass(rate == 0 ? SenderRate : rate, lost: ++passes % 2 == 0 ? 1 : 0)),
            passes: 2,
            precision: 0.5);
        SearchResult result = await search.RunAsync();

        Assert.That(result.Best, Is.Null);
        Assert.That(result.Steps, Is.All.Property("LossFree").EqualTo(1));
        Assert.That(result.Steps, Is.All.Property("IsLossFree").False);
    }

    [Test]
    public async Task Search_without_a_rate_ends()
    {
        SearchResult result = await Search(capacity: 0, passes: 1, precision: 0.001);

        Assert.That(result.Best, Is.Null);
        Assert.That(result.Steps, Has.Count.LessThan(10));
    }

    [TestCase(1, 0.95)]
    [TestCase(5, 0.4507)]
    [TestCase(59, 0.0495)]
    public void Passes_without_loss_bound_the_part_that_has_loss(int passes, double part) =>
        Assert.That(SearchResult.SureLossyPart(passes), Is.EqualTo(part).Within(0.0001));

    private static async Task<SearchResult> Search(double capacity, int passes, double precision) =>
        await new RateSearch(
            rate =>
            {
                double reached = rate == 0 ? SenderRate : rate;
                return Task.FromResult(MakePass(reached, reached > capacity ? 1 : 0));
            },
            passes,
            precision).RunAsync();

    private static Pass MakePass(double rate, long lost)
    {
        TimeSpan second = TimeSpan.FromSeconds(1);
        return new Pass(
            rate,
            new SendTotals(Heaps, Heaps, (long)(rate * 1e9 / 8), second, second),
            new PassReport { Heaps = Heaps - lost });
    }
}
