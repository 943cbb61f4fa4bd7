// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Net;

namespace Spead2.Managed;

/// <summary>An IP address and a UDP port, without memory of their own.</summary>
/// <param name="High">First half of an IPv6 address, or an IPv4 address.</param>
/// <param name="Low">Second half of an IPv6 address.</param>
/// <param name="Port">UDP port.</param>
/// <param name="Length">Bytes of the address: 4 or 16; 0: nobody is known.</param>
internal readonly record struct SenderAddress(ulong High, ulong Low, ushort Port, byte Length)
{
    /// <summary>Bytes of the longest address.</summary>
    public const int MostBytes = V6Length;

    private const int V4Length = sizeof(uint);
    private const int V6Length = 2 * sizeof(ulong);

    /// <summary>An address of 4 or 16 bytes.</summary>
    public static SenderAddress Of(ReadOnlySpan<byte> address, int port) => address.Length == V4Length
        ? new(BinaryPrimitives.ReadUInt32BigEndian(address), 0, (ushort)port, V4Length)
        : new(
            BinaryPrimitives.ReadUInt64BigEndian(address),
            BinaryPrimitives.ReadUInt64BigEndian(address[sizeof(ulong)..]),
            (ushort)port,
            V6Length);

    /// <summary>
    /// The address as a number, 0 for nobody. Who does not know the multiplier cannot choose addresses with equal numbers.
    /// </summary>
    public ulong Number(ulong multiplier)
    {
        if (Length == 0)
        {
            return 0;
        }

        ulong number = High * multiplier;
        number = (number ^ (number >> 32) ^ Low) * multiplier;
        number = (number ^ (number >> 32) ^ ((ulong)Port << 32 | Length)) * multiplier;
        number ^= number >> 32;
        return Math.Max(number, 1);
    }

    /// <summary>Writes the address into 16 bytes, in network byte order; gives how many it takes.</summary>
    public int Write(Span<byte> bytes)
    {
        if (Length == V4Length)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)High);
        }
        else if (Length == V6Length)
        {
            BinaryPrimitives.WriteUInt64BigEndian(bytes, High);
            BinaryPrimitives.WriteUInt64BigEndian(bytes[sizeof(ulong)..], Low);
        }

        return Length;
    }

    /// <summary>The same as users see it; null for nobody.</summary>
    public IPEndPoint? ToEndPoint()
    {
        Span<byte> bytes = stackalloc byte[V6Length];
        return Length == 0 ? null : new(new IPAddress(bytes[..Write(bytes)]), Port);
    }
}
