// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text;

namespace Spead2.Benchmarks.Report;

/// <summary>Tables of Markdown, and how numbers are written in them.</summary>
internal static class MarkdownTable
{
    /// <summary>Makes a table.</summary>
    public static string Table(string[] columns, IEnumerable<string[]> rows)
    {
        StringBuilder table = new();
        table.AppendLine(CultureInfo.InvariantCulture, $"| {string.Join(" | ", columns)} |");
        table.AppendLine(CultureInfo.InvariantCulture, $"|{string.Concat(Enumerable.Repeat("---|", columns.Length))}");
        foreach (string[] row in rows)
        {
            table.AppendLine(CultureInfo.InvariantCulture, $"| {string.Join(" | ", row)} |");
        }

        return table.ToString();
    }

    /// <summary>A number with three digits that count, or all before the point.</summary>
    public static string Number(double value) => value switch
    {
        0 => "0",
        _ when Math.Abs(value) >= 100 => value.ToString("N0", CultureInfo.InvariantCulture),
        _ when Math.Abs(value) >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
        _ when Math.Abs(value) >= 0.1 => value.ToString("0.00", CultureInfo.InvariantCulture),
        _ => value.ToString("0.000", CultureInfo.InvariantCulture),
    };

    /// <summary>A median with the values around it.</summary>
    public static string Number(Spread spread) => spread.Least == spread.Most
        ? Number(spread.Median)
        : $"{Number(spread.Median)} ({Number(spread.Least)} to {Number(spread.Most)})";

    /// <summary>A number of bytes that is a power of two, in its unit.</summary>
    public static string Bytes(double value) => value switch
    {
        >= 1 << 20 => string.Create(CultureInfo.InvariantCulture, $"{value / (1 << 20):0.#} MiB"),
        >= 1 << 10 => string.Create(CultureInfo.InvariantCulture, $"{value / (1 << 10):0.#} KiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{value:0} B"),
    };
}
