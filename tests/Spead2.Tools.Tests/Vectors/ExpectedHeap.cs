// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Spead2.Tools.Tests.Vectors;

/// <summary>A heap that a vector says is delivered, and the line of JSON that the command prints for it.</summary>
public sealed class ExpectedHeap(long cnt)
{
    private const ulong FnvOffsetBasis = 14695981039346656037;
    private const ulong FnvPrime = 1099511628211;

    private readonly List<(int Start, int End)> _ranges = [];
    private readonly List<string[]> _items = [];
    private readonly List<string> _payload = [];
    private readonly HashSet<string> _flags = [];
    private string _state = "";
    private string _length = "";
    private string _received = "";
    private int _addressBits;

    /// <summary>Takes a line of the vector.</summary>
    public void Add(string[] words)
    {
        switch (words[0])
        {
            case "flavour":
                _addressBits = (int)Vector.ParseNumber(words[1]);
                break;
            case "state":
                _state = words[1];
                break;
            case "length":
                _length = words[1];
                break;
            case "received":
                _received = words[1];
                break;
            case "range":
                _ranges.Add(((int)Vector.ParseNumber(words[1]), (int)Vector.ParseNumber(words[2])));
                break;
            case "item":
                _items.Add(words);
                break;
            case "payload" or "start_of_stream" or "end_of_stream":
                _flags.Add(words[0]);
                break;
            default:
                Assert.That(words, Is.All.Length.EqualTo(2), "bytes of payload");
                _payload.AddRange(words);
                break;
        }
    }

    /// <summary>The line.</summary>
    public string ToJson()
    {
        bool isIncomplete = _state == "incomplete";
        IEnumerable<string> bytes =
            isIncomplete ? _ranges.SelectMany(range => _payload[range.Start..range.End]) : _payload;
        string[] ranges = [.. _ranges.Select(range => $"[{range.Start},{range.End}]")];
        string[] fields =
        [
            $"\"cnt\":{cnt}",
            $"\"complete\":{Boolean(_state == "complete")}",
            $"\"heap_length\":{_length}",
            $"\"received\":{_received}",
            $"\"fnv1a64\":\"{Hash(bytes)}\"",
            .. isIncomplete ? new[] { $"\"ranges\":[{string.Join(',', ranges)}]" } : [],
            $"\"flavour\":[4,64,{_addressBits}]",
            $"\"end_of_stream\":{Boolean(_flags.Contains("end_of_stream"))}",
            $"\"items\":[{string.Join(',', _items.Select(ItemJson))}]",
        ];
        return $"{{{string.Join(',', fields)}}}";
    }

    private static string Boolean(bool value) => value ? "true" : "false";

    private string ItemJson(string[] words)
    {
        long id = Vector.ParseNumber(words[1]);
        long value = Vector.ParseNumber(words[3]);
        if (words[2] == "immediate")
        {
            return $$"""{"id":{{id}},"imm":true,"value":{{value}},"length":{{_addressBits / 8}}}""";
        }

        int offset = (int)value;
        int length = (int)Vector.ParseNumber(words[4]);
        string hash = Hash(_payload.Skip(offset).Take(length));
        return $$"""{"id":{{id}},"imm":false,"offset":{{offset}},"length":{{length}},"fnv1a64":"{{hash}}"}""";
    }

    private static string Hash(IEnumerable<string> bytes) =>
        bytes.Aggregate(FnvOffsetBasis, (hash, hex) => (hash ^ Convert.ToByte(hex, 16)) * FnvPrime)
            .ToString("x16", CultureInfo.InvariantCulture);
}
