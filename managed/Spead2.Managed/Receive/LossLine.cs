// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>
/// What a stream has lost in each of its latest seconds: differences of its statistics, which are taken when a second has
/// passed, and when they are asked for. What happens between costs nothing. Under the stream's lock.
/// </summary>
/// <param name="second">The second of now, of <see cref="Clock"/>.</param>
internal sealed class LossLine(long second)
{
    private readonly LossSecond[] _seconds = new LossSecond[LossSecond.MostRemembered];
    private long _first = second;
    private LossSecond _before;

    /// <summary>The second that what is counted next belongs to.</summary>
    public long Last { get; private set; } = second;

    /// <summary>No second follows any more.</summary>
    public bool HasEnded { get; set; }

    /// <summary>
    /// Takes the statistics in this second. What they say more than before belongs to the latest second in which they were
    /// taken.
    /// </summary>
    /// <param name="second">The second of now.</param>
    /// <param name="statistics">Values of all <see cref="Statistic"/>.</param>
    public void Take(long second, Func<Statistic, long> statistics)
    {
        LossSecond now = CountsOf(statistics);
        ref LossSecond sum = ref Entry(Last);
        sum = new(
            default,
            sum.Packets + now.Packets - _before.Packets,
            sum.Heaps + now.Heaps - _before.Heaps,
            sum.KernelDropMessages + now.KernelDropMessages - _before.KernelDropMessages,
            sum.PacketsMissing + now.PacketsMissing - _before.PacketsMissing,
            sum.HeapsMissing + now.HeapsMissing - _before.HeapsMissing,
            sum.HeapsIncomplete + now.HeapsIncomplete - _before.HeapsIncomplete,
            sum.PacketsUnused + now.PacketsUnused - _before.PacketsUnused);
        _before = now;
        if (HasEnded || second <= Last)
        {
            return;
        }

        for (long i = Math.Max(Last + 1, second - LossSecond.MostRemembered + 1); i <= second; i++)
        {
            Entry(i) = default;
        }

        Last = second;
        _first = Math.Max(_first, second - LossSecond.MostRemembered + 1);
    }

    /// <summary>The seconds, the oldest first.</summary>
    /// <param name="start">When the last one began, by the clock of this machine.</param>
    public LossSecond[] Read(DateTimeOffset start)
    {
        LossSecond[] seconds = new LossSecond[Last - _first + 1];
        for (int i = 0; i < seconds.Length; i++)
        {
            seconds[i] = Entry(_first + i) with { Time = start.AddSeconds(i - seconds.Length + 1) };
        }

        return seconds;
    }

    private static LossSecond CountsOf(Func<Statistic, long> of) => new(
        default,
        of(Statistic.Packets),
        of(Statistic.Heaps),
        of(Statistic.KernelDropMessages),
        of(Statistic.PacketsMissing),
        of(Statistic.HeapsMissing),
        of(Statistic.IncompleteHeapsEvicted) + of(Statistic.IncompleteHeapsFlushed) - of(Statistic.HeapsDroppedAtStop),
        of(Statistic.Packets) - of(Statistic.PacketsAccepted) - of(Statistic.RejectedDuplicate) + of(Statistic.Malformed) +
            of(Statistic.SizeMismatch) + of(Statistic.Truncated));

    private ref LossSecond Entry(long second) => ref _seconds[second % LossSecond.MostRemembered];
}
