// SPDX-License-Identifier: MIT

using System.Runtime.Intrinsics;

namespace Spead2.Managed;

/// <summary>Copies past the caches, where the processor has stores for it.</summary>
internal static unsafe class NonTemporalCopy
{
    // Two vectors of 256 bits: a cache line, which leaves the processor as a whole.
    private const int Line = 64;

    /// <summary>Whether the processor has such stores.</summary>
    public static bool IsSupported => Vector256.IsHardwareAccelerated;

    /// <summary>
    /// Copies; a full fence is needed before another processor is told of it.
    /// </summary>
    public static void Copy(ReadOnlySpan<byte> source, byte* destination)
    {
        int head = (int)Math.Min((uint)source.Length, (uint)(-(nint)destination & (Line - 1)));
        source[..head].CopyTo(new Span<byte>(destination, head));
        int end = head + (source.Length - head) / Line * Line;
        fixed (byte* first = source)
        {
            for (int i = head; i < end; i += Line)
            {
                Vector256<byte> low = Vector256.Load(first + i);
                Vector256<byte> high = Vector256.Load(first + i + Vector256<byte>.Count);
                low.StoreAlignedNonTemporal(destination + i);
                high.StoreAlignedNonTemporal(destination + i + Vector256<byte>.Count);
            }
        }

        source[end..].CopyTo(new Span<byte>(destination + end, source.Length - end));
    }
}
