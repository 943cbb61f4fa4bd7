// SPDX-License-Identifier: MIT

using System.Globalization;
using Spead2.Tools.Output;

namespace Spead2.Tools.Top;

/// <summary>Streams as lines: a row of numbers for each where there is room, else two numbers a line; then what they mean.</summary>
internal static class TopTable
{
    private const int Indent = 2;

    // A number of a block: the longest title and the longest value, after a space.
    private const int TitleWidth = 8;
    private const int ValueWidth = 10;
    private const int BlockWidth = 1 + TitleWidth + ValueWidth;

    // Columns of the row; the stream's name takes the rest.
    private static readonly (string Title, int Width)[] Columns =
    [
        ("rate", 10), ("complete", 8), ("incompl.", 8), ("missing", 7), ("bad", 5), ("drops", 5), ("ring", 9),
        ("last", 6),
    ];

    private static readonly int LeastWideWidth = Columns.Sum(column => column.Width + 1) + 10;

    /// <summary>The table.</summary>
    /// <param name="streams">What is known of them.</param>
    /// <param name="width">Columns of the terminal.</param>
    public static IEnumerable<IReadOnlyList<Cell>> Lines(IReadOnlyList<StreamView> streams, int width)
    {
        if (streams.Count == 0)
        {
            return [.. Wrap("No stream is published. `spead2 recv` publishes its own.", width).Select(Line)];
        }

        bool isWide = width >= LeastWideWidth;
        List<IReadOnlyList<Cell>> lines = [];
        if (isWide)
        {
            lines.Add([Head(width)]);
        }

        foreach (StreamView stream in streams)
        {
            lines.AddRange(isWide ? [Row(stream, width)] : Block(stream, width));
            lines.Add(Line(Cut(ProcessOf(stream), width)));
            foreach (PageSource source in stream.Now.Sources)
            {
                lines.Add(Line(Cut($"  from {Printable.Of(source.Name)}", width)));
            }

            string causes = string.Join(", ", stream.Bad.Select(bad => $"{bad.Cause} {Readable.Number(bad.Count)}"));
            if (causes.Length > 0)
            {
                lines.AddRange(Wrap($"not used: {causes}", width - Indent).Select(text => Line($"  {text}")));
            }

            (string verdict, Tone tone) = stream.Verdict;
            lines.AddRange(Wrap(verdict, width - Indent)
                .Select(text => (IReadOnlyList<Cell>)[new($"  {text}", tone)]));
        }

        return lines;
    }

    private static string Head(int width) => string.Concat(
        ["stream".PadRight(NameWidth(width)), .. Columns.Select(column => $" {column.Title.PadLeft(column.Width)}")]);

    private static int NameWidth(int width) => width - Columns.Sum(column => column.Width + 1);

    private static List<Cell> Row(StreamView stream, int width)
    {
        int name = NameWidth(width);
        List<Cell> row = [new(Cut(Printable.Of(stream.Now.Name), name).PadRight(name))];
        foreach (((string Text, Tone Tone) cell, (string _, int columnWidth)) in Cells(stream).Zip(Columns))
        {
            row.Add(new($" {Cut(cell.Text, columnWidth).PadLeft(columnWidth)}", cell.Tone));
        }

        return row;
    }

    private static IEnumerable<IReadOnlyList<Cell>> Block(StreamView stream, int width)
    {
        yield return Line(Cut(Printable.Of(stream.Now.Name), width));
        IEnumerable<Cell[]> cells = Cells(stream).Zip(
            Columns,
            (cell, column) => new Cell[]
            {
                new($" {column.Title,-TitleWidth}"),
                new(Cut(cell.Text, ValueWidth).PadLeft(ValueWidth), cell.Tone),
            });
        foreach (Cell[][] line in cells.Chunk(Math.Clamp(width / BlockWidth, 1, 2)))
        {
            yield return [.. line.SelectMany(cell => cell)];
        }
    }

    private static IEnumerable<(string Text, Tone Tone)> Cells(StreamView stream) =>
    [
        (Readable.Rate(stream.GigabitsPerSecond), Tone.Plain),
        (Short(stream.Complete), Tone.Plain),
        (Short(stream.Incomplete), stream.Incomplete > 0 ? Tone.Bad : Tone.Plain),
        (stream.MissingPercent is double missing
            ? string.Create(CultureInfo.InvariantCulture, $"{(missing > 0 ? Math.Max(missing, 0.01) : 0):0.##} %")
            : "-", stream.MissingPercent > 0 ? Tone.Bad : Tone.Plain),
        (Short(stream.BadCount), stream.BadCount > 0 ? Tone.Bad : Tone.Plain),
        (Short(stream.KernelDrops), stream.KernelDrops > 0 ? Tone.Bad : Tone.Plain),
        (stream.Now.RingLimit == 0 ? "-" : $"{Short(stream.Now.RingHeaps)}/{Short(stream.Now.RingLimit)}",
            stream.Now.RingLimit > 0 && stream.Now.RingHeaps >= stream.Now.RingLimit ? Tone.Warning : Tone.Plain),
        (stream.Silence is TimeSpan silence && !stream.Now.HasStopped ? Age(silence) : "-", Tone.Plain),
    ];

    private static string ProcessOf(StreamView stream) => Printable.Of(string.Create(
        CultureInfo.InvariantCulture, $"  process {stream.Now.Process} ({stream.Now.Program})"));

    // At most five characters: 99999, 123k, 9999M.
    internal static string Short(long value)
    {
        if (value < 100_000)
        {
            return value.ToString(CultureInfo.InvariantCulture);
        }

        double shown = value / 1e3;
        int unit = 0;
        for (; shown >= 9999.5; shown /= 1e3)
        {
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{shown:0}{"kMGTPE"[unit]}");
    }

    internal static string Age(TimeSpan age) => age.TotalHours >= 1
        ? string.Create(CultureInfo.InvariantCulture, $"{(long)Math.Min(age.TotalHours, 999)} h")
        : age.TotalMinutes >= 1
            ? string.Create(CultureInfo.InvariantCulture, $"{(long)age.TotalMinutes} min")
            : age.TotalSeconds >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{(long)age.TotalSeconds} s") : "<1 s";

    private static Cell[] Line(string text) => [new(text)];

    private static string Cut(string text, int width) => LiveScreen.Cut(text, width);

    private static IEnumerable<string> Wrap(string text, int width)
    {
        string line = "";
        foreach (string word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line;
                line = "";
            }

            line = line.Length == 0 ? Cut(word, width) : $"{line} {word}";
        }

        yield return line;
    }
}
