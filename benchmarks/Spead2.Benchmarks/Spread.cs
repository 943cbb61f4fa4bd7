// SPDX-License-Identifier: MIT

namespace Spead2.Benchmarks;

/// <summary>The middle of some measurements, and how far apart they are.</summary>
internal readonly record struct Spread(double Median, double Least, double Most)
{
    /// <summary>The median and the quartiles: half of all measurements lie between them.</summary>
    public static Spread Quartiles(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return new(At(sorted, 0.5), At(sorted, 0.25), At(sorted, 0.75));
    }

    /// <summary>The median and the extremes, for few measurements.</summary>
    public static Spread Extremes(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return new(At(sorted, 0.5), sorted[0], sorted[^1]);
    }

    private static double At(double[] sorted, double part)
    {
        double position = part * (sorted.Length - 1);
        int below = (int)position;
        int above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((position - below) * (sorted[above] - sorted[below]));
    }
}
