// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Metrics;

/// <summary>What the meter reads of a receive stream.</summary>
/// <param name="Statistics">Its statistics.</param>
/// <param name="CustomStatistics">Those of them that are the user's.</param>
/// <param name="RingHeaps">Heaps that wait for consumers.</param>
/// <param name="RingLimit">The most that may; 0: a function takes heaps.</param>
internal sealed record ReceiveReading(
    StreamStatistics Statistics, IReadOnlyList<CustomStatistic> CustomStatistics, long RingHeaps, long RingLimit)
{
    /// <summary>Names and values of the user's statistics of a mode.</summary>
    public IEnumerable<(string Name, long Value)> Custom(StatisticMode mode) => CustomStatistics
        .Select((custom, i) => (custom.Name, custom.Mode, Value: Statistics[Statistics.FirstCustomIndex + i]))
        .Where(custom => custom.Mode == mode)
        .Select(custom => (custom.Name, custom.Value));
}
