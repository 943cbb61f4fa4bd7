// SPDX-License-Identifier: MIT

using Spead2.Receive;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>The statistics of a stream: those that simply tell, and those that should be zero and are not.</summary>
internal static class StatisticsTable
{
    public static TextTable Create(StreamStatistics statistics)
    {
        TextTable table = new TextTable("Statistics")
            .HideHeaders()
            .AddColumn("name")
            .AddColumn("value", isRight: true);
        foreach ((string name, long value) in statistics.Where(s => LossExplanation.Of(s.Key) is null))
        {
            table.AddRow(name, Readable.Number(value));
        }

        return table;
    }

    /// <summary>Null if there is nothing to explain.</summary>
    /// <param name="statistics">The statistics.</param>
    /// <param name="dialect">Name of a dialect that takes what was refused; null if there is none.</param>
    public static TextTable? Losses(StreamStatistics statistics, string? dialect)
    {
        TextTable table = new TextTable("Lost, refused or slow", Tone.Warning)
            .AddColumn("name")
            .AddColumn("value", isRight: true)
            .AddColumn("what it means");
        foreach ((string name, long value) in statistics.Where(s => s.Value > 0))
        {
            if (LossExplanation.Of(name, dialect) is string text)
            {
                table.AddRow(name, Readable.Number(value), text);
            }
        }

        return table.RowCount > 0 ? table : null;
    }
}
