// SPDX-License-Identifier: MIT

using System.Globalization;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>What became of the heaps, and how fast they came.</summary>
internal static class SummaryTable
{
    // Shorter times say more of the start of the process than of the stream.
    private static readonly TimeSpan WorthMeasuring = TimeSpan.FromMilliseconds(100);

    public static TextTable Create(HeapTally tally, long? expect)
    {
        TextTable table = new TextTable("Received")
            .HideHeaders()
            .AddColumn("what")
            .AddColumn("how many", isRight: true)
            .AddRow("heaps complete", Readable.Number(tally.Complete));
        if (expect is long expected)
        {
            long lost = Math.Max(0, expected - tally.Full);
            table.AddRow("heaps lost", Coloured(lost, Tone.Bad));
        }

        if (tally.Contiguous > 0)
        {
            table.AddRow("heaps of unknown length", Readable.Number(tally.Contiguous));
        }

        if (tally.Incomplete > 0)
        {
            table.AddRow("heaps incomplete", Coloured(tally.Incomplete, Tone.Warning));
        }

        if (tally.Interprets)
        {
            table.AddRow("heaps interpreted", Readable.Number(tally.Interpreted));
            table.AddRow("heaps not fully interpreted", Coloured(tally.NotInterpreted, Tone.Bad));
        }

        if (tally.Verifies)
        {
            table.AddRow("content right", Readable.Number(tally.Right));
            table.AddRow("content wrong", Coloured(tally.Wrong, Tone.Bad));
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

    private static Cell Coloured(long value, Tone ifNotZero) =>
        new(Readable.Number(value), value == 0 ? Tone.Plain : ifNotZero);
}
