// SPDX-License-Identifier: MIT

using System.Runtime.Intrinsics.X86;

namespace Spead2.Managed;

/// <summary>The processor's last-level cache.</summary>
internal static class LastCache
{
    // Intel's and AMD's leaf of the same form: a cache for each subleaf, up to one of type 0.
    private static readonly int[] Leaves = [0x4, unchecked((int)0x8000001d)];

    /// <summary>Its bytes, or 0 if the processor does not say.</summary>
    public static ulong Size { get; } = X86Base.IsSupported ? Read() : 0;

    private static ulong Read()
    {
        ulong size = 0;
        foreach (int leaf in Leaves)
        {
            bool known = (uint)X86Base.CpuId(leaf & int.MinValue, 0).Eax >= (uint)leaf;
            for (int cache = 0; known; cache++)
            {
                (int eax, int ebx, int ecx, _) = X86Base.CpuId(leaf, cache);
                known = (eax & 0x1f) != 0;
                if (known)
                {
                    ulong ways = ((uint)ebx >> 22) + 1;
                    ulong partitions = ((uint)ebx >> 12 & 0x3ff) + 1;
                    ulong line = ((uint)ebx & 0xfff) + 1;
                    size = Math.Max(size, ways * partitions * line * ((ulong)(uint)ecx + 1));
                }
            }
        }

        return size;
    }
}
