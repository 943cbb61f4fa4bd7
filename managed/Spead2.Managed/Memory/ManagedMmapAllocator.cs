// SPDX-License-Identifier: MIT

using Spead2.Managed.Linux;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>
/// Maps every block from the operating system (spead2: <c>spead2.MmapAllocator</c>). Meant as the base of a
/// <see cref="ManagedMemoryPool"/>: by itself it pays for new pages with every heap. Pages come as payload arrives, so
/// that a packet that only announces a large heap costs little; in the blocks that a memory pool makes ahead they are
/// in place. The flags may say otherwise (<c>MAP_POPULATE</c>, <c>MAP_LOCKED</c>). Linux only.
/// </summary>
/// <remarks>Threads: any.</remarks>
public sealed unsafe class ManagedMmapAllocator : MemoryAllocator
{
    private readonly int _flags;
    private readonly bool _preferHugePages;

    /// <summary>Makes an allocator.</summary>
    /// <param name="flags">
    /// Further flags for mmap(2), for example <c>MAP_LOCKED</c>, but none that share memory or fix its address.
    /// </param>
    /// <param name="preferHugePages">
    /// Huge pages if there are any: from the system's pool of them, of which one byte takes a whole one, else
    /// transparent ones, as far as a heap has arrived without a gap; ordinary pages if there are neither.
    /// </param>
    /// <exception cref="ArgumentException">The flags share memory or fix its address.</exception>
    /// <exception cref="PlatformNotSupportedException">The operating system is not Linux.</exception>
    public ManagedMmapAllocator(int flags = 0, bool preferHugePages = false)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException($"{nameof(ManagedMmapAllocator)} needs Linux.");
        }

        if (!MappedMemory.Allows(flags))
        {
            throw new ArgumentException(
                $"{nameof(flags)} is 0x{flags:x}, which asks for a fixed address or shared memory; blocks are private " +
                "and lie where there is room.",
                nameof(flags));
        }

        _flags = flags;
        _preferHugePages = preferHugePages;
    }

    /// <inheritdoc/>
    internal override bool BacksBlocks => _preferHugePages;

    /// <inheritdoc/>
    internal override void Back(in MemoryBlock block, long end)
    {
        if (_preferHugePages)
        {
            HugePages.Back((byte*)block.Address, (nuint)end);
        }
    }

    /// <inheritdoc/>
    internal override void Populate(in MemoryBlock block, long from, long to) =>
        SystemMemory.Populate((byte*)block.Address + from, (nuint)(to - from));

    /// <inheritdoc/>
    protected internal override MemoryBlock Allocate(long size, in PacketHeader packet)
    {
        byte* block = MappedMemory.Map((nuint)size, _preferHugePages, _flags, out nuint mapped);
        return block is null ? default : new MemoryBlock(block, size, mapped);
    }

    /// <inheritdoc/>
    protected internal override void Free(in MemoryBlock block) =>
        MappedMemory.Unmap((byte*)block.Address, (nuint)block.Owner!);
}
