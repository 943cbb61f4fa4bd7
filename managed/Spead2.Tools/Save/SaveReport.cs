// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text.Json;
using Spead2.Receive;
using Spead2.Tools.Output;

namespace Spead2.Tools.Save;

/// <summary>What became of the heaps that were to be saved: each of them is counted once.</summary>
/// <param name="settings">What was asked for.</param>
/// <param name="saver">What was done.</param>
/// <param name="undescribed">Raw items without a descriptor.</param>
internal sealed class SaveReport(SaveSettings settings, HeapSaver saver, long undescribed)
{
    // Writing that takes a larger part of the time leaves little for heaps that come closer together.
    private const double LargePart = 0.5;

    /// <summary>Shows it.</summary>
    /// <param name="terminal">Where.</param>
    /// <param name="json">Whether programs read it.</param>
    /// <param name="statistics">What the stream has counted.</param>
    /// <param name="time">Time from the first heap to the last.</param>
    public void Show(Terminal terminal, bool json, StreamStatistics statistics, TimeSpan time)
    {
        if (json)
        {
            WriteJson(terminal);
        }
        else
        {
            terminal.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"Saved {saver.Saved} heaps in '{settings.Folder}': {saver.Files} files, {Readable.Bytes(saver.Bytes)}."));
        }

        foreach (string warning in Warnings(statistics, time))
        {
            terminal.Say($"warning: {warning}");
        }
    }

    private IEnumerable<string> Warnings(StreamStatistics statistics, TimeSpan time)
    {
        if (saver.Failure is { } failure)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture, $"{failure}; {saver.Saved} heaps are saved, {saver.Lost} that had arrived are not.");
        }

        bool isLost = statistics.KernelDropMessages + statistics.HeapsMissing + statistics.IncompleteHeapsEvicted > 0;
        if (statistics.WorkerBlocked > 0 && isLost && saver.Writing > LargePart * time)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"the disk is too slow: writing took {Readable.Seconds(saver.Writing)} of {Readable.Seconds(time)}, and the stream paused {statistics.WorkerBlocked} times, in which packets were lost. More --ring-heaps help for a moment only.");
        }

        if (saver.Incomplete > 0)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{saver.Incomplete} heaps with gaps have no values to be saved.");
        }

        if (saver.ValuesLeftOut > 0)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture, $"{saver.ValuesLeftOut} values that do not fit their descriptors are not saved.");
        }

        if (undescribed > 0)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"{undescribed} items are not saved, as they had no descriptor yet; --preset describes those of streams that carry none.");
        }
    }

    private void WriteJson(Terminal terminal)
    {
        using JsonLines lines = new(terminal.Output);
        Utf8JsonWriter json = lines.Json;
        json.WriteStartObject();
        json.WriteStartObject("saved");
        json.WriteNumber("heaps", saver.Saved);
        json.WriteNumber("lost", saver.Lost);
        json.WriteNumber("incomplete", saver.Incomplete);
        json.WriteNumber("values_left_out", saver.ValuesLeftOut);
        json.WriteNumber("undescribed", undescribed);
        json.WriteNumber("files", saver.Files);
        json.WriteNumber("bytes", saver.Bytes);
        json.WriteNumber("seconds", Math.Round(saver.Writing.TotalSeconds, digits: 6));
        json.WriteEndObject();
        json.WriteEndObject();
        lines.EndLine();
        lines.Flush();
    }
}
