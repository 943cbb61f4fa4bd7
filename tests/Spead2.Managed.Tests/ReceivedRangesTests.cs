// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Managed.Tests;

/// <summary>Ranges against a model that keeps them in a plain sorted list.</summary>
public sealed class ReceivedRangesTests
{
    [Test]
    public void Random_ranges_are_judged_and_kept_as_by_the_model([Values(10, 100, 5000)] int space)
    {
        Random random = Seeded.Random();
        ReceivedRanges ranges = new();
        for (int round = 0; round < 20; round++)
        {
            List<PayloadRange> model = [];
            for (int i = 0; i < 2000; i++)
            {
                long start = random.Next(space);
                long end = start + random.Next(4);
                RangesVerdict expected = Judge(model, start, end);
                Assert.That(ranges.Check((ulong)start, (ulong)end), Is.EqualTo(expected), $"[{start}, {end})");
                if (expected is RangesVerdict.New or RangesVerdict.Adjacent)
                {
                    Add(model, start, end);
                    Assert.That(ranges.TryAdd((ulong)start, (ulong)end), Is.True);
                }
            }

            PayloadRange[] copies = new PayloadRange[ranges.Count];
            ranges.CopyTo(copies);
            Assert.That(copies, Is.EqualTo(model));
            ranges.Clear();
        }
    }

    private static RangesVerdict Judge(List<PayloadRange> model, long start, long end)
    {
        int next = model.FindIndex(range => range.Start > start);
        next = next < 0 ? model.Count : next;
        if (next < model.Count && model[next].Start < end)
        {
            return RangesVerdict.Overlap;
        }

        if (next > 0 && model[next - 1].End > start)
        {
            return RangesVerdict.Duplicate;
        }

        return (next > 0 && model[next - 1].End == start) || (next < model.Count && model[next].Start == end)
            ? RangesVerdict.Adjacent
            : RangesVerdict.New;
    }

    private static void Add(List<PayloadRange> model, long start, long end)
    {
        int next = model.FindIndex(range => range.Start > start);
        next = next < 0 ? model.Count : next;
        if (next > 0 && model[next - 1].End == start)
        {
            start = model[next - 1].Start;
            model.RemoveAt(--next);
            if (next < model.Count && model[next].Start == end)
            {
                end = model[next].End;
                model.RemoveAt(next);
            }
        }
        else if (next < model.Count && model[next].Start == end)
        {
            end = model[next].End;
            model.RemoveAt(next);
        }

        model.Insert(next, new(start, end));
    }
}
