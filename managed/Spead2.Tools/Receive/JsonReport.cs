// SPDX-License-Identifier: MIT

using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Spead2.Receive;
using Spead2.Tools.Items;

namespace Spead2.Tools.Receive;

/// <summary>One line of JSON per heap, and one with the statistics at the end.</summary>
internal sealed class JsonReport(Stream output, bool summaryOnly) : IReceiveReport
{
    // Lines are collected up to this many bytes while heaps come without a pause.
    private const int EnoughToWrite = 65536;

    // Types have < and > in them, which only HTML would need escaped.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ArrayBufferWriter<byte> _lines = new();

    public void Add(Heap heap, ItemUpdate? update)
    {
        if (summaryOnly)
        {
            return;
        }

        AddLine(json => HeapJson.Write(json, heap, update));
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

        if (tally.Interprets)
        {
            AddLine(json =>
            {
                json.WriteStartObject();
                json.WriteStartObject("items");
                json.WriteNumber("interpreted", tally.Interpreted);
                json.WriteNumber("errors", tally.NotInterpreted);
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
        using (var json = new Utf8JsonWriter(_lines, Options))
        {
            write(json);
        }

        _lines.Write("\n"u8);
    }
}
