// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>Losses that come at regular intervals.</summary>
/// <param name="Cause">What is lost.</param>
/// <param name="Period">How long after a loss the next one comes, on average.</param>
/// <param name="Confidence">
/// How much of the losses the period explains beyond chance, from 0.6 to 1: at 1 each loss is followed by another one after
/// the period.
/// </param>
/// <param name="Losses">Losses that there were; those of neighbouring seconds are one.</param>
public readonly record struct LossPeriod(LossCause Cause, TimeSpan Period, double Confidence, int Losses)
{
    // Shortest period in seconds: losses of neighbouring seconds are one loss.
    private const int Shortest = 2;

    // From this period on a loss may come a second early or late, as the period need not be a number of seconds.
    private const int ShortestWithTolerance = 5;

    // Losses, each of which another one must follow after the period.
    private const int LeastFollowed = 4;

    // How sure a period must be, in percent; and how sure at least, in quarters of the most sure one, so that it is
    // preferred to its multiples.
    private const int LeastConfidence = 60;
    private const int QuartersOfBest = 3;

    // Square of the standard deviations that there must be more followed losses than chance makes.
    private const long LeastDeviation = 16;

    /// <summary>
    /// Finds the period of losses, of the cause for which it is most sure. It takes five losses at least, and more where
    /// they are frequent, so that chance is not taken for a period. Periods shorter than 5 s are found only if they are
    /// whole seconds; in place of others a multiple may be found.
    /// </summary>
    /// <param name="seconds">
    /// Seconds without a gap, the oldest first, as <see cref="IReceiveStream.LossSeconds"/> has them; at most
    /// <see cref="LossSecond.MostRemembered"/>. Their times are not looked at.
    /// </param>
    /// <returns>The period; <c>null</c> if losses are none, too few, constant, or at irregular times.</returns>
    /// <exception cref="ArgumentException">There are too many seconds.</exception>
    public static LossPeriod? Find(IReadOnlyList<LossSecond> seconds)
    {
        ArgumentNullException.ThrowIfNull(seconds);
        if (seconds.Count > LossSecond.MostRemembered)
        {
            throw new ArgumentException(
                $"There are {seconds.Count} seconds; at most {LossSecond.MostRemembered} are allowed.", nameof(seconds));
        }

        LossPeriod? best = null;
        foreach (LossCause cause in Enum.GetValues<LossCause>())
        {
            if (new Beginnings(seconds, cause).Find() is { } found && !(found.Confidence <= best?.Confidence))
            {
                best = found;
            }
        }

        return best;
    }

    /// <summary>When losses of one cause begin.</summary>
    private sealed class Beginnings
    {
        private readonly LossCause _cause;
        private readonly bool[] _isOne;
        private readonly List<int> _at = [];

        public Beginnings(IReadOnlyList<LossSecond> seconds, LossCause cause)
        {
            _cause = cause;
            _isOne = new bool[seconds.Count];
            bool wasLoss = false;
            for (int i = 0; i < seconds.Count; i++)
            {
                bool isLoss = seconds[i].Lost(cause) != 0;
                _isOne[i] = isLoss && !wasLoss;
                wasLoss = isLoss;
                if (_isOne[i])
                {
                    _at.Add(i);
                }
            }
        }

        public LossPeriod? Find()
        {
            (long Percent, LossPeriod Found)[] periods =
                [.. Enumerable.Range(Shortest, Math.Max(0, _isOne.Length / LeastFollowed - Shortest + 1)).Select(Try)];
            long best = periods.Select(period => period.Percent).DefaultIfEmpty().Max();
            foreach ((long percent, LossPeriod found) in periods)
            {
                if (percent >= LeastConfidence && 4 * percent >= QuartersOfBest * best)
                {
                    return found;
                }
            }

            return null;
        }

        /// <summary>What a period explains, in percent above chance; 0: nothing.</summary>
        private (long Percent, LossPeriod Found) Try(int period)
        {
            int tolerance = period >= ShortestWithTolerance ? 1 : 0;
            long count = _isOne.Length;

            // Seconds that match a loss.
            long hits = (long)_at.Count * ((2 * tolerance) + 1);
            if (hits >= count)
            {
                return default;
            }

            int tried = 0;
            long followed = 0;
            long time = 0;
            while (tried < _at.Count && _at[tried] + period + tolerance < count)
            {
                int after = NextLoss(_at[tried], period, tolerance);
                tried++;
                followed += after != 0 ? 1 : 0;
                time += after;
            }

            long above = (followed * count) - (tried * hits);
            if (followed < LeastFollowed || above <= 0 || above * above < LeastDeviation * tried * hits * (count - hits))
            {
                return default;
            }

            long milliseconds = ((time * 2000) + followed) / (2 * followed);
            long percent = above * 100 / (tried * (count - hits));
            return (percent, new(_cause, TimeSpan.FromMilliseconds(milliseconds), percent / 100.0, _at.Count));
        }

        /// <summary>How long after a loss the one that follows after the period comes; 0: none does.</summary>
        private int NextLoss(int at, int period, int tolerance) =>
            _isOne[at + period] ? period
            : tolerance != 0 && _isOne[at + period - 1] ? period - 1
            : tolerance != 0 && _isOne[at + period + 1] ? period + 1
            : 0;
    }
}
