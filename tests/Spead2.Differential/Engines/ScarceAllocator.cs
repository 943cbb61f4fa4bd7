// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Receive;

namespace Spead2.Differential.Engines;

/// <summary>Gives blocks up to a size only, with anything but zeros in them, and counts those in use.</summary>
internal sealed unsafe class ScarceAllocator(long largest) : MemoryAllocator
{
    private const byte Poison = 0xa5;

    private int _blocks;

    /// <summary>Blocks that have not come back.</summary>
    public int Blocks => Volatile.Read(ref _blocks);

    protected internal override MemoryBlock Allocate(long size, in PacketHeader packet)
    {
        if (size > largest)
        {
            return default;
        }

        Interlocked.Increment(ref _blocks);
        void* address = NativeMemory.Alloc((nuint)size);
        new Span<byte>(address, (int)size).Fill(Poison);
        return new(address, size);
    }

    protected internal override void Free(in MemoryBlock block)
    {
        NativeMemory.Free(block.Address);
        Interlocked.Decrement(ref _blocks);
    }
}
