// SPDX-License-Identifier: MIT

using Spead2.Receive;
using Spead2.Tools.Items;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>For people: the heaps, what became of them, and the statistics.</summary>
/// <param name="terminal">Where they are written.</param>
/// <param name="showHeaps">Whether heaps have a line each, or with their values a table each.</param>
/// <param name="isFile">Whether all heaps come at once, so that many of them would only hide the rest.</param>
/// <param name="expect">Heaps that must arrive in full.</param>
internal sealed class TableReport(Terminal terminal, bool showHeaps, bool isFile, long? expect) : IReceiveReport
{
    // More heaps of a file than this are not worth a table.
    private const int MostHeaps = 40;

    // Lines that are written together.
    private const int MostWaiting = 1000;

    private readonly TextTable _heaps = HeapText.NewTable();
    private readonly List<string> _lines = [];
    private long _shown;
    private long _notShown;

    public void Add(Heap heap, ItemUpdate? update)
    {
        if (!showHeaps)
        {
            return;
        }

        if (isFile && _shown == MostHeaps)
        {
            _notShown++;
            return;
        }

        _shown++;
        if (update is not null)
        {
            ValueTable.Write(terminal, heap, update);
        }
        else if (isFile)
        {
            HeapText.AddRow(_heaps, heap);
        }
        else
        {
            _lines.Add(HeapText.Line(heap));
            if (_lines.Count == MostWaiting)
            {
                Flush();
            }
        }
    }

    public void Flush()
    {
        if (_lines.Count > 0)
        {
            terminal.WriteLines(_lines);
            _lines.Clear();
        }
    }

    public void ShowInterval(HeapTally tally, StreamStatistics statistics, TimeSpan time)
    {
        // The display that changes is for people.
    }

    public void Dispose()
    {
        // There is nothing to release.
    }

    public void Finish(HeapTally tally, StreamStatistics statistics, string? dialect, Verdict verdict)
    {
        Flush();
        if (_heaps.RowCount > 0)
        {
            terminal.Write(_heaps);
        }

        if (_notShown > 0)
        {
            terminal.WriteLine($"… and {Readable.Number(_notShown)} more heaps (--json shows all)");
        }

        terminal.Write(SummaryTable.Create(tally, expect));
        terminal.Write(StatisticsTable.Create(statistics));
        if (StatisticsTable.Losses(statistics, dialect) is TextTable losses)
        {
            terminal.Write(losses);
        }

        terminal.WriteLine(verdict.Text, verdict.Tone);
    }
}
