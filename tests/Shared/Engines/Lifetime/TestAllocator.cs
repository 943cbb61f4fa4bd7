// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>A user-supplied allocator that counts, and does what a test wants before it does its work.</summary>
internal sealed unsafe class TestAllocator(AllocatorCounts counts) : MemoryAllocator
{
    private bool _finalized;

    ~TestAllocator()
    {
        _finalized = true;
    }

    /// <summary>Runs when a block is wanted.</summary>
    public Action? OnAllocate { get; init; }

    /// <summary>Runs when a block has come back.</summary>
    public Action? OnFree { get; init; }

    protected internal override MemoryBlock Allocate(long size, in PacketHeader packet)
    {
        OnAllocate?.Invoke();
        Interlocked.Increment(ref counts.InUse);
        return new(NativeMemory.Alloc((nuint)size), size);
    }

    protected internal override void Free(in MemoryBlock block)
    {
        NativeMemory.Free(block.Address);
        Interlocked.Decrement(ref counts.InUse);
        if (_finalized)
        {
            Interlocked.Increment(ref counts.FreedTooLate);
        }

        OnFree?.Invoke();
    }
}
