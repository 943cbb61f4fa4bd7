// SPDX-License-Identifier: MIT

using System.Text;
using Spectre.Console.Rendering;

namespace Spead2.Tools.Output;

/// <summary>
/// The lower end of a terminal, which changes while lines scroll by above it: a table, and under it the latest warnings,
/// each cut to the width. Messages may come from any thread; one thread draws.
/// </summary>
/// <param name="writer">The terminal.</param>
/// <param name="hasColour">Whether tones are shown.</param>
internal sealed class LiveScreen(TextWriter writer, bool hasColour)
{
    // Where the system does not know how large the terminal is.
    private const int UsualWidth = 80;
    private const int UsualHeight = 24;

    private const int ShownWarnings = 4;

    // More than this nobody reads one by one; a stream that fails in every packet would otherwise fill the memory.
    private const int KeptWarnings = 100;

    private readonly Lock _gate = new();
    private readonly Queue<string> _warnings = new();
    private readonly Queue<string> _results = new();
    private readonly List<string> _messages = [];
    private long _warningCount;
    private long _resultsLeftOut;
    private int _drawnLines;

    /// <summary>Columns that can be written without the terminal going to the next line.</summary>
    public static int Width => Or(() => Console.WindowWidth, UsualWidth) - 1;

    private static int Height => Or(() => Console.WindowHeight, UsualHeight);

    /// <summary>Shows a message in full above the table.</summary>
    public void Say(string message)
    {
        lock (_gate)
        {
            _messages.Add(message);
        }
    }

    /// <summary>Shows a warning under the table, and in full at the end.</summary>
    public void Warn(string warning)
    {
        lock (_gate)
        {
            _warningCount++;
            _warnings.Enqueue(warning);
            if (_warnings.Count > KeptWarnings)
            {
                _warnings.Dequeue();
            }
        }
    }

    /// <summary>Shows a line above the table. Of those that would scroll by at once only the latest are shown.</summary>
    public void Print(string line)
    {
        lock (_gate)
        {
            _results.Enqueue(line);
            if (_results.Count > Height)
            {
                _results.Dequeue();
                _resultsLeftOut++;
            }
        }
    }

    /// <summary>Draws the table, with everything that has come since the last time.</summary>
    /// <param name="table">Lines of cells, which are not wider than <see cref="Width"/>.</param>
    public void Draw(IEnumerable<IReadOnlyList<Cell>> table)
    {
        StringBuilder text = new();
        MoveToTop(text);
        AppendScrolling(text);
        List<string> lines = [.. table.Select(cells => string.Concat(cells.Select(Show)))];
        lines.AddRange(WarningLines(Math.Max(0, Height - 1 - lines.Count)));
        _drawnLines = Math.Min(lines.Count, Math.Max(1, Height - 1));
        foreach (string line in lines.Take(_drawnLines))
        {
            text.Append(line).Append("\u001b[K\n");
        }

        // In one piece, so that nobody sees half of it.
        writer.Write(text.Append("\u001b[J").ToString());
        writer.Flush();
    }

    /// <summary>Removes the table; what has come since it was drawn is shown.</summary>
    /// <returns>The warnings in full, the oldest first.</returns>
    public IReadOnlyList<string> End()
    {
        StringBuilder text = new();
        MoveToTop(text);
        text.Append("\u001b[J");
        AppendScrolling(text);
        writer.Write(text.ToString());
        writer.Flush();
        lock (_gate)
        {
            long lost = _warningCount - _warnings.Count;
            return [.. lost > 0 ? (string[])[$"… {Readable.Number(lost)} earlier warnings"] : [], .. _warnings];
        }
    }

    /// <summary>A text that takes at most so many columns; an ellipsis stands for the rest.</summary>
    internal static string Cut(string text, int columns)
    {
        if (new Segment(text).CellCount() <= columns)
        {
            return text;
        }

        StringBuilder cut = new();
        int used = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            string one = rune.ToString();
            used += new Segment(one).CellCount();
            if (used > columns - 1)
            {
                break;
            }

            cut.Append(one);
        }

        return columns > 0 ? cut.Append('…').ToString() : "";
    }

    private static int Or(Func<int> ask, int otherwise)
    {
        try
        {
            return ask() is > 0 and int answer ? answer : otherwise;
        }
        catch (IOException)
        {
            return otherwise;
        }
    }

    private static string ColourOf(Tone tone) => tone switch
    {
        Tone.Good => "\u001b[32m",
        Tone.Warning => "\u001b[33m",
        Tone.Bad => "\u001b[31m",
        _ => "",
    };

    private string Show(Cell cell)
    {
        string colour = hasColour ? ColourOf(cell.Tone) : "";
        string text = Printable.Of(cell.Content);
        return colour.Length == 0 ? text : $"{colour}{text}\u001b[0m";
    }

    private void MoveToTop(StringBuilder text)
    {
        if (_drawnLines > 0)
        {
            text.Append('\r').Append("\u001b[").Append(_drawnLines).Append('A');
        }

        _drawnLines = 0;
    }

    private void AppendScrolling(StringBuilder text)
    {
        lock (_gate)
        {
            IEnumerable<string> lines =
            [
                .. _messages,
                .. _resultsLeftOut > 0 ? (string[])[$"… {Readable.Number(_resultsLeftOut)} heaps"] : [],
                .. _results,
            ];
            foreach (string line in lines)
            {
                text.Append(Printable.Of(line)).Append("\u001b[K\n");
            }

            _messages.Clear();
            _results.Clear();
            _resultsLeftOut = 0;
        }
    }

    private List<string> WarningLines(int room)
    {
        lock (_gate)
        {
            int shown = Math.Min(Math.Min(_warnings.Count, ShownWarnings), room);
            List<string> lines = [.. _warnings.TakeLast(shown)];
            long earlier = _warningCount - shown;
            if (earlier > 0 && shown < room)
            {
                lines.Insert(0, $"… {Readable.Number(earlier)} earlier warnings; the end shows them");
            }

            return [.. lines.Select(line => Show(new(Cut(Printable.Of(line), Width), Tone.Warning)))];
        }
    }
}
