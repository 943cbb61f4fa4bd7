// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Spead2.Managed.Linux;

/// <summary>Private memory that is mapped.</summary>
internal static unsafe class MappedMemory
{
    private const nuint PageSizeAssumed = 4096;

    // The flags may have the logarithm of a huge page's size in their upper bits.
    private const int HugeShift = 26;
    private const uint HugeMask = 0x3f;

    private const int Refused = Libc.MAP_SHARED | Libc.MAP_FIXED | Libc.MAP_FIXED_NOREPLACE;

    private static readonly Lazy<nuint> DefaultHugePageSize = new(ReadHugePageSize);

    /// <summary>Whether memory mapped with these flags is still private, at an address of its own.</summary>
    public static bool Allows(int flags) => (flags & Refused) == 0;

    /// <summary>
    /// Maps memory, in huge pages from the system's pool if they are preferred and there are any; null if there is
    /// none. Unless the flags say so, no page is in place before it is touched, and no transparent huge page backs it
    /// before <see cref="HugePages.Back"/>.
    /// </summary>
    /// <param name="size">Least number of bytes.</param>
    /// <param name="preferHuge">Whether huge pages are preferred.</param>
    /// <param name="flags">Further flags of the system's own.</param>
    /// <param name="mapped">Number of bytes to unmap.</param>
    public static byte* Map(nuint size, bool preferHuge, int flags, out nuint mapped)
    {
        if ((flags & Libc.MAP_HUGETLB) != 0)
        {
            return MapFromPool(size, flags, out mapped);
        }

        if (preferHuge)
        {
            byte* block = MapFromPool(size, flags, out mapped);
            if (block is not null)
            {
                return block;
            }
        }

        if (size < HugePages.Size)
        {
            mapped = RoundUp(size, PageSizeAssumed);
            return MapWhole(mapped, flags);
        }

        mapped = RoundUp(size, HugePages.Size);
        return MapLarge(size, mapped, preferHuge, flags);
    }

    /// <summary>Maps memory of ordinary pages, which come when they are touched; null if there is none.</summary>
    public static byte* Reserve(nuint size) => MapWhole(size, 0);

    public static void Unmap(byte* block, nuint mapped) => _ = Libc.munmap(block, mapped);

    /// <summary>Private anonymous memory; null if there is none.</summary>
    public static byte* MapAnonymous(nuint size, int protection, int flags)
    {
        void* block = Libc.mmap(null, size, protection, Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS | flags, -1, 0);
        return block == Libc.MAP_FAILED ? null : (byte*)block;
    }

    /// <summary>Pages that the flags ask for must not come before the kernel knows which ones are wanted.</summary>
    private static byte* MapLarge(nuint size, nuint mapped, bool preferHuge, int flags)
    {
        byte* block = HugePages.Map(size, Libc.PROT_READ | Libc.PROT_WRITE, flags & ~Libc.MAP_POPULATE);
        if (block is null)
        {
            return null;
        }

        if ((flags & Libc.MAP_POPULATE) == 0)
        {
            HugePages.Forbid(block, mapped);
            return block;
        }

        if (preferHuge)
        {
            HugePages.Back(block, mapped);
        }

        SystemMemory.Populate(block, mapped);
        return block;
    }

    /// <summary>
    /// From the system's pool of huge pages, which unmaps whole pages only. They are reserved for this mapping: pages
    /// that are not may turn out not to be there when they are touched, which ends the process (SIGBUS).
    /// </summary>
    private static byte* MapFromPool(nuint size, int flags, out nuint mapped)
    {
        int log2 = (int)((uint)flags >> HugeShift & HugeMask);
        mapped = RoundUp(size, log2 != 0 ? (nuint)1 << log2 : DefaultHugePageSize.Value);
        return MapWhole(mapped, (flags & ~Libc.MAP_NORESERVE) | Libc.MAP_HUGETLB);
    }

    private static byte* MapWhole(nuint size, int flags) =>
        size == 0 ? null : MapAnonymous(size, Libc.PROT_READ | Libc.PROT_WRITE, flags);

    /// <summary>Up to a multiple of a unit; 0 if that is more than there can be.</summary>
    private static nuint RoundUp(nuint size, nuint unit) =>
        size > nuint.MaxValue - unit ? 0 : (size + unit - 1) / unit * unit;

    private static nuint ReadHugePageSize()
    {
        const string Key = "Hugepagesize:";
        string? line = File.ReadLines("/proc/meminfo")
            .FirstOrDefault(line => line.StartsWith(Key, StringComparison.Ordinal));
        string? number = line?[Key.Length..].Replace("kB", null, StringComparison.Ordinal);
        return nuint.TryParse(number, CultureInfo.InvariantCulture, out nuint kibibytes)
            ? kibibytes << 10
            : HugePages.Size;
    }
}
