// SPDX-License-Identifier: MIT

using Spead2.Receive;
using Spead2.Tools.Output;
using Spectre.Console;

namespace Spead2.Tools.Receive;

/// <summary>The statistics of a stream: those that simply tell, and those that should be zero and are not.</summary>
internal static class StatisticsTable
{
    public static Table Create(StreamStatistics statistics)
    {
        Table table = new Table()
            .Title("Statistics")
            .RoundedBorder()
            .HideHeaders()
            .AddColumn("name")
            .AddColumn(new TableColumn("value").RightAligned());
        foreach ((string name, long value) in statistics.Where(s => LossExplanation.Of(s.Key) is null))
        {
            table.AddRow(name, Readable.Number(value));
        }

        return table;
    }

    /// <summary>Null if there is nothing to explain.</summary>
    public static Table? Losses(StreamStatistics statistics)
    {
        Table table = new Table()
            .Title("[yellow]Lost, refused or slow[/]")
            .RoundedBorder()
            .AddColumn("name")
            .AddColumn(new TableColumn("value").RightAligned())
            .AddColumn("what it means");
        foreach ((string name, long value) in statistics.Where(s => s.Value > 0))
        {
            if (LossExplanation.Of(name) is string text)
            {
                table.AddRow(name, Readable.Number(value), Markup.Escape(text));
            }
        }

        return table.Rows.Count > 0 ? table : null;
    }
}
