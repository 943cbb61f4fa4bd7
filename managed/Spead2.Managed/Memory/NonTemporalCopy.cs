// SPDX-License-Identifier: MIT

using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Spead2.Managed;

/// <summary>Non-temporal copy, where the processor has streaming stores.</summary>
internal static unsafe class NonTemporalCopy
{
    // A cache line, which leaves the processor as a whole.
    private const int Line = 64;

    /// <summary>Whether the processor has such stores.</summary>
    public static bool IsSupported => Sse2.IsSupported;

    /// <summary>
    /// Copies; <see cref="Fence"/> is needed before another processor is told of it.
    /// </summary>
    public static void Copy(ReadOnlySpan<byte> source, byte* destination)
    {
        int head = (int)Math.Min((uint)source.Length, (uint)(-(nint)destination & (Line - 1)));
        source[..head].CopyTo(new Span<byte>(destination, head));
        int lines = (source.Length - head) / Line;
        fixed (byte* first = source)
        {
            if (Avx.IsSupported)
            {
                CopyLines256(first + head, destination + head, lines);
            }
            else
            {
                CopyLines128(first + head, destination + head, lines);
            }
        }

        int end = head + lines * Line;
        source[end..].CopyTo(new Span<byte>(destination + end, source.Length - end));
    }

    /// <summary>Lets other processors see what was copied before what is stored from now on.</summary>
    public static void Fence() => Sse.StoreFence();

    private static void CopyLines256(byte* from, byte* to, int lines)
    {
        for (byte* end = to + (nint)lines * Line; to != end; from += Line, to += Line)
        {
            Vector256<byte> low = Avx.LoadVector256(from);
            Vector256<byte> high = Avx.LoadVector256(from + Vector256<byte>.Count);
            Avx.StoreAlignedNonTemporal(to, low);
            Avx.StoreAlignedNonTemporal(to + Vector256<byte>.Count, high);
        }
    }

    private static void CopyLines128(byte* from, byte* to, int lines)
    {
        for (byte* end = to + (nint)lines * Line; to != end; from += Line, to += Line)
        {
            Vector128<byte> first = Sse2.LoadVector128(from);
            Vector128<byte> second = Sse2.LoadVector128(from + Vector128<byte>.Count);
            Vector128<byte> third = Sse2.LoadVector128(from + 2 * Vector128<byte>.Count);
            Vector128<byte> fourth = Sse2.LoadVector128(from + 3 * Vector128<byte>.Count);
            Sse2.StoreAlignedNonTemporal(to, first);
            Sse2.StoreAlignedNonTemporal(to + Vector128<byte>.Count, second);
            Sse2.StoreAlignedNonTemporal(to + 2 * Vector128<byte>.Count, third);
            Sse2.StoreAlignedNonTemporal(to + 3 * Vector128<byte>.Count, fourth);
        }
    }
}
