// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Spead2.Managed.Linux;

/// <summary>Private memory that is mapped, mostly with its pages in place.</summary>
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

    /// <summary>Maps memory, of huge pages if they are preferred and there are any; null if there is none.</summary>
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

        if (preferHuge && size >= HugePages.Size)
        {
            // The pages may only come when the kernel has been told what pages are wanted.
            mapped = RoundUp(size, HugePages.Size);
            byte* block = HugePages.Map(size, flags);
            if (block is not null)
            {
                SystemMemory.Touch(block, mapped);
            }

            return block;
        }

        mapped = RoundUp(size, PageSizeAssumed);
        return MapWhole(mapped, flags | Libc.MAP_POPULATE);
    }

    /// <summary>Maps memory of ordinary pages, which come when they are touched; null if there is none.</summary>
    public static byte* Reserve(nuint size) => MapWhole(size, 0);

    public static void Unmap(byte* block, nuint mapped) => _ = Libc.munmap(block, mapped);

    /// <summary>
    /// From the system's pool of huge pages. It unmaps whole pages only. Pages that are not reserved may turn out not
    /// to be there when they are touched, which ends the process (SIGBUS).
    /// </summary>
    private static byte* MapFromPool(nuint size, int flags, out nuint mapped)
    {
        int log2 = (int)((uint)flags >> HugeShift & HugeMask);
        mapped = RoundUp(size, log2 != 0 ? (nuint)1 << log2 : DefaultHugePageSize.Value);
        return MapWhole(mapped, (flags & ~Libc.MAP_NORESERVE) | Libc.MAP_HUGETLB | Libc.MAP_POPULATE);
    }

    private static byte* MapWhole(nuint size, int flags)
    {
        if (size == 0)
        {
            return null;
        }

        void* block = Libc.mmap(
            null, size, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS | flags, -1, 0);
        return block == Libc.MAP_FAILED ? null : (byte*)block;
    }

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
