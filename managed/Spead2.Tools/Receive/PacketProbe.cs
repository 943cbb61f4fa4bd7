// SPDX-License-Identifier: MIT

using System.Buffers.Binary;

namespace Spead2.Tools.Receive;

/// <summary>
/// Tells where a packet ends, and why bytes are not a packet. Streams decide that by themselves; this is for messages
/// that say more than a counter can.
/// </summary>
internal static class PacketProbe
{
    private const int HeaderSize = 8;
    private const int PointerSize = 8;

    /// <summary>Measures the packet at the start of some bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="size">Size of the packet.</param>
    /// <param name="problem">What is wrong, as a clause, if there is no packet.</param>
    public static bool TryMeasure(ReadOnlySpan<byte> bytes, out int size, out string? problem)
    {
        size = 0;
        problem = ProblemOfHeader(bytes);
        if (problem is not null)
        {
            return false;
        }

        int count = BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]);
        int headSize = HeaderSize + (count * PointerSize);
        if (headSize > bytes.Length)
        {
            problem = $"its {count} item pointers need {headSize} bytes, but {bytes.Length} are left";
            return false;
        }

        ulong?[] standard = ReadStandardItems(bytes[HeaderSize..headSize], addressBits: 8 * bytes[3]);
        if (standard[ItemId.HeapCnt] is null
            || standard[ItemId.PayloadOffset] is not ulong offset
            || standard[ItemId.PayloadLength] is not ulong length)
        {
            problem = "it lacks one of the items heap cnt, payload offset and payload length";
            return false;
        }

        if (length > (ulong)(bytes.Length - headSize))
        {
            problem = $"its payload needs {length} bytes, but {bytes.Length - headSize} are left";
            return false;
        }

        if (standard[ItemId.HeapLength] is ulong heapLength && offset + length > heapLength)
        {
            problem = $"its payload ends at {offset + length}, behind the end of its heap at {heapLength}";
            return false;
        }

        size = headSize + (int)length;
        return true;
    }

    private static string? ProblemOfHeader(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderSize)
        {
            return $"a packet has a header of {HeaderSize} bytes, but {bytes.Length} are left";
        }

        if (bytes[0] != 0x53 || bytes[1] != Flavour.Version)
        {
            return $"a packet starts with the bytes 53 04, but here are {bytes[0]:x2} {bytes[1]:x2}";
        }

        return bytes[2] == 0 || bytes[3] == 0 || bytes[2] + bytes[3] != PointerSize
            ? $"bytes 2 and 3 of a packet are widths that add up to {PointerSize}, "
                + $"but here are {bytes[2]:x2} {bytes[3]:x2}"
            : null;
    }

    // Values of the immediate items 1 to 4, by identifier. The last one counts.
    private static ulong?[] ReadStandardItems(ReadOnlySpan<byte> pointers, int addressBits)
    {
        var standard = new ulong?[ItemId.PayloadLength + 1];
        for (int at = 0; at < pointers.Length; at += PointerSize)
        {
            ulong pointer = BinaryPrimitives.ReadUInt64BigEndian(pointers[at..]);
            ulong id = (pointer & long.MaxValue) >> addressBits;
            bool isImmediate = pointer >> 63 == 1;
            if (isImmediate && id is >= ItemId.HeapCnt and <= ItemId.PayloadLength)
            {
                standard[id] = pointer & ((1UL << addressBits) - 1);
            }
        }

        return standard;
    }
}
