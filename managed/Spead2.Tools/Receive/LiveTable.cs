// SPDX-License-Identifier: MIT

using System.Globalization;
using Spead2.Receive;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>
/// Rate, heaps and what is wrong, as lines of a table of one to three columns, as many as the terminal has room for.
/// </summary>
internal static class LiveTable
{
    private const int MostColumns = 3;
    private const int RowsOfColumn = 5;

    // A column: the longest name and the longest number, with a border and a space on each side.
    private const int NameWidth = 10;
    private const int ValueWidth = 13;
    private const int CellWidth = NameWidth + ValueWidth;
    private const int Border = 3;

    // The largest number that fits with its separators.
    private const long LargestShown = 9_999_999_999;

    /// <summary>The table.</summary>
    /// <param name="now">Statistics of the stream.</param>
    /// <param name="tally">The heaps that were delivered.</param>
    /// <param name="rate">Payload per second, ready to be shown.</param>
    /// <param name="packetRate">Packets per second.</param>
    /// <param name="period">Of the losses, if they have one.</param>
    /// <param name="width">Columns of the terminal.</param>
    public static IEnumerable<IReadOnlyList<Cell>> Lines(
        StreamStatistics now, HeapTally tally, string rate, long packetRate, LossPeriod? period, int width)
    {
        (string Name, string Value, Tone Tone)[] cells =
        [
            ("rate", rate, Tone.Plain),
            ("packets/s", Number(packetRate), Tone.Plain),
            ("heaps", Number(tally.Total), Tone.Plain),
            ("payload", Readable.Bytes(now.PayloadBytes), Tone.Plain),
            ("ring full", Number(now.WorkerBlocked), IfAny(now.WorkerBlocked, Tone.Warning)),

            Bad("incomplete", now.IncompleteHeapsEvicted + now.IncompleteHeapsFlushed),
            Bad("missing", now.HeapsMissing + now.HeapsUncertain),
            Odd("late", now.HeapsLate),
            Odd("unplaced", now.HeapsUnplaced),
            Odd("unknown", tally.Contiguous),

            Bad("malformed", now.Malformed),
            Bad("truncated", now.Truncated),
            Bad("mismatched", now.SizeMismatch),
            Odd("empty", now.Empty),
            Bad("drops", now.KernelDropMessages),
        ];
        int columns = Math.Clamp((width - 1) / (CellWidth + Border), 1, MostColumns);
        (string, string, Tone)[][] rows = columns == 1
            ? [.. cells.Select(cell => new[] { cell })]
            : [.. RowsOf(cells, columns)];
        yield return [Rule('╭', '┬', '╮', columns)];
        foreach ((string Name, string Value, Tone Tone)[] row in rows)
        {
            List<Cell> line = [];
            foreach ((string name, string value, Tone tone) in row)
            {
                line.Add(new($"│ {name.PadRight(NameWidth)}"));
                line.Add(new($"{value.PadLeft(ValueWidth)} ", tone));
            }

            line.Add(new("│"));
            yield return line;
        }

        yield return [Rule('╰', '┴', '╯', columns)];
        if (period is { } known)
        {
            yield return [new(LiveScreen.Cut(LossPeriodText.Of(known), width), Tone.Bad)];
        }

        // The warning that says so soon has others behind it, one for each heap.
        if (now.MaxHeapsNeeded > 0)
        {
            string needed = $"--max-heaps {Plain(now.MaxHeapsNeeded)} is needed: more heaps are under way.";
            yield return [new(LiveScreen.Cut(needed, width), Tone.Bad)];
        }
    }

    private static (string Name, string Value, Tone Tone) Bad(string name, long value) =>
        (name, Number(value), IfAny(value, Tone.Bad));

    private static (string Name, string Value, Tone Tone) Odd(string name, long value) =>
        (name, Number(value), IfAny(value, Tone.Warning));

    private static Tone IfAny(long value, Tone tone) => value > 0 ? tone : Tone.Plain;

    // Groups stay together: column by column, and what does not fill a row is left empty.
    private static IEnumerable<(string Name, string Value, Tone Tone)[]> RowsOf(
        (string Name, string Value, Tone Tone)[] cells, int columns)
    {
        int rows = columns == MostColumns ? RowsOfColumn : (cells.Length + columns - 1) / columns;
        for (int row = 0; row < rows; row++)
        {
            yield return
            [
                .. Enumerable.Range(0, columns).Select(column => (column * rows) + row)
                    .Select(i => i < cells.Length ? cells[i] : ("", "", Tone.Plain)),
            ];
        }
    }

    private static string Rule(char left, char middle, char right, int columns) =>
        left + string.Join(middle, Enumerable.Repeat(new string('─', CellWidth + Border - 1), columns)) + right;

    private static string Plain(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Number(long value) =>
        value <= LargestShown ? Readable.Number(value) : value.ToString("0.000e0", CultureInfo.InvariantCulture);
}
