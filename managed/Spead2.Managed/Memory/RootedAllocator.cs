// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>
/// A user's allocator that is not finalized before its last block has come back, even if nothing but forgotten heaps
/// refers to it. Any thread.
/// </summary>
internal sealed class RootedAllocator(MemoryAllocator allocator)
{
    private readonly Lock _lock = new();

    // Under the lock: blocks that are in use or under way, and what keeps the allocator as long as there are any.
    private long _blocks;
    private GCHandle _root;

    public MemoryAllocator Allocator => allocator;

    /// <inheritdoc cref="MemoryAllocator.Allocate"/>
    public unsafe MemoryBlock Allocate(long size, in PacketHeader packet)
    {
        AddBlock();
        MemoryBlock block = default;
        try
        {
            block = allocator.Allocate(size, packet);
            return block;
        }
        finally
        {
            if (block.Address is null)
            {
                RemoveBlock();
            }
        }
    }

    /// <inheritdoc cref="MemoryAllocator.Free"/>
    public void Free(in MemoryBlock block)
    {
        try
        {
            allocator.Free(block);
        }
        finally
        {
            RemoveBlock();
        }
    }

    private void AddBlock()
    {
        lock (_lock)
        {
            if (_blocks == 0)
            {
                _root = GCHandle.Alloc(allocator);
            }

            _blocks++;
        }
    }

    private void RemoveBlock()
    {
        lock (_lock)
        {
            _blocks--;
            if (_blocks == 0)
            {
                _root.Free();
            }
        }
    }
}
