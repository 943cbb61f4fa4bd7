// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>A block of a memory pool's size, and the owner of the block that users see.</summary>
internal sealed class PoolBlock(ManagedMemoryPool pool, in MemoryBlock memory)
{
    public ManagedMemoryPool Pool { get; } = pool;

    /// <summary>As the pool got it.</summary>
    public MemoryBlock Memory { get; } = memory;

    /// <summary>The block that waits behind this one.</summary>
    public PoolBlock? Next { get; set; }
}
