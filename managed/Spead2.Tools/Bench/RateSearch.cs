// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Bench;

/// <summary>
/// Searches the highest rate without loss: that at which so many passes in a row lose no heap. A rate at which one pass
/// loses a heap is too high.
/// </summary>
/// <param name="run">Runs a pass at a rate in Gb/s; 0: as fast as possible.</param>
/// <param name="passes">Passes without loss that a rate needs.</param>
/// <param name="precision">The search ends when the bounds are no further apart than this part of the higher one.</param>
internal sealed class RateSearch(Func<double, Task<Pass>> run, int passes, double precision)
{
    /// <summary>A loss-free rate below this part of the sender's is not looked for: something else is wrong.</summary>
    private const double SmallestPart = 1.0 / 256;

    private readonly List<RateStep> _steps = [];

    /// <summary>Runs the search.</summary>
    /// <returns>All that was tried, and the result.</returns>
    public async Task<SearchResult> RunAsync()
    {
        RateStep full = await TryAsync(0);
        if (full.IsLossFree)
        {
            return new SearchResult(_steps, full, IsLimitedBySender: true);
        }

        RateStep? best = null;
        double low = 0;
        double fastest = full.Reached;
        for (double high = fastest; high - low > precision * high && high > fastest * SmallestPart;)
        {
            double middle = (low + high) / 2;
            RateStep step = await TryAsync(middle);
            if (step.IsLossFree)
            {
                best = step;
                low = middle;
            }
            else
            {
                high = middle;
            }
        }

        return new SearchResult(_steps, best, IsLimitedBySender: false);
    }

    private async Task<RateStep> TryAsync(double rate)
    {
        List<Pass> done = [];
        do
        {
            done.Add(await run(rate));
        }
        while (done[^1].IsLossFree && done.Count < passes);

        RateStep step = new(rate, done, passes);
        _steps.Add(step);
        return step;
    }
}
