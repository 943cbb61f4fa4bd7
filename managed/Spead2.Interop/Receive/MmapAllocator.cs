// SPDX-License-Identifier: MIT

using Spead2.Bindings;

namespace Spead2.Receive;

/// <summary>
/// Maps every block from the operating system (spead2: <c>spead2.MmapAllocator</c>). Meant as the base of a
/// <see cref="MemoryPool"/>: by itself it pays for new pages with every heap. Pages come as payload arrives, so that a
/// packet that only announces a large heap costs little; in the blocks that a memory pool makes ahead they are in
/// place. The flags may say otherwise (<c>MAP_POPULATE</c>, <c>MAP_LOCKED</c>).
/// </summary>
public sealed unsafe class MmapAllocator : MemoryAllocator, INativeAllocator
{
    private readonly AllocatorHandle _handle;

    /// <summary>Makes an allocator.</summary>
    /// <param name="flags">
    /// Further flags for mmap(2), for example <c>MAP_LOCKED</c>, but none that share memory or fix its address; on
    /// Windows for VirtualAlloc. Their numbers are those of the operating system.
    /// </param>
    /// <param name="preferHugePages">
    /// Huge pages if there are any: from the system's pool of them, of which one byte takes a whole one, else
    /// transparent ones, as far as a heap has arrived without a gap; ordinary pages if there are neither.
    /// </param>
    /// <exception cref="ArgumentException">The flags share memory or fix its address.</exception>
    /// <exception cref="Spead2Exception">There is not enough memory.</exception>
    public MmapAllocator(int flags = 0, bool preferHugePages = false) => _handle = Create(flags, preferHugePages);

    internal override bool IsNative => true;

    AllocatorHandle INativeAllocator.Handle => _handle;

    /// <summary>Not for users.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    protected internal override MemoryBlock Allocate(long size, in PacketHeader packet) =>
        throw INativeAllocator.Refuse(this);

    /// <summary>Not for users.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    protected internal override void Free(in MemoryBlock block) => throw INativeAllocator.Refuse(this);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _handle.Dispose();
        base.Dispose(disposing);
    }

    private static AllocatorHandle Create(int flags, bool preferHugePages)
    {
        sp2_mmap_options options = new()
        {
            size = (uint)sizeof(sp2_mmap_options),
            flags = preferHugePages ? (uint)sp2_mmap_flags.SP2_MMAP_PREFER_HUGE : 0,
            extra_flags = flags,
        };
        sp2_allocator* allocator;
        int status = NativeMethods.sp2_mmap_allocator_create(&options, &allocator);
        if (status == (int)sp2_status.SP2_E_ARG)
        {
            throw new ArgumentException(
                $"{nameof(flags)} is 0x{flags:x}, which asks for a fixed address or shared memory; blocks are private " +
                "and lie where there is room.",
                nameof(flags));
        }

        NativeStatus.ThrowIfFailed(status);
        return new(allocator);
    }
}
