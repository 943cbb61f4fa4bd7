// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text.Json;
using Spead2.Tools.Output;

namespace Spead2.Tools.Record;

/// <summary>What became of the datagrams: each of them is counted once.</summary>
/// <param name="settings">What was recorded.</param>
/// <param name="filler">What arrived.</param>
/// <param name="writer">What was written.</param>
/// <param name="time">How long it took.</param>
internal sealed class RecordReport(RecordSettings settings, ChunkFiller filler, FileWriter writer, TimeSpan time)
{
    /// <summary>Shows it.</summary>
    /// <returns>The process's exit code.</returns>
    public int Show(Terminal terminal)
    {
        if (settings.Json)
        {
            WriteJson(terminal);
        }
        else
        {
            terminal.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"Recorded {writer.Written} datagrams of {filler.Datagrams}, {Readable.Bytes(filler.Bytes)} in {Readable.Seconds(time)}, {Readable.GigabitsPerSecond(filler.Bytes, time):0.000} Gb/s; {writer.Files} files, {Readable.Bytes(writer.Bytes)}."));
        }

        foreach (string warning in Warnings())
        {
            terminal.Say($"warning: {warning}");
        }

        return writer.Failure is not null || filler.NoMemory + filler.KernelDrops > 0 ? ExitCode.Failure
            : filler.Datagrams == 0 ? ExitCode.NothingArrived
            : ExitCode.Success;
    }

    private IEnumerable<string> Warnings()
    {
        if (writer.Failure is { } failure)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture, $"{failure}; {writer.Lost} datagrams that had arrived are not in it.");
        }

        if (filler.NoMemory > 0)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"{filler.NoMemory} datagrams are lost, as {Readable.Bytes(settings.Memory)} waited for the disk: it is too slow, or give more with --memory.");
        }

        if (filler.KernelDrops > 0)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"{filler.KernelDrops} messages are lost, as they found a full socket buffer: --buffer-size asks for a larger one.");
        }

        if (settings.Keep is not null && filler is { Triggers: 0, Datagrams: > 0 })
        {
            yield return "there was no trigger, so that nothing was written.";
        }
    }

    private void WriteJson(Terminal terminal)
    {
        using JsonLines lines = new(terminal.Output);
        Utf8JsonWriter json = lines.Json;
        json.WriteStartObject();
        json.WriteNumber("datagrams", filler.Datagrams);
        json.WriteNumber("bytes", filler.Bytes);
        json.WriteNumber("seconds", Math.Round(time.TotalSeconds, digits: 6));
        json.WriteNumber("written", writer.Written);
        json.WriteNumber("lost_memory", filler.NoMemory);
        json.WriteNumber("lost_file", writer.Lost);
        json.WriteNumber("kernel_drop_messages", filler.KernelDrops);
        json.WriteNumber("files", writer.Files);
        json.WriteNumber("file_bytes", writer.Bytes);
        if (settings.Keep is not null)
        {
            json.WriteNumber("triggers", filler.Triggers);
            json.WriteNumber("too_old", filler.Forgotten);
        }

        json.WriteEndObject();
        lines.EndLine();
        lines.Flush();
    }
}
