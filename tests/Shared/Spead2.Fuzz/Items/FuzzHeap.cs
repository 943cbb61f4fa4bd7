// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Receive;

namespace Spead2.Fuzz.Items;

/// <summary>A complete heap of any items, in memory of its own that has no byte more than the payload.</summary>
internal sealed unsafe class FuzzHeap : Heap
{
    private readonly IReadOnlyList<FuzzItem> _content;
    private readonly byte* _memory;

    private FuzzHeap(IReadOnlyList<FuzzItem> content, Flavour flavour, byte* memory, int length)
        : base(new HeapInfo
        {
            Cnt = 1,
            Flavour = flavour,
            HeapLength = length,
            ReceivedLength = length,
            State = HeapState.Complete | HeapState.Contiguous,
            Payload = memory,
            PayloadLength = length,
        })
    {
        _content = content;
        _memory = memory;
    }

    /// <summary>Makes a heap: items with bytes are laid into the payload in their order, without gaps.</summary>
    public static FuzzHeap Create(IReadOnlyList<FuzzItem> content, Flavour flavour)
    {
        int length = content.Sum(item => item.Bytes?.Length ?? 0);
        byte* memory = (byte*)NativeMemory.Alloc((nuint)length);
        var payload = new Span<byte>(memory, length);
        foreach (FuzzItem item in content)
        {
            item.Bytes.AsSpan().CopyTo(payload);
            payload = payload[(item.Bytes?.Length ?? 0)..];
        }

        return new(content, flavour, memory, length);
    }

    internal override RawItem[] ReadItems()
    {
        var addressed = new List<RawItem>();
        var immediates = new List<RawItem>();
        int offset = 0;
        foreach (FuzzItem item in _content)
        {
            if (item.Bytes is null)
            {
                immediates.Add(new(this, item.Id, isImmediate: true, item.Value, Flavour.AddressBits / 8));
            }
            else if (item.Bytes.Length > 0)
            {
                addressed.Add(new(this, item.Id, isImmediate: false, (ulong)offset, item.Bytes.Length));
                offset += item.Bytes.Length;
            }
        }

        return [.. addressed, .. immediates];
    }

    internal override PayloadRange[] ReadRanges() => [];

    internal override void ReleaseMemory() => NativeMemory.Free(_memory);
}
