// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Spead2.Tools.Items;

/// <summary>Numbers as a line of small bars between their extremes.</summary>
internal static class Sparkline
{
    private const int MostBars = 16;
    private const string Bars = "▁▂▃▄▅▆▇█";

    /// <summary>
    /// A bar for each number, or for the mean of several where there are too many for the width, and the extremes.
    /// What is no finite number is left out. Null if no two numbers are left.
    /// </summary>
    public static string? Of(IEnumerable<double?> numbers)
    {
        double[] finite = [.. numbers.OfType<double>().Where(double.IsFinite)];
        if (finite.Length < 2)
        {
            return null;
        }

        double least = finite.Min();
        double most = finite.Max();
        string extremes = string.Create(CultureInfo.InvariantCulture, $"{least:G4} … {most:G4}");
        int count = Math.Min(finite.Length, MostBars);
        IEnumerable<char> bars = Enumerable.Range(0, count).Select(bar =>
        {
            int from = (int)((long)finite.Length * bar / count);
            int to = (int)((long)finite.Length * (bar + 1) / count);
            return Bar(finite[from..to].Average(), least, most);
        });
        return $"{string.Concat(bars)} {extremes}";
    }

    private static char Bar(double number, double least, double most)
    {
        // Halves, because the distance between the largest numbers is no number any more.
        double height = ((number / 2) - (least / 2)) / ((most / 2) - (least / 2));
        return Bars[double.IsFinite(height) ? Math.Clamp((int)(height * Bars.Length), 0, Bars.Length - 1) : 0];
    }
}
