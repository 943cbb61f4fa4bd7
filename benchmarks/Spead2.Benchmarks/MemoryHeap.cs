// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Receive;

namespace Spead2.Benchmarks;

/// <summary>A complete heap that no engine made: one item with all of the payload, and one immediate.</summary>
internal sealed unsafe class MemoryHeap : Heap
{
    private readonly byte* _memory;
    private readonly int _length;
    private readonly long _dataId;
    private readonly long _immediateId;

    /// <summary>Makes a heap.</summary>
    public MemoryHeap(int length, long dataId, long immediateId)
        : this((byte*)NativeMemory.AllocZeroed((nuint)length), length)
    {
        _dataId = dataId;
        _immediateId = immediateId;
    }

    private MemoryHeap(byte* memory, int length)
        : base(new HeapInfo
        {
            Cnt = 1,
            Flavour = default,
            HeapLength = length,
            ReceivedLength = length,
            State = HeapState.Complete | HeapState.Contiguous,
            Payload = memory,
            PayloadLength = length,
        })
    {
        _memory = memory;
        _length = length;
    }

    internal override RawItem[] ReadItems() =>
    [
        new(this, _dataId, isImmediate: false, value: 0, _length),
        new(this, _immediateId, isImmediate: true, value: 7, Flavour.AddressBits / 8),
    ];

    internal override PayloadRange[] ReadRanges() => [];

    internal override void ReleaseMemory() => NativeMemory.Free(_memory);
}
