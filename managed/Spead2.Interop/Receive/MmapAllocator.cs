// SPDX-License-Identifier: MIT

using Spead2.Bindings;

namespace Spead2.Receive;

/// <summary>
/// Maps every block from the operating system, with its pages in place (receiving.txt: <c>spead2.MmapAllocator</c>).
/// Meant as the base of a <see cref="MemoryPool"/>: by itself it pays for new pages with every heap.
/// </summary>
public sealed unsafe class MmapAllocator : NativeMemoryAllocator
{
    /// <summary>Makes an allocator.</summary>
    /// <param name="flags">
    /// Further flags for mmap(2), for example <c>MAP_LOCKED</c>; on Windows for VirtualAlloc. Their numbers are those
    /// of the operating system.
    /// </param>
    /// <param name="preferHugePages">
    /// Huge pages if there are any, from the system's pool of them or else transparent ones; ordinary pages if there
    /// are neither.
    /// </param>
    /// <exception cref="Spead2Exception">There is not enough memory.</exception>
    public MmapAllocator(int flags = 0, bool preferHugePages = false)
        : base(Create(flags, preferHugePages))
    {
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
        NativeStatus.ThrowIfFailed(NativeMethods.sp2_mmap_allocator_create(&options, &allocator));
        return new(allocator);
    }
}
