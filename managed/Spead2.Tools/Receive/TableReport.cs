// SPDX-License-Identifier: MIT

using Spead2.Receive;
using Spead2.Tools.Items;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>Tables for people: the heaps if they are few, what became of them, and the statistics.</summary>
/// <param name="terminal">Where they are written.</param>
/// <param name="showHeaps">Whether heaps have a line each, or with their values a table each.</param>
/// <param name="isFile">Whether all heaps come at once, so that many of them would only hide the rest.</param>
/// <param name="expect">Complete heaps that must arrive.</param>
internal sealed class TableReport(Terminal terminal, bool showHeaps, bool isFile, long? expect) : IReceiveReport
{
    // More heaps than this are not worth reading one by one.
    private const int MostHeaps = 40;

    private readonly TextTable _heaps = HeapTable.Create();
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
        if (update is null)
        {
            HeapTable.AddRow(_heaps, heap);
        }
        else
        {
            ValueTable.Write(terminal, heap, update);
        }
    }

    public void Flush()
    {
        // Values are shown at once, and everything else at the end.
    }

    public void Dispose()
    {
        // There is nothing to release.
    }

    public void Finish(HeapTally tally, StreamStatistics statistics, string? dialect, Verdict verdict)
    {
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
