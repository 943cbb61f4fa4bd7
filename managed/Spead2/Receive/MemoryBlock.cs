// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>Memory for the payload of a heap, as a <see cref="MemoryAllocator"/> gives it.</summary>
/// <param name="address">First byte; it must not move before the block comes back. Null means no memory.</param>
/// <param name="size">Number of bytes, at least as many as were asked for.</param>
/// <param name="owner">
/// Whatever the allocator wants to find again in <see cref="MemoryAllocator.Free"/>, for example the array that it
/// pinned. It is kept alive until then.
/// </param>
public readonly unsafe struct MemoryBlock(void* address, long size, object? owner = null)
{
    /// <summary>First byte; null where there is no memory.</summary>
    public void* Address { get; } = address;

    /// <summary>Number of bytes.</summary>
    public long Size { get; } = size;

    /// <summary>What the allocator wants to find again.</summary>
    public object? Owner { get; } = owner;
}
