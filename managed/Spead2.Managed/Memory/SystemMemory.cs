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
    /// are given back. malloc promises that for this size, too, but not for long: once such a block has been freed it
    /// takes the next ones from its arenas, of which there are up to eight for each processor, and which keep them.
    /// </summary>
    private const nuint MappedSize = 128 << 10;

    /// <summary>A block; null if there is no memory.</summary>
    public static byte* Allocate(nuint size)
    {
        if (IsMapped(size))
        {
            return size >= HugePages.Size ? HugePages.Map(size) : MappedMemory.Reserve(size);
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

    /// <summary>Puts the pages of a block in place.</summary>
    public static void Touch(byte* block, nuint size)
    {
        for (nuint offset = 0; offset < size; offset += PageSizeAssumed)
        {
            Volatile.Write(ref block[offset], 0);
        }
    }

    private static bool IsMapped(nuint size) => OperatingSystem.IsLinux() && size >= MappedSize;
}
