// SPDX-License-Identifier: MIT

using System.Buffers.Binary;

namespace Spead2.Soak.Sending;

/// <summary>Does to a datagram what a broken or malicious sender could do.</summary>
internal static class Damage
{
    private const int PointerSize = 8;
    private const int MostExtra = 64;

    /// <summary>Damages the datagram at the start of a buffer.</summary>
    /// <returns>Its new length.</returns>
    public static int Do(Span<byte> buffer, int length, Random random)
    {
        switch (random.Next(6))
        {
            case 0:
                for (int bits = random.Next(1, 9); bits > 0 && length > 0; bits--)
                {
                    buffer[random.Next(length)] ^= (byte)(1 << random.Next(8));
                }

                return length;
            case 1 when length >= PointerSize:
                // The header or an item pointer.
                int field = random.Next(Math.Min(length / PointerSize, PointerSize)) * PointerSize;
                BinaryPrimitives.WriteInt64BigEndian(buffer[field..], random.NextInt64(long.MinValue, long.MaxValue));
                return length;
            case 2:
                return random.Next(length + 1);
            case 3:
                int extra = Math.Min(random.Next(1, MostExtra), buffer.Length - length);
                random.NextBytes(buffer.Slice(length, extra));
                return length + extra;
            case 4:
                random.NextBytes(buffer[..length]);
                return length;
            case 5 when length > 3 * PointerSize:
                // The announced length of the heap: the second item pointer, an immediate of 40 bits.
                random.NextBytes(buffer.Slice((3 * PointerSize) - 5, 5));
                return length;
            default:
                return 0;
        }
    }
}
