// SPDX-License-Identifier: MIT

using System.Globalization;
using Spead2.Tools.Output;
using Spectre.Console;

namespace Spead2.Tools.Receive;

/// <summary>What became of the heaps, and how fast they came.</summary>
internal static class SummaryTable
{
    // Shorter times say more of the start of the process than of the stream.
    private static readonly TimeSpan WorthMeasuring = TimeSpan.FromMilliseconds(100);

    public static Table Create(HeapTally tally, long? expect)
    {
        Table table = new Table()
            .Title("Received")
            .RoundedBorder()
            .HideHeaders()
            .AddColumn("what")
            .AddColumn(new TableColumn("how many").RightAligned())
            .AddRow("heaps complete", Readable.Number(tally.Complete));
        if (expect is long expected)
        {
            long lost = Math.Max(0, expected - tally.Complete);
            table.AddRow("heaps lost", Coloured(lost, "red"));
        }

        if (tally.Contiguous > 0)
        {
            table.AddRow("heaps of unknown length", Readable.Number(tally.Contiguous));
        }

        if (tally.Incomplete > 0)
        {
            table.AddRow("heaps incomplete", Coloured(tally.Incomplete, "yellow"));
        }

        if (tally.Interprets)
        {
            table.AddRow("heaps interpreted", Readable.Number(tally.Interpreted));
            table.AddRow("heaps that cannot be interpreted", Coloured(tally.NotInterpreted, "red"));
        }

        if (tally.Verifies)
        {
            table.AddRow("content right", Readable.Number(tally.Right));
            table.AddRow("content wrong", Coloured(tally.Wrong, "red"));
        }

        if (tally.Wrong > 0)
        {
            table.AddRow("first wrong heap cnt", tally.FirstWrong.ToString(CultureInfo.InvariantCulture));
        }

        table.AddRow("payload", Readable.Bytes(tally.Bytes));
        if (tally.Duration >= WorthMeasuring)
        {
            table.AddRow("time from first to last heap", Readable.Seconds(tally.Duration));
            table.AddRow("rate", Readable.Rate(tally.Bytes, tally.Duration));
        }

        return table;
    }

    private static string Coloured(long value, string colourIfNotZero) =>
        value == 0 ? "0" : $"[{colourIfNotZero}]{Readable.Number(value)}[/]";
}
