// SPDX-License-Identifier: MIT

using System.Text.Json;
using Spead2.Tools.Output;
using Spectre.Console;

namespace Spead2.Soak.Reports;

/// <summary>A run beside a hostile sender, for people and for programs.</summary>
internal static class HostileReport
{
    /// <summary>Prints it.</summary>
    public static void Show(IAnsiConsole console, HostileResult result)
    {
        Table table = new Table()
            .Title($"{result.Settings.Engine} engine beside a hostile sender, {Readable.Seconds(result.Time)}, "
                + $"seed {result.Settings.Seed}")
            .RoundedBorder().AddColumn("what").AddColumn(new TableColumn("measured").RightAligned())
            .AddColumn(new TableColumn("allowed").RightAligned());
        Row(
            "good heaps of one packet that arrived",
            Readable.Number(result.SmallArrived),
            Readable.Number(result.SmallHeaps));
        Row(
            "good heaps of several packets that arrived",
            Readable.Number(result.LargerArrived),
            $"of {Readable.Number(result.LargerHeaps)}");
        Row("hostile datagrams sent", Readable.Number(result.HostileDatagrams), "");
        Row("  of these dropped by the kernel", Readable.Number(result.HostileDropped), "");
        Row("committed to heaps, at most", Readable.Bytes(result.MostUsed), Readable.Bytes(result.UsedBound));
        Row("blocks wait to be used again, at most", Readable.Bytes(result.MostCached), "");
        Row("the process grew by, at most", Readable.Bytes(result.MostGrowth), Readable.Bytes(result.GrowthBound));
        Row("messages of all levels", Readable.Number(result.Messages), Readable.Number(result.MessagesBound));
        foreach ((string name, long value) in result.Received.Values.Where(pair => pair.Value != 0))
        {
            Row(name, Readable.Number(value), "");
        }

        console.Write(table);
        foreach (string finding in result.Findings)
        {
            console.MarkupLineInterpolated($"[red]{finding}[/]");
        }

        void Row(string what, string measured, string allowed) => table.AddRow(what, measured, allowed);
    }

    /// <summary>Prints it as one JSON object on one line.</summary>
    public static void WriteJson(TextWriter output, HostileResult result) =>
        output.WriteLine(JsonSerializer.Serialize(new
        {
            engine = result.Settings.Engine.Name,
            seed = result.Settings.Seed,
            seconds = result.Time.TotalSeconds,
            good_heaps_of_one_packet = result.SmallHeaps,
            good_heaps_of_one_packet_arrived = result.SmallArrived,
            good_heaps_of_several_packets = result.LargerHeaps,
            good_heaps_of_several_packets_arrived = result.LargerArrived,
            hostile_datagrams = result.HostileDatagrams,
            hostile_datagrams_dropped = result.HostileDropped,
            most_used_bytes = result.MostUsed,
            used_bytes_allowed = result.UsedBound,
            most_growth_bytes = result.MostGrowth,
            growth_bytes_allowed = result.GrowthBound,
            messages = result.Messages,
            messages_allowed = result.MessagesBound,
            received = result.Received.Values.ToDictionary(),
            findings = result.Findings,
        }));
}
