// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Spead2.Managed;

namespace Spead2.Tools.CaptureFiles;

/// <summary>Datagrams as packets of IP, for captures: headers have what is known, and usual values else.</summary>
internal static class IpPacket
{
    /// <summary>Headers of IPv6 and UDP, the longest.</summary>
    public const int MostHeaders = V6Header + UdpHeader;

    private const int V4Header = 20;
    private const int V6Header = 40;
    private const int UdpHeader = 8;
    private const byte Udp = 17;
    private const byte TimeToLive = 64;
    private const ushort DontFragment = 0x4000;

    /// <summary>Bytes of the headers in front of a datagram.</summary>
    public static int HeaderSize(in SenderAddress to) => UdpHeader + (IsV4(to) ? V4Header : V6Header);

    /// <summary>Writes headers and datagram.</summary>
    /// <param name="packet">As many bytes as both have.</param>
    /// <param name="from">Who sent it.</param>
    /// <param name="to">To whom, of the same family.</param>
    /// <param name="datagram">The datagram.</param>
    public static void Write(Span<byte> packet, in SenderAddress from, in SenderAddress to, ReadOnlySpan<byte> datagram)
    {
        bool isV4 = IsV4(to);
        Span<byte> ip = packet[..(isV4 ? V4Header : V6Header)];
        Span<byte> udp = packet[ip.Length..];
        datagram.CopyTo(udp[UdpHeader..]);
        BinaryPrimitives.WriteUInt16BigEndian(udp, from.Port);
        BinaryPrimitives.WriteUInt16BigEndian(udp[2..], to.Port);
        BinaryPrimitives.WriteUInt16BigEndian(udp[4..], (ushort)udp.Length);
        BinaryPrimitives.WriteUInt16BigEndian(udp[6..], 0);
        ip.Clear();
        if (isV4)
        {
            WriteV4(ip, from, to, packet.Length);
        }
        else
        {
            WriteV6(ip, from, to, udp);
        }
    }

    /// <summary>The same address, of IPv4 if it is one that a socket of IPv6 sees as ::ffff:a.b.c.d.</summary>
    public static SenderAddress Unmapped(in SenderAddress address) =>
        address is { Length: SenderAddress.MostBytes, High: 0 } && address.Low >> 32 == 0xffff
            ? new((uint)address.Low, 0, address.Port, sizeof(uint))
            : address;

    private static bool IsV4(in SenderAddress address) => address.Length == sizeof(uint);

    private static void WriteV4(Span<byte> ip, in SenderAddress from, in SenderAddress to, int length)
    {
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)length);
        BinaryPrimitives.WriteUInt16BigEndian(ip[6..], DontFragment);
        ip[8] = TimeToLive;
        ip[9] = Udp;
        from.Write(ip[12..]);
        to.Write(ip[16..]);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], Checksum(Sum(ip)));
    }

    // IPv6 has no UDP datagrams without a checksum.
    private static void WriteV6(Span<byte> ip, in SenderAddress from, in SenderAddress to, Span<byte> udp)
    {
        ip[0] = 0x60;
        BinaryPrimitives.WriteUInt16BigEndian(ip[4..], (ushort)udp.Length);
        ip[6] = Udp;
        ip[7] = TimeToLive;
        Span<byte> addresses = ip[8..];
        if (from.Length == SenderAddress.MostBytes)
        {
            from.Write(addresses);
        }

        to.Write(addresses[SenderAddress.MostBytes..]);
        ulong pseudoHeader = Sum(addresses) + BinaryPrimitives.ReverseEndianness((ushort)udp.Length) +
            BinaryPrimitives.ReverseEndianness((ushort)Udp);
        ushort checksum = Checksum(pseudoHeader + Sum(udp));
        BinaryPrimitives.WriteUInt16BigEndian(udp[6..], checksum == 0 ? ushort.MaxValue : checksum);
    }

    /// <summary>The sum of all words as they lie in memory: that of the swapped words, swapped (RFC 1071).</summary>
    private static ulong Sum(ReadOnlySpan<byte> bytes)
    {
        ulong sum = 0;
        ReadOnlySpan<uint> words = MemoryMarshal.Cast<byte, uint>(bytes);
        foreach (uint word in words)
        {
            sum += word;
        }

        Span<byte> rest = stackalloc byte[sizeof(uint)];
        bytes[(words.Length * sizeof(uint))..].CopyTo(rest);
        return sum + BinaryPrimitives.ReadUInt32LittleEndian(rest);
    }

    private static ushort Checksum(ulong sum)
    {
        while (sum > ushort.MaxValue)
        {
            sum = (sum & ushort.MaxValue) + (sum >> 16);
        }

        return BinaryPrimitives.ReverseEndianness((ushort)~sum);
    }
}
