// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Interop.Tests.Vectors;

/// <summary>A heap as the lines that a test vector has for it.</summary>
public sealed class HeapText
{
    /// <summary>A byte of a payload that may have any value.</summary>
    private const string AnyByte = "..";

    private readonly List<string> _lines = [];
    private readonly List<string> _payload = [];

    public HeapText(long cnt)
    {
        _lines.Add($"heap {cnt}");
    }

    public IEnumerable<string> Lines => [.. _lines, $"payload {string.Join(' ', _payload)}"];

    /// <summary>A heap as it was received; bytes that the expected heap leaves open are left open.</summary>
    public static HeapText Of(Heap heap, HeapText expected)
    {
        HeapText text = new((long)heap.Cnt);
        text._lines.Add($"flavour {heap.Flavour.AddressBits}");
        text._lines.Add($"state {(heap.IsComplete ? "complete" : heap.IsContiguous ? "contiguous" : "incomplete")}");
        text._lines.Add($"length {heap.HeapLength}");
        text._lines.Add($"received {heap.ReceivedLength}");
        text._lines.AddRange(heap.IsStartOfStream ? ["start_of_stream"] : []);
        text._lines.AddRange(heap.IsEndOfStream ? ["end_of_stream"] : []);
        text._lines.AddRange(heap.PayloadRanges.Select(range => $"range {range.Start} {range.End}"));
        text._lines.AddRange(heap.Items.Select(item => item.IsImmediate
            ? $"item {item.Id} immediate {item.Value}"
            : $"item {item.Id} address {item.Offset} {item.Length}"));
        text._payload.AddRange(heap.Payload.ToArray().Select(
            (value, index) => expected._payload.ElementAtOrDefault(index) == AnyByte ? AnyByte : $"{value:x2}"));
        return text;
    }

    /// <summary>Adds a line of a vector.</summary>
    public void Add(string[] words)
    {
        if (words[0].Length == AnyByte.Length)
        {
            _payload.AddRange(words);
        }
        else if (words[0] != "payload")
        {
            _lines.Add(string.Join(' ', words.Select(Normalize)));
        }
    }

    private static string Normalize(string word) =>
        char.IsAsciiDigit(word[0]) ? $"{Vector.ParseNumber(word)}" : word;
}
