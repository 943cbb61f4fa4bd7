// SPDX-License-Identifier: MIT

namespace Spead2.Soak.Reports;

/// <summary>Numbers over time as one line of bars, from 0 to the largest.</summary>
internal static class BarLine
{
    private const string Bars = " ▁▂▃▄▅▆▇█";

    /// <summary>Draws a line; where there are more numbers than columns, a bar is the largest of several.</summary>
    public static string Of(IReadOnlyList<double> values, int columns)
    {
        int width = Math.Min(columns, values.Count);
        double most = values.DefaultIfEmpty().Max();
        return string.Concat(Enumerable.Range(0, width).Select(column =>
        {
            int first = column * values.Count / width;
            int end = (column + 1) * values.Count / width;
            double value = values.Skip(first).Take(end - first).Max();
            return Bars[most > 0 ? (int)Math.Ceiling(value / most * (Bars.Length - 1)) : 0];
        }));
    }
}
