// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Testing.Vectors;

/// <summary>A heap that a vector says is delivered.</summary>
public sealed class ExpectedHeap
{
    private readonly List<PayloadRange> _ranges = [];
    private readonly List<ExpectedItem> _items = [];
    private readonly List<byte?> _payload = [];

    private ExpectedHeap(long cnt)
    {
        Cnt = cnt;
    }

    public long Cnt { get; }

    public int AddressBits { get; private set; }

    /// <summary><c>complete</c>, <c>contiguous</c> or <c>incomplete</c>.</summary>
    public string State { get; private set; } = "";

    /// <summary>Length in bytes that was announced, or -1.</summary>
    public long HeapLength { get; private set; }

    public long ReceivedLength { get; private set; }

    public bool IsStartOfStream { get; private set; }

    public bool IsEndOfStream { get; private set; }

    public IReadOnlyList<PayloadRange> Ranges => _ranges;

    public IReadOnlyList<ExpectedItem> Items => _items;

    /// <summary>The payload; bytes that may have any value are null.</summary>
    public IReadOnlyList<byte?> Payload => _payload;

    internal static ExpectedHeap Read(string[][] lines)
    {
        ExpectedHeap heap = new(VectorFile.ParseNumber(lines[0][1]));
        Array.ForEach(lines[1..], heap.Add);
        return heap;
    }

    private void Add(string[] words)
    {
        switch (words[0])
        {
            case "flavour":
                AddressBits = (int)Number(1);
                break;
            case "state":
                State = words[1];
                break;
            case "length":
                HeapLength = Number(1);
                break;
            case "received":
                ReceivedLength = Number(1);
                break;
            case "start_of_stream":
                IsStartOfStream = true;
                break;
            case "end_of_stream":
                IsEndOfStream = true;
                break;
            case "range":
                _ranges.Add(new(Number(1), Number(2)));
                break;
            case "item":
                bool isImmediate = words[2] == "immediate";
                _items.Add(new(Number(1), isImmediate, Number(3), isImmediate ? AddressBits / 8 : (int)Number(4)));
                break;
            case "payload":
                break;
            default:
                _payload.AddRange(VectorFile.ParseBytes(words).Select(word => word == ".." ? null : (byte?)VectorFile.ParseByte(word)));
                break;
        }

        long Number(int index) => VectorFile.ParseNumber(words[index]);
    }
}
