// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Spead2.Tools;

/// <summary>
/// The content that `spead2 send` puts into heaps and `spead2 recv --verify` expects: one item, 0x1000, whose bytes
/// follow from the heap cnt and their offset alone. Seen as little-endian 64-bit words, word i is
/// mix(cnt) + i × 0x9e3779b97f4a7c15 modulo 2^64, so that no two words of a heap are equal and bytes of another heap
/// or from another offset are noticed. A last word that does not fit is cut off.
/// </summary>
internal static class HeapContent
{
    /// <summary>Identifier of the item: the first that senders conventionally give to data of their own.</summary>
    public const long DataId = 0x1000;

    private const ulong Step = 0x9e3779b97f4a7c15;

    /// <summary>Writes the content of a heap.</summary>
    public static void Fill(Span<byte> data, ulong cnt)
    {
        ulong word = FirstWord(cnt);
        int vectorised = 0;
        if (BitConverter.IsLittleEndian)
        {
            Span<Vector<ulong>> vectors = MemoryMarshal.Cast<byte, Vector<ulong>>(data);
            var step = new Vector<ulong>(VectorStep);
            Vector<ulong> next = FirstVector(word);
            for (int i = 0; i < vectors.Length; i++)
            {
                vectors[i] = next;
                next += step;
            }

            vectorised = vectors.Length * Vector<byte>.Count;
            word += (ulong)vectors.Length * VectorStep;
        }

        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        for (Span<byte> rest = data[vectorised..]; !rest.IsEmpty; word += Step)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, word);
            int length = Math.Min(rest.Length, sizeof(ulong));
            bytes[..length].CopyTo(rest);
            rest = rest[length..];
        }
    }

    /// <summary>Whether the bytes are the whole content of a heap of this length.</summary>
    public static bool IsRight(ReadOnlySpan<byte> data, ulong cnt)
    {
        ulong word = FirstWord(cnt);
        int vectorised = 0;
        if (BitConverter.IsLittleEndian)
        {
            ReadOnlySpan<Vector<ulong>> vectors = MemoryMarshal.Cast<byte, Vector<ulong>>(data);
            var step = new Vector<ulong>(VectorStep);
            Vector<ulong> next = FirstVector(word);
            Vector<ulong> difference = Vector<ulong>.Zero;
            for (int i = 0; i < vectors.Length; i++)
            {
                difference |= vectors[i] ^ next;
                next += step;
            }

            if (difference != Vector<ulong>.Zero)
            {
                return false;
            }

            vectorised = vectors.Length * Vector<byte>.Count;
            word += (ulong)vectors.Length * VectorStep;
        }

        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        for (ReadOnlySpan<byte> rest = data[vectorised..]; !rest.IsEmpty; word += Step)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, word);
            int length = Math.Min(rest.Length, sizeof(ulong));
            if (!rest[..length].SequenceEqual(bytes[..length]))
            {
                return false;
            }

            rest = rest[length..];
        }

        return true;
    }

    private static ulong VectorStep => (ulong)Vector<ulong>.Count * Step;

    private static Vector<ulong> FirstVector(ulong firstWord)
    {
        Span<ulong> words = stackalloc ulong[Vector<ulong>.Count];
        for (int i = 0; i < words.Length; i++)
        {
            words[i] = firstWord + ((ulong)i * Step);
        }

        return new Vector<ulong>(words);
    }

    // The finalizer of SplitMix64: neighbouring heap cnts get unrelated words.
    private static ulong FirstWord(ulong cnt)
    {
        ulong x = (cnt + 1) * Step;
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
        x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
        return x ^ (x >> 31);
    }
}
