// SPDX-License-Identifier: MIT

using System.Text.Json;
using Spead2.Tools.Output;

namespace Spead2.Tools.Send;

/// <summary>Shows what was sent.</summary>
internal static class SendReport
{
    public static void WriteJson(Stream output, SendTally tally, PacketFaults? faults)
    {
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteNumber("heaps", tally.Heaps);
            json.WriteNumber("packets", tally.Packets);
            json.WriteNumber("bytes", tally.Bytes);
            json.WriteNumber("packets_failed", tally.Failed);
            if (faults is not null)
            {
                json.WriteNumber("packets_dropped", faults.Dropped);
                json.WriteNumber("packets_duplicated", faults.Duplicated);
                json.WriteNumber("packets_reordered", faults.Reordered);
            }

            json.WriteNumber("seconds", tally.Time.TotalSeconds);
            json.WriteNumber("gigabits_per_second", Readable.GigabitsPerSecond(tally.Bytes, tally.Time));
            json.WriteEndObject();
        }

        output.WriteByte((byte)'\n');
        output.Flush();
    }

    public static void WriteTable(Terminal terminal, SendTally tally, PacketFaults? faults)
    {
        TextTable table = new TextTable("Sent")
            .HideHeaders()
            .AddColumn("what")
            .AddColumn("how many", isRight: true)
            .AddRow("heaps", Readable.Number(tally.Heaps))
            .AddRow("packets", Readable.Number(tally.Packets));
        if (tally.Failed != 0)
        {
            table.AddRow("packets that failed", Readable.Number(tally.Failed));
        }

        if (faults is not null)
        {
            table.AddRow("packets lost on purpose", Readable.Number(faults.Dropped))
                .AddRow("packets sent twice", Readable.Number(faults.Duplicated))
                .AddRow("packets that overtook others", Readable.Number(faults.Reordered));
        }

        terminal.Write(table
            .AddRow("bytes of packets", Readable.Bytes(tally.Bytes))
            .AddRow("time", Readable.Seconds(tally.Time))
            .AddRow("rate", Readable.Rate(tally.Bytes, tally.Time)));
    }
}
