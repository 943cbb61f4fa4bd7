// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Bench;

/// <summary>What a search has found.</summary>
/// <param name="Steps">All rates that were tried, in that order.</param>
/// <param name="Best">The highest rate without loss; null if there was none.</param>
/// <param name="IsLimitedBySender">Whether nothing was lost as fast as the sender could.</param>
internal sealed record SearchResult(IReadOnlyList<RateStep> Steps, RateStep? Best, bool IsLimitedBySender)
{
    /// <summary>How sure it can be said, with <see cref="SureLossyPart"/>, how many passes lose heaps.</summary>
    public const double Sureness = 0.95;

    /// <summary>
    /// At most this part of all passes at the rate lose heaps, which is <see cref="Sureness"/> sure: had it been more, so many
    /// passes in a row without loss would have been less probable than the rest.
    /// </summary>
    public static double SureLossyPart(int passes) => 1 - Math.Pow(1 - Sureness, 1.0 / passes);
}
