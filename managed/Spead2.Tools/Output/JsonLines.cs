// SPDX-License-Identifier: MIT

using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Spead2.Tools.Output;

/// <summary>
/// JSON, one object per line, on its way to a stream. It is written when there is enough, also in the middle of a line,
/// so that a long line takes no more memory than a short one.
/// </summary>
internal sealed class JsonLines : IDisposable
{
    private const int EnoughToWrite = 65536;

    // Types have < and > in them, which only HTML would need escaped.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Stream _output;
    private readonly ArrayBufferWriter<byte> _written = new();

    public JsonLines(Stream output)
    {
        _output = output;
        Json = new Utf8JsonWriter(_written, Options);
    }

    /// <summary>Writes the line.</summary>
    public Utf8JsonWriter Json { get; }

    /// <summary>Makes room. To be called after every few elements of a list that may be long.</summary>
    public void MakeRoom()
    {
        if (Json.BytesPending + _written.WrittenCount >= EnoughToWrite)
        {
            Json.Flush();
            WriteOut();
        }
    }

    /// <summary>Ends the line, whose object is complete.</summary>
    public void EndLine()
    {
        Json.Flush();
        Json.Reset();
        _written.Write("\n"u8);
        MakeRoom();
    }

    /// <summary>Hands over the lines that are complete.</summary>
    public void Flush()
    {
        WriteOut();
        _output.Flush();
    }

    public void Dispose() => Json.Dispose();

    private void WriteOut()
    {
        _output.Write(_written.WrittenSpan);
        _written.ResetWrittenCount();
    }
}
