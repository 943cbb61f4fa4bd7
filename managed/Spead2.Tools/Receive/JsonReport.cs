// SPDX-License-Identifier: MIT

using System.Text.Json;
using Spead2.Receive;
using Spead2.Tools.Items;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>One line of JSON per heap, and at the end one with the statistics and the verdict.</summary>
internal sealed class JsonReport(Stream output, bool summaryOnly) : IReceiveReport
{
    private readonly JsonLines _lines = new(output);
    private long _lastBytes;
    private TimeSpan _lastTime;

    public void Add(Heap heap, ItemUpdate? update)
    {
        if (!summaryOnly)
        {
            HeapJson.Write(_lines, heap, update);
            _lines.EndLine();
        }
    }

    public void Flush() => _lines.Flush();

    public void ShowInterval(HeapTally tally, StreamStatistics statistics, TimeSpan time)
    {
        Utf8JsonWriter json = _lines.Json;
        json.WriteStartObject();
        json.WriteStartObject("interval");
        json.WriteNumber("seconds", Math.Round(time.TotalSeconds, digits: 3));
        json.WriteNumber("complete", tally.Complete);
        json.WriteNumber("incomplete", tally.Incomplete);
        json.WriteNumber("missing", Math.Max(0, statistics.HeapsMissing + statistics.HeapsUncertain - statistics.HeapsLate));
        json.WriteNumber("gigabits_per_second", Readable.GigabitsPerSecond(statistics.PayloadBytes - _lastBytes, time - _lastTime));
        json.WriteEndObject();
        WriteNumbers("stats", NumbersOf(statistics));
        json.WriteEndObject();
        _lines.EndLine();
        Flush();
        (_lastBytes, _lastTime) = (statistics.PayloadBytes, time);
    }

    public void Finish(HeapTally tally, StreamStatistics statistics, string? dialect, Verdict verdict)
    {
        Utf8JsonWriter json = _lines.Json;
        if (tally.Verifies)
        {
            AddLine("content", ("right", tally.Right), ("wrong", tally.Wrong));
        }

        if (tally.Interprets)
        {
            AddLine("items", ("interpreted", tally.Interpreted), ("errors", tally.NotInterpreted));
        }

        if (dialect is not null)
        {
            json.WriteStartObject();
            json.WriteString("suggested_dialect", dialect);
            json.WriteEndObject();
            _lines.EndLine();
        }

        json.WriteStartObject();
        WriteNumbers("stats", NumbersOf(statistics));
        json.WriteStartObject("verdict");
        json.WriteString("text", verdict.Text);
        json.WriteBoolean("loss", verdict.IsLoss);
        json.WriteBoolean("nothing", verdict.IsNothing);
        json.WriteBoolean("known", verdict.IsKnown);
        if (verdict.Period is { } period)
        {
            json.WriteStartObject("period");
            json.WriteNumber("seconds", period.Period.TotalSeconds);
            json.WriteNumber("confidence", period.Confidence);
            json.WriteNumber("losses", period.Losses);
            json.WriteString("cause", JsonNamingPolicy.SnakeCaseLower.ConvertName($"{period.Cause}"));
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
        _lines.EndLine();
        Flush();
    }

    public void Dispose() => _lines.Dispose();

    private static (string Name, long Value)[] NumbersOf(StreamStatistics statistics) =>
        [.. statistics.Select(statistic => (statistic.Key, statistic.Value))];

    private void AddLine(string what, params ReadOnlySpan<(string Name, long Value)> numbers)
    {
        _lines.Json.WriteStartObject();
        WriteNumbers(what, numbers);
        _lines.Json.WriteEndObject();
        _lines.EndLine();
    }

    private void WriteNumbers(string what, params ReadOnlySpan<(string Name, long Value)> numbers)
    {
        _lines.Json.WriteStartObject(what);
        foreach ((string name, long value) in numbers)
        {
            _lines.Json.WriteNumber(name, value);
        }

        _lines.Json.WriteEndObject();
    }
}
