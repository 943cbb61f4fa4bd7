// SPDX-License-Identifier: MIT

using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Spead2.Items.Codecs;

/// <summary>
/// Vector instructions for elements of few bits that lie back to back from the beginning of a byte on. Eight elements
/// of w bits are w bytes, so each group of eight is unpacked in the same way: a shuffle brings the bytes of each
/// element into a lane, in the machine's byte order; a multiplication moves the element's first bit to the top of the
/// lane; and a shift moves its last bit to the bottom.
/// </summary>
internal static class PackedVectors
{
    private const int BitsPerByte = 8;
    private const int GroupSize = 8;

    /// <summary>Elements from which on vectors pay for their tables.</summary>
    private const int LeastCount = 4 * GroupSize;

    private static bool IsSupported => Vector128.IsHardwareAccelerated && BitConverter.IsLittleEndian;

    /// <summary>Unpacks integers from the beginning of the source on, as far as there are vectors for it.</summary>
    /// <returns>Number of elements that were unpacked.</returns>
    public static int Unpack<T>(ReadOnlySpan<byte> source, int bitWidth, bool signed, Span<T> destination)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (!IsSupported || destination.Length < LeastCount)
        {
            return 0;
        }

        int size = Unsafe.SizeOf<T>();
        return FitsLane(bitWidth, sizeof(ushort)) && size <= sizeof(uint)
                ? UnpackShort(source, bitWidth, signed, destination)
            : FitsLane(bitWidth, sizeof(uint)) && size is sizeof(ushort) or sizeof(uint)
                ? UnpackInt(source, bitWidth, signed, destination)
            : 0;
    }

    /// <summary>Unpacks booleans of one bit, or of eight, as <see cref="Unpack"/> does integers.</summary>
    public static int UnpackBool(ReadOnlySpan<byte> source, int bitWidth, Span<bool> destination)
    {
        Span<byte> bytes = MemoryMarshal.AsBytes(destination);
        return !IsSupported ? 0
            : bitWidth == 1 ? ExpandBits(source, bytes)
            : bitWidth == BitsPerByte ? Normalize(source, bytes)
            : 0;
    }

    /// <summary>Packs booleans into one bit each, as far as there are vectors for it.</summary>
    /// <returns>Number of elements that were packed, a multiple of 8.</returns>
    public static int PackBool(ReadOnlySpan<bool> values, Span<byte> destination)
    {
        if (!IsSupported)
        {
            return 0;
        }

        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(values);

        // The first element is the most significant bit of its byte, and the last lane that of the extracted bits.
        Vector128<byte> mirror = Vector128.Create((byte)7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8);
        int done = 0;
        for (; done <= bytes.Length - Vector128<byte>.Count; done += Vector128<byte>.Count)
        {
            Vector128<byte> isClear = Vector128.Equals(Vector128.Create(bytes[done..]), Vector128<byte>.Zero);
            uint bits = Vector128.Shuffle(~isClear, mirror).ExtractMostSignificantBits();
            MemoryMarshal.Write(destination[(done / BitsPerByte)..], (ushort)bits);
        }

        return done;
    }

    /// <summary>Whether each element lies within as many bytes as a lane has, wherever in a byte it begins.</summary>
    private static bool FitsLane(int bitWidth, int laneSize)
    {
        // The elements of a group begin at multiples of the greatest power of two that divides the width.
        int lastStart = BitsPerByte - Math.Min(BitsPerByte, bitWidth & -bitWidth);
        return lastStart + bitWidth <= laneSize * BitsPerByte;
    }

    private static int UnpackShort<T>(ReadOnlySpan<byte> source, int width, bool signed, Span<T> destination)
        where T : unmanaged
    {
        Span<byte> indices = stackalloc byte[Vector128<byte>.Count];
        Span<ushort> factors = stackalloc ushort[Vector128<ushort>.Count];
        for (int lane = 0; lane < factors.Length; lane++)
        {
            int bit = lane * width;
            factors[lane] = (ushort)(1 << (bit % BitsPerByte));
            FillIndices(indices.Slice(lane * sizeof(ushort), sizeof(ushort)), bit / BitsPerByte);
        }

        Vector128<byte> shuffle = Vector128.Create<byte>(indices);
        Vector128<ushort> factor = Vector128.Create<ushort>(factors);
        int shift = (sizeof(ushort) * BitsPerByte) - width;

        // Bytes need two groups for a vector.
        int step = Unsafe.SizeOf<T>() == sizeof(byte) ? 2 * GroupSize : GroupSize;
        int read = (step / GroupSize * width) - width + Vector128<byte>.Count;
        int done = 0;
        int at = 0;
        while (done <= destination.Length - step && at <= source.Length - read)
        {
            ref byte from = ref Unsafe.AsRef(in source[at]);
            ref T to = ref destination[done];
            Vector128<ushort> first = Align(Vector128.LoadUnsafe(ref from));
            if (Unsafe.SizeOf<T>() == sizeof(byte))
            {
                Vector128<ushort> second = Align(Vector128.LoadUnsafe(ref from, (nuint)width));
                Vector128.Narrow(first, second).StoreUnsafe(ref Unsafe.As<T, byte>(ref to));
            }
            else if (Unsafe.SizeOf<T>() == sizeof(ushort))
            {
                first.StoreUnsafe(ref Unsafe.As<T, ushort>(ref to));
            }
            else
            {
                ref uint words = ref Unsafe.As<T, uint>(ref to);
                (Vector128<uint> lower, Vector128<uint> upper) = Widen(first);
                lower.StoreUnsafe(ref words);
                upper.StoreUnsafe(ref words, (nuint)Vector128<uint>.Count);
            }

            done += step;
            at += step / GroupSize * width;
        }

        return done;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        Vector128<ushort> Align(Vector128<byte> bytes)
        {
            Vector128<ushort> lanes = Vector128.Shuffle(bytes, shuffle).AsUInt16() * factor;
            return signed ? (lanes.AsInt16() >> shift).AsUInt16() : lanes >> shift;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        (Vector128<uint> Lower, Vector128<uint> Upper) Widen(Vector128<ushort> lanes)
        {
            if (!signed)
            {
                return Vector128.Widen(lanes);
            }

            (Vector128<int> lower, Vector128<int> upper) = Vector128.Widen(lanes.AsInt16());
            return (lower.AsUInt32(), upper.AsUInt32());
        }
    }

    private static int UnpackInt<T>(ReadOnlySpan<byte> source, int width, bool signed, Span<T> destination)
        where T : unmanaged
    {
        // A group is two vectors; the second one is loaded from the byte in which its first element begins.
        int half = GroupSize / 2 * width / BitsPerByte;
        (Vector128<byte> lowerShuffle, Vector128<uint> lowerFactor) = Table(0);
        (Vector128<byte> upperShuffle, Vector128<uint> upperFactor) = Table(GroupSize / 2 * width % BitsPerByte);
        int shift = (sizeof(uint) * BitsPerByte) - width;
        int read = half + Vector128<byte>.Count;
        int done = 0;
        int at = 0;
        while (done <= destination.Length - GroupSize && at <= source.Length - read)
        {
            ref byte from = ref Unsafe.AsRef(in source[at]);
            ref T to = ref destination[done];
            Vector128<uint> lower = Align(Vector128.LoadUnsafe(ref from), lowerShuffle, lowerFactor);
            Vector128<uint> upper = Align(Vector128.LoadUnsafe(ref from, (nuint)half), upperShuffle, upperFactor);
            if (Unsafe.SizeOf<T>() == sizeof(ushort))
            {
                Vector128.Narrow(lower, upper).StoreUnsafe(ref Unsafe.As<T, ushort>(ref to));
            }
            else
            {
                ref uint words = ref Unsafe.As<T, uint>(ref to);
                lower.StoreUnsafe(ref words);
                upper.StoreUnsafe(ref words, (nuint)Vector128<uint>.Count);
            }

            done += GroupSize;
            at += width;
        }

        return done;

        (Vector128<byte> Shuffle, Vector128<uint> Factor) Table(int firstBit)
        {
            Span<byte> indices = stackalloc byte[Vector128<byte>.Count];
            Span<uint> factors = stackalloc uint[Vector128<uint>.Count];
            for (int lane = 0; lane < factors.Length; lane++)
            {
                int bit = firstBit + (lane * width);
                factors[lane] = 1U << (bit % BitsPerByte);
                FillIndices(indices.Slice(lane * sizeof(uint), sizeof(uint)), bit / BitsPerByte);
            }

            return (Vector128.Create<byte>(indices), Vector128.Create<uint>(factors));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        Vector128<uint> Align(Vector128<byte> bytes, Vector128<byte> shuffle, Vector128<uint> factor)
        {
            Vector128<uint> lanes = Vector128.Shuffle(bytes, shuffle).AsUInt32() * factor;
            return signed ? (lanes.AsInt32() >> shift).AsUInt32() : lanes >> shift;
        }
    }

    /// <summary>The bytes from the first on, most significant first, become a little-endian lane.</summary>
    private static void FillIndices(Span<byte> lane, int firstByte)
    {
        for (int i = 0; i < lane.Length; i++)
        {
            lane[i] = (byte)(firstByte + lane.Length - 1 - i);
        }
    }

    private static int ExpandBits(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        // Two bytes become a vector: each is copied into eight lanes, and each lane looks at a bit of its own.
        Vector128<byte> shuffle = Vector128.Create((byte)0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
        Vector128<byte> bit = Vector128.Create(0x0102040810204080).AsByte();
        int done = 0;
        for (; done <= destination.Length - Vector128<byte>.Count; done += Vector128<byte>.Count)
        {
            ushort bits = MemoryMarshal.Read<ushort>(source[(done / BitsPerByte)..]);
            Vector128<byte> copies = Vector128.Shuffle(Vector128.CreateScalar(bits).AsByte(), shuffle);
            (Vector128.Equals(copies & bit, bit) & Vector128<byte>.One).CopyTo(destination[done..]);
        }

        return done;
    }

    private static int Normalize(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        int done = 0;
        for (; done <= destination.Length - Vector128<byte>.Count; done += Vector128<byte>.Count)
        {
            Vector128.Min(Vector128.Create(source[done..]), Vector128<byte>.One).CopyTo(destination[done..]);
        }

        return done;
    }
}
