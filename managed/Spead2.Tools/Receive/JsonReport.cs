// SPDX-License-Identifier: MIT

using System.Buffers;
using System.Text.Json;
using Spead2.Receive;

namespace Spead2.Tools.Receive;

/// <summary>One line of JSON per heap, and one with the statistics at the end.</summary>
internal sealed class JsonReport(Stream output, bool summaryOnly) : IReceiveReport
{
    // Lines are collected up to this many bytes while heaps come without a pause.
    private const int EnoughToWrite = 65536;

    private readonly ArrayBufferWriter<byte> _lines = new();

    public void Add(Heap heap)
    {
        if (summaryOnly)
        {
            return;
        }

        AddLine(json => HeapJson.Write(json, heap));
        if (_lines.WrittenCount >= EnoughToWrite)
        {
            Flush();
        }
    }

    public void Flush()
    {
        output.Write(_lines.WrittenSpan);
        output.Flush();
        _lines.ResetWrittenCount();
    }

    public void Finish(HeapTally tally, StreamStatistics statistics)
    {
        if (tally.Verifies)
        {
            AddLine(json =>
            {
                json.WriteStartObject();
                json.WriteStartObject("content");
                json.WriteNumber("right", tally.Right);
                json.WriteNumber("wrong", tally.Wrong);
                json.WriteEndObject();
                json.WriteEndObject();
            });
        }

        AddLine(json =>
        {
            json.WriteStartObject();
            json.WriteStartObject("stats");
            foreach ((string name, long value) in statistics)
            {
                json.WriteNumber(name, value);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        });
        Flush();
    }

    private void AddLine(Action<Utf8JsonWriter> write)
    {
        using (var json = new Utf8JsonWriter(_lines))
        {
            write(json);
        }

        _lines.Write("\n"u8);
    }
}
