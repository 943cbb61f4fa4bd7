// SPDX-License-Identifier: MIT

namespace Spead2.Managed.Linux;

/// <summary>
/// Memory at the boundaries of transparent huge pages, so that the kernel can back it with them: one page fault instead
/// of 512. It does so only where it is asked to: one byte in a huge page makes all of it real.
/// </summary>
internal static unsafe class HugePages
{
    /// <summary>Size of a huge page, and of the smallest mapping.</summary>
    public const nuint Size = 2 << 20;

    /// <summary>
    /// Reserves address space, which costs nothing: nothing of it may be used before it is committed. Null if there is
    /// none.
    /// </summary>
    public static byte* Reserve(nuint size)
    {
        byte* block = Map(size, Libc.PROT_NONE, 0);
        if (block is not null)
        {
            Forbid(block, RoundUp(size));
        }

        return block;
    }

    /// <summary>
    /// Makes a part of a reserve usable: from a multiple of huge pages up to another. False, and no change, if the
    /// system does not grant so much memory.
    /// </summary>
    public static bool TryCommit(byte* block, nuint from, nuint to) =>
        Libc.mprotect(block + from, to - from, Libc.PROT_READ | Libc.PROT_WRITE) == 0;

    /// <summary>Lets huge pages back the start of a block.</summary>
    public static void Back(byte* block, nuint end) => _ = Libc.madvise(block, end, Libc.MADV_HUGEPAGE);

    /// <summary>Keeps huge pages from backing it; the kernel may be set to use them without being asked.</summary>
    public static void Forbid(byte* block, nuint size) => _ = Libc.madvise(block, size, Libc.MADV_NOHUGEPAGE);

    /// <summary>Whole huge pages in size and place. Newer kernels choose such a place by themselves.</summary>
    public static byte* Map(nuint size, int protection, int flags)
    {
        if (size > nuint.MaxValue - 2 * Size)
        {
            return null;
        }

        nuint rounded = RoundUp(size);
        byte* start = MappedMemory.MapAnonymous(rounded, protection, flags);
        if (start is null || (nuint)start % Size == 0)
        {
            return start;
        }

        _ = Libc.munmap(start, rounded);
        start = MappedMemory.MapAnonymous(rounded + Size, protection, flags);
        if (start is null)
        {
            return null;
        }

        nuint head = (Size - (nuint)start % Size) % Size;
        if (head != 0)
        {
            _ = Libc.munmap(start, head);
        }

        _ = Libc.munmap(start + head + rounded, Size - head);
        return start + head;
    }

    public static void Unmap(byte* block, nuint size) => _ = Libc.munmap(block, RoundUp(size));

    private static nuint RoundUp(nuint size) => (size + Size - 1) / Size * Size;
}
