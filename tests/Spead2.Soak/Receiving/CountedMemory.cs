// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Receive;

namespace Spead2.Soak.Receiving;

/// <summary>Memory for chunks, with the number of blocks in use.</summary>
internal sealed unsafe class CountedMemory : MemoryAllocator
{
    private const int Alignment = 64;

    private int _blocks;

    /// <summary>Blocks that have not been freed.</summary>
    public int Blocks => Volatile.Read(ref _blocks);

    protected override MemoryBlock Allocate(long size, in PacketHeader packet)
    {
        Interlocked.Increment(ref _blocks);
        void* address = NativeMemory.AlignedAlloc((nuint)size, Alignment);
        NativeMemory.Clear(address, (nuint)size);
        return new(address, size);
    }

    protected override void Free(in MemoryBlock block)
    {
        NativeMemory.AlignedFree(block.Address);
        Interlocked.Decrement(ref _blocks);
    }
}
