// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>Which of the sources that share a port a heap belongs to.</summary>
internal static class Steer
{
    /// <summary>Knuth's multiplicative hash, which spreads neighbouring cnts evenly. A filter of the kernel does the same.</summary>
    public const uint Factor = 0x9e3779b1;

    /// <summary>Bits of the product that are not used.</summary>
    public const int Shift = 16;

    /// <summary>The number of the source that heaps of this cnt belong to, of so many.</summary>
    public static int Owner(ulong cnt, int count) => (int)((((uint)cnt * Factor) >> Shift) % (uint)count);
}
