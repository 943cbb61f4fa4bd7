// SPDX-License-Identifier: MIT

using FsCheck;
using FsCheck.Fluent;

namespace Spead2.Tests.Items.Codecs;

/// <summary>Where the bits of some elements lie.</summary>
internal sealed record BitLayout(int FirstBit, int Width, int Stride, int Count)
{
    /// <summary>Lengths around those of vectors and groups, and others.</summary>
    private static readonly int[] Counts = [0, 1, 2, 7, 8, 9, 15, 17, 31, 32, 33, 39, 40, 47, 63, 64, 65, 100, 200];

    /// <summary>Bytes that just hold the elements.</summary>
    public int ByteCount => (FirstBit + (Count == 0 ? 0 : ((Count - 1) * Stride) + Width) + 7) / 8;

    /// <summary>All alignments with all widths up to this, packed and not, and with many lengths.</summary>
    public static IEnumerable<BitLayout> All(int maxWidth) =>
        from width in Enumerable.Range(1, maxWidth)
        from firstBit in Enumerable.Range(0, 10)
        from gap in firstBit % 8 == 0 ? new[] { 0, 1, 8 } : [0, 5]
        from count in Counts
        select new BitLayout(firstBit, width, width + gap, count);

    /// <summary>Random ones, mostly packed.</summary>
    public static Gen<BitLayout> Generator(int maxWidth) =>
        from firstBit in Gen.Frequency((2, Gen.Choose(0, 4).Select(b => b * 8)), (1, Gen.Choose(0, 40)))
        from width in Gen.Choose(1, maxWidth)
        from gap in Gen.Frequency((2, Gen.Constant(0)), (1, Gen.Choose(0, 100)))
        from count in Gen.Choose(0, 200)
        select new BitLayout(firstBit, width, width + gap, count);
}
