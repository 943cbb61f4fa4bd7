// SPDX-License-Identifier: MIT

namespace Spead2.Managed.Linux;

/// <summary>
/// Memory at the boundaries of transparent huge pages, so that the kernel can back it with them: one page fault instead
/// of 512.
/// </summary>
internal static unsafe class HugePages
{
    /// <summary>Size of a huge page, and of the smallest mapping.</summary>
    public const nuint Size = 2 << 20;

    /// <summary>Maps memory, with further flags of the system's own; null if there is none.</summary>
    public static byte* Map(nuint size, int flags = 0)
    {
        if (size > nuint.MaxValue - 2 * Size)
        {
            return null;
        }

        nuint kept = MappedSize(size);
        void* mapped = Libc.mmap(
            null, kept + Size, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS | flags, -1, 0);
        if (mapped == Libc.MAP_FAILED)
        {
            return null;
        }

        byte* start = (byte*)mapped;
        nuint head = (Size - (nuint)start % Size) % Size;
        if (head != 0)
        {
            _ = Libc.munmap(start, head);
        }

        _ = Libc.munmap(start + head + kept, Size - head);
        _ = Libc.madvise(start + head, kept, Libc.MADV_HUGEPAGE);
        return start + head;
    }

    public static void Unmap(byte* block, nuint size) => _ = Libc.munmap(block, MappedSize(size));

    private static nuint MappedSize(nuint size) => (size + Size - 1) / Size * Size;
}
