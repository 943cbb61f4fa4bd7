// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Managed.Linux;

namespace Spead2.Managed;

/// <summary>
/// Payload memory from the operating system. Pages are not touched: a heap that only announces its size costs nothing.
/// </summary>
internal static unsafe class SystemMemory
{
    /// <summary>Alignment of every block: a cache line, and the widest vector store.</summary>
    private const nuint Alignment = 64;

    /// <summary>Blocks of at least this size start at a page boundary: copying to them is up to a tenth faster.</summary>
    private const nuint PageAlignedSize = 32 << 10;

    private const nuint PageSizeAssumed = 4096;

    /// <summary>
    /// Blocks of at least this size are mapped each for itself, so that their memory is the system's again when they
    /// are released. malloc does that for this size, too, but not for long: once such a block has been freed it
    /// takes the next ones from its arenas, of which there are up to eight for each processor, and which keep them.
    /// </summary>
    private const nuint MappedSize = 128 << 10;

    /// <summary>A block; null if there is no memory.</summary>
    public static byte* Allocate(nuint size)
    {
        if (CanReserve(size))
        {
            byte* block = Reserve(size);
            if (block is not null && !TryCommit(block, 0, WholePages(size)))
            {
                Free(block, size);
                return null;
            }

            return block;
        }

        if (IsMapped(size))
        {
            return MappedMemory.Reserve(size);
        }

        try
        {
            return (byte*)NativeMemory.AlignedAlloc(size, size >= PageAlignedSize ? PageSizeAssumed : Alignment);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    /// <summary>Takes a block back; <paramref name="size"/> as it was asked for.</summary>
    public static void Free(byte* block, nuint size)
    {
        if (!IsMapped(size))
        {
            NativeMemory.AlignedFree(block);
        }
        else if (size >= HugePages.Size)
        {
            HugePages.Unmap(block, size);
        }
        else
        {
            MappedMemory.Unmap(block, size);
        }
    }

    /// <summary>Whether blocks of this size can be reserved, and committed as they are needed.</summary>
    public static bool CanReserve(ulong size) => OperatingSystem.IsLinux() && size >= HugePages.Size;

    /// <summary>
    /// A block of such a size, of which nothing may be used before it is committed; null if there is no address space.
    /// </summary>
    public static byte* Reserve(nuint size) => HugePages.Reserve(size);

    /// <summary>
    /// Makes a part of such a block usable: from a multiple of <see cref="WholePages"/> up to another. False, and no
    /// change, if the system does not grant so much memory.
    /// </summary>
    public static bool TryCommit(byte* block, nuint from, nuint to) => HugePages.TryCommit(block, from, to);

    /// <summary>Lets huge pages back the start of such a block.</summary>
    public static void Back(byte* block, nuint end) => HugePages.Back(block, end);

    /// <summary>Up to whole huge pages.</summary>
    public static nuint WholePages(nuint size) => (size + HugePages.Size - 1) / HugePages.Size * HugePages.Size;

    /// <summary>Puts the pages of usable memory in place; what it contains stays.</summary>
    public static void Populate(byte* start, nuint size)
    {
        if (OperatingSystem.IsLinux())
        {
            nuint before = (nuint)start % PageSizeAssumed;
            if (Libc.madvise(start - before, size + before, Libc.MADV_POPULATE_WRITE) == 0)
            {
                return;
            }
        }

        for (nuint offset = 0; offset < size; offset += PageSizeAssumed)
        {
            Volatile.Write(ref start[offset], Volatile.Read(ref start[offset]));
        }
    }

    private static bool IsMapped(nuint size) => OperatingSystem.IsLinux() && size >= MappedSize;
}
