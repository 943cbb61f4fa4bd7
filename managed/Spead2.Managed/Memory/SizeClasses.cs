// SPDX-License-Identifier: MIT

using System.Numerics;

namespace Spead2.Managed;

/// <summary>
/// The sizes of recycled blocks: four classes for each power of two, so that a block is at most a quarter larger than
/// asked for.
/// </summary>
internal static class SizeClasses
{
    /// <summary>Classes up to 256 KiB are small. The largest class has 2^48 bytes, which no heap comes near.</summary>
    public const int SmallCount = (SmallLog2 - SmallestLog2) * Steps + 1;

    public const int Count = (LargestLog2 - SmallestLog2) * Steps + 1;

    private const int StepsLog2 = 2;
    private const int Steps = 1 << StepsLog2;
    private const int SmallestLog2 = 8;
    private const int SmallLog2 = 18;
    private const int LargestLog2 = 48;

    /// <summary>Index of the smallest class that holds a size; <see cref="Count"/> or more if none does.</summary>
    public static int IndexOf(ulong size)
    {
        if (size <= 1UL << SmallestLog2)
        {
            return 0;
        }

        int log2 = BitOperations.Log2(size - 1);
        int step = (int)((size - 1) >> (log2 - StepsLog2)) & (Steps - 1);
        return (log2 - SmallestLog2) * Steps + step + 1;
    }

    /// <summary>Bytes of a class's blocks.</summary>
    public static ulong SizeOf(int index)
    {
        if (index == 0)
        {
            return 1UL << SmallestLog2;
        }

        int log2 = SmallestLog2 + (index - 1) / Steps;
        int step = (index - 1) % Steps + 1;
        return (1UL << log2) + ((ulong)step << (log2 - StepsLog2));
    }
}
