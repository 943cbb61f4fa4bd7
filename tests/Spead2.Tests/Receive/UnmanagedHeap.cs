// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Receive;

namespace Spead2.Tests.Receive;

/// <summary>A heap of a small engine: unmanaged payload, two items, one range.</summary>
internal sealed unsafe class UnmanagedHeap : Heap
{
    public const ulong ImmediateValue = 0x0102030405;

    private readonly byte* _memory;
    private readonly Counter _releases;

    private UnmanagedHeap(byte* memory, int length, HeapState state, Counter releases)
        : base(new HeapInfo
        {
            Cnt = 7,
            Flavour = default,
            HeapLength = length,
            ReceivedLength = length,
            State = state,
            Payload = memory,
            PayloadLength = length,
        })
    {
        _memory = memory;
        _releases = releases;
    }

    public int ReadsOfItems { get; private set; }

    public static UnmanagedHeap Create(
        Counter releases, int length = 16, HeapState state = HeapState.Complete | HeapState.Contiguous)
    {
        byte* memory = (byte*)NativeMemory.Alloc((nuint)length);
        for (int i = 0; i < length; i++)
        {
            memory[i] = (byte)i;
        }

        return new(memory, length, state, releases);
    }

    internal override RawItem[] ReadItems()
    {
        ReadsOfItems++;
        return
        [
            new(this, id: 0x1000, isImmediate: false, value: 4, length: 8),
            new(this, id: 0x1001, isImmediate: true, value: ImmediateValue, length: 5),
        ];
    }

    internal override PayloadRange[] ReadRanges() => [new(0, 16)];

    internal override void ReleaseMemory()
    {
        NativeMemory.Free(_memory);
        _releases.Increment();
    }

    /// <summary>Counts on any thread.</summary>
    internal sealed class Counter
    {
        private int _value;

        public int Value => Volatile.Read(ref _value);

        public void Increment() => Interlocked.Increment(ref _value);
    }
}
