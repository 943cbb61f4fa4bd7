// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Aot;

/// <summary>
/// An allocator that ends when nobody holds it: its creator, each stream that uses it, each pool that is built on it,
/// each block that came from it. Any thread.
/// </summary>
/// <param name="inner">Does the work; disposed in the end.</param>
/// <param name="source">What <paramref name="inner"/> gets its memory from: held until the end. Or null.</param>
internal sealed unsafe class CountedAllocator(MemoryAllocator inner, CountedAllocator? source = null) : MemoryAllocator
{
    private int _holds = 1;

    /// <summary>The allocator that does the work.</summary>
    public MemoryAllocator Inner => inner;

    internal override bool BacksBlocks => inner.BacksBlocks;

    /// <summary>Holds the allocator; false if it has ended.</summary>
    public bool TryRetain()
    {
        int holds;
        do
        {
            holds = Volatile.Read(ref _holds);
            if (holds == 0)
            {
                return false;
            }
        }
        while (Interlocked.CompareExchange(ref _holds, holds + 1, holds) != holds);
        return true;
    }

    /// <summary>Releases one reference; with the last, the allocator ends.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _holds) == 0)
        {
            inner.Dispose();
            source?.Release();
        }
    }

    internal override void Back(in MemoryBlock block, long end) => inner.Back(block, end);

    internal override void Populate(in MemoryBlock block, long from, long to) => inner.Populate(block, from, to);

    protected internal override MemoryBlock Allocate(long size, in PacketHeader packet)
    {
        if (!TryRetain())
        {
            return default;
        }

        MemoryBlock block = default;
        try
        {
            block = inner.Allocate(size, packet);
        }
        finally
        {
            if (block.Address is null)
            {
                Release();
            }
        }

        return block;
    }

    protected internal override void Free(in MemoryBlock block)
    {
        inner.Free(block);
        Release();
    }
}
