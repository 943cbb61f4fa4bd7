// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Interop.Tests;

/// <summary>Counts blocks, and lets a test see and break what happens.</summary>
internal abstract class CountingAllocator : MemoryAllocator
{
    private long _allocated;
    private long _freed;

    /// <summary>Runs before each allocation, which fails if it throws.</summary>
    public Action<int>? OnAllocate { get; set; }

    /// <summary>Runs after each block that has come back.</summary>
    public Action? OnFree { get; set; }

    /// <summary>Blocks that were given.</summary>
    public long Allocated => Volatile.Read(ref _allocated);

    /// <summary>Blocks that are not back.</summary>
    public long InUse => Allocated - Volatile.Read(ref _freed);

    protected internal sealed override MemoryBlock Allocate(long size, in PacketHeader packet)
    {
        OnAllocate?.Invoke((int)size);
        MemoryBlock block = Take(size, packet);
        Interlocked.Increment(ref _allocated);
        return block;
    }

    protected internal sealed override void Free(in MemoryBlock block)
    {
        GiveBack(block);
        Interlocked.Increment(ref _freed);
        OnFree?.Invoke();
    }

    protected abstract MemoryBlock Take(long size, in PacketHeader packet);

    protected abstract void GiveBack(in MemoryBlock block);
}
