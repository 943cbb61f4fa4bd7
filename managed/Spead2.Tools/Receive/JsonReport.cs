// SPDX-License-Identifier: MIT

using System.Text.Json;
using Spead2.Receive;
using Spead2.Tools.Items;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>One line of JSON per heap, and one with the statistics at the end.</summary>
internal sealed class JsonReport(Stream output, bool summaryOnly) : IReceiveReport
{
    private readonly JsonLines _lines = new(output);

    public void Add(Heap heap, ItemUpdate? update)
    {
        if (!summaryOnly)
        {
            HeapJson.Write(_lines, heap, update);
            _lines.EndLine();
        }
    }

    public void Flush() => _lines.Flush();

    public void Finish(HeapTally tally, StreamStatistics statistics, string? dialect, Verdict verdict)
    {
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
            _lines.Json.WriteStartObject();
            _lines.Json.WriteString("suggested_dialect", dialect);
            _lines.Json.WriteEndObject();
            _lines.EndLine();
        }

        AddLine("stats", [.. statistics.Select(statistic => (statistic.Key, statistic.Value))]);
        Flush();
    }

    public void Dispose() => _lines.Dispose();

    private void AddLine(string what, params ReadOnlySpan<(string Name, long Value)> numbers)
    {
        Utf8JsonWriter json = _lines.Json;
        json.WriteStartObject();
        json.WriteStartObject(what);
        foreach ((string name, long value) in numbers)
        {
            json.WriteNumber(name, value);
        }

        json.WriteEndObject();
        json.WriteEndObject();
        _lines.EndLine();
    }
}
