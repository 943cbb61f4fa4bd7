// SPDX-License-Identifier: MIT

using Spead2.Receive.Pages;
using Spead2.Tools.Output;

namespace Spead2.Tools.Top;

/// <summary>A run of `spead2 top`.</summary>
/// <param name="folder">Where to look; null: wherever pages are.</param>
/// <param name="interval">Time between two readings.</param>
/// <param name="isOnce">Whether to show the streams once and end.</param>
/// <param name="isJson">Whether to write JSON.</param>
/// <param name="terminal">Where it is shown.</param>
internal sealed class TopRun(string? folder, TimeSpan interval, bool isOnce, bool isJson, Terminal terminal)
{
    // More streams than a screen has lines; others' files must not cost more.
    private const int MostPages = 256;

    private Dictionary<string, PageReading> _before = [];

    /// <summary>Shows streams until it is interrupted.</summary>
    /// <returns>The process's exit code.</returns>
    public int Run()
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new UserErrorException("Statistics of other processes can be read on Linux only.");
        }

        using ManualResetEventSlim end = new();
        using var interrupt = new Interrupt(end.Set);
        Read();
        if (isJson)
        {
            using JsonLines lines = new(terminal.Output);
            Repeat(end, streams => WriteJson(lines, streams));
        }
        else if (!terminal.IsWatched || isOnce)
        {
            Repeat(end, WriteText);
        }
        else
        {
            terminal.WithLive(screen => Repeat(end, streams => screen.Draw(TopTable.Lines(streams, LiveScreen.Width))));
        }

        return ExitCode.Success;
    }

    private void Repeat(ManualResetEventSlim end, Action<IReadOnlyList<StreamView>> show)
    {
        while (!end.Wait(interval))
        {
            show(Read());
            if (isOnce)
            {
                return;
            }
        }
    }

    private void WriteText(IReadOnlyList<StreamView> streams) => terminal.WriteLines(
        [.. TopTable.Lines(streams, LiveScreen.Width).Select(line => string.Concat(line.Select(cell => cell.Content)))]);

    private static void WriteJson(JsonLines lines, IReadOnlyList<StreamView> streams)
    {
        foreach (StreamView stream in streams)
        {
            lines.Json.WriteStartObject();
            lines.Json.WriteString("name", stream.Now.Name);
            lines.Json.WriteNumber("pid", stream.Now.Process);
            lines.Json.WriteString("program", stream.Now.Program);
            lines.Json.WriteString("time", stream.Time);
            lines.Json.WriteBoolean("stopped", stream.Now.HasStopped);
            lines.Json.WriteNumber("gbit_per_s", stream.GigabitsPerSecond);
            lines.Json.WriteNumber("complete", stream.Complete);
            lines.Json.WriteNumber("incomplete", stream.Incomplete);
            if (stream.MissingPercent is double missing)
            {
                lines.Json.WriteNumber("missing_percent", missing);
            }

            if (stream.Silence is TimeSpan silence)
            {
                lines.Json.WriteNumber("last_heap_s", silence.TotalSeconds);
            }

            lines.Json.WriteNumber("ring_heaps", stream.Now.RingHeaps);
            lines.Json.WriteNumber("ring_limit", stream.Now.RingLimit);
            lines.Json.WriteString("verdict", stream.Verdict.Text);
            lines.Json.WriteStartArray("sources");
            foreach (PageSource source in stream.Now.Sources)
            {
                lines.Json.WriteStartObject();
                lines.Json.WriteString("name", source.Name);
                lines.Json.WriteNumber("packets", source.Packets);
                lines.Json.WriteNumber("bytes", source.Bytes);
                lines.Json.WriteNumber("kernel_drops", source.KernelDrops);
                lines.Json.WriteEndObject();
            }

            lines.Json.WriteEndArray();
            lines.Json.WriteStartObject("stats");
            foreach ((string name, long value) in stream.Now.Statistics)
            {
                lines.Json.WriteNumber(name, value);
            }

            lines.Json.WriteEndObject();
            lines.Json.WriteEndObject();
            lines.EndLine();
        }

        lines.Flush();
    }

    private List<StreamView> Read()
    {
        List<PageReading> pages = [];
        foreach (string place in folder is null ? PageFolder.All : [folder])
        {
            PageFolder.RemoveStale(place);
            pages.AddRange(PageFolder.Find(place).Where(path => !PageFolder.IsGone(path)).Take(MostPages)
                .Select(PageReading.Read).OfType<PageReading>());
        }

        DateTime now = DateTime.UtcNow;
        List<StreamView> views =
        [
            .. pages.OrderBy(page => page.Name, StringComparer.Ordinal).ThenBy(page => page.Path, StringComparer.Ordinal)
                .Select(page => new StreamView(_before.GetValueOrDefault(page.Path, page), page, now)),
        ];
        _before = pages.ToDictionary(page => page.Path);
        return views;
    }
}
