// SPDX-License-Identifier: MIT

using Spead2.Receive;
using Spead2.Tools.Output;
using Spectre.Console;

namespace Spead2.Tools.Receive;

/// <summary>Tables for people: the heaps if they are few, what became of them, and the statistics.</summary>
internal sealed class TableReport(IAnsiConsole console, bool showHeaps, long? expect) : IReceiveReport
{
    // More heaps than this are not worth reading one by one.
    private const int MostHeaps = 40;

    private readonly Table _heaps = HeapTable.Create();
    private long _notShown;

    public void Add(Heap heap)
    {
        if (!showHeaps)
        {
            return;
        }

        if (_heaps.Rows.Count < MostHeaps)
        {
            HeapTable.AddRow(_heaps, heap);
        }
        else
        {
            _notShown++;
        }
    }

    public void Flush()
    {
        // Everything is shown at the end.
    }

    public void Finish(HeapTally tally, StreamStatistics statistics)
    {
        if (_heaps.Rows.Count > 0)
        {
            console.Write(_heaps);
        }

        if (_notShown > 0)
        {
            console.WriteLine($"… and {Readable.Number(_notShown)} more heaps (--json shows all)");
        }

        console.Write(SummaryTable.Create(tally, expect));
        console.Write(StatisticsTable.Create(statistics));
        if (StatisticsTable.Losses(statistics) is Table losses)
        {
            console.Write(losses);
        }
        else
        {
            console.MarkupLine("[green]Nothing was lost or refused.[/]");
        }
    }
}
