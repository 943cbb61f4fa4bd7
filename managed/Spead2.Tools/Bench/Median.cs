// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Bench;

/// <summary>The value in the middle.</summary>
internal static class Median
{
    /// <summary>The median of values, at least one.</summary>
    public static double Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[sorted.Length / 2] + sorted[(sorted.Length - 1) / 2]) / 2;
    }
}
