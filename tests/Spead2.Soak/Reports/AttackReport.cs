// SPDX-License-Identifier: MIT

using System.Text.Json;
using Spead2.Tools.Output;
using Spectre.Console;

namespace Spead2.Soak.Reports;

/// <summary>A run beside datagrams that ask for much memory, for people and for programs.</summary>
internal static class AttackReport
{
    /// <summary>Prints it.</summary>
    public static void Show(IAnsiConsole console, AttackResult result)
    {
        string cnts = result.Settings.ReusesCnts ? "two cnts" : "new cnts";
        Table table = new Table()
            .Title($"{result.Settings.Engine} engine, max_heaps {result.Settings.MaxHeaps}, hostile heaps of {cnts}, "
                + Readable.Seconds(result.Time))
            .RoundedBorder().AddColumn("what").AddColumn(new TableColumn("measured").RightAligned())
            .AddColumn(new TableColumn("allowed").RightAligned());
        Row("good heaps that arrived", Readable.Number(result.Arrived), Readable.Number(result.Settings.Heaps));
        Row("hostile datagrams sent", Readable.Number(result.HostileDatagrams), "");
        Row("datagrams dropped by the kernel", Readable.Number(result.Received.KernelDropMessages), "0");
        Row("the process grew by, at most", Readable.Bytes(result.MostGrowth), Readable.Bytes(result.GrowthBound));
        console.Write(table);
        foreach (string finding in result.Findings)
        {
            console.MarkupLineInterpolated($"[red]{finding}[/]");
        }

        void Row(string what, string measured, string allowed) => table.AddRow(what, measured, allowed);
    }

    /// <summary>Prints it as one JSON object on one line.</summary>
    public static void WriteJson(TextWriter output, AttackResult result) =>
        output.WriteLine(JsonSerializer.Serialize(new
        {
            engine = result.Settings.Engine.Name,
            seconds = result.Time.TotalSeconds,
            max_heaps = result.Settings.MaxHeaps,
            reuses_cnts = result.Settings.ReusesCnts,
            good_heaps = result.Settings.Heaps,
            good_heaps_arrived = result.Arrived,
            hostile_datagrams = result.HostileDatagrams,
            kernel_drop_messages = result.Received.KernelDropMessages,
            growth = result.MostGrowth,
            growth_allowed = result.GrowthBound,
            findings = result.Findings,
        }));
}
