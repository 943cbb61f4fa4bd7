// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Net;

namespace Spead2.Tools.Diagnosis;

/// <summary>A datagram on its way to this machine.</summary>
/// <param name="From">Who sent it.</param>
/// <param name="To">Where to.</param>
/// <param name="Device">The interface that it came by.</param>
/// <param name="Bytes">Its content.</param>
internal sealed record DatagramSeen(IPEndPoint From, IPEndPoint To, string Device, byte[] Bytes)
{
    private const int SmallestV4 = 20;
    private const int HeaderV6 = 40;
    private const int HeaderUdp = 8;

    /// <summary>Reads a packet of IP; null if it is no UDP datagram.</summary>
    public static DatagramSeen? Parse(ReadOnlySpan<byte> packet, string device)
    {
        if (packet.Length < SmallestV4)
        {
            return null;
        }

        bool isV6 = packet[0] >> 4 == 6;
        int header = isV6 ? HeaderV6 : (packet[0] & 0xf) * sizeof(uint);
        if (packet.Length < header + HeaderUdp)
        {
            return null;
        }

        (IPAddress from, IPAddress to) = isV6
            ? (new IPAddress(packet[8..24]), new IPAddress(packet[24..40]))
            : (new IPAddress(packet[12..16]), new IPAddress(packet[16..20]));
        ReadOnlySpan<byte> udp = packet[header..];
        int length = Math.Clamp(BinaryPrimitives.ReadUInt16BigEndian(udp[4..]), HeaderUdp, udp.Length);
        return new(
            new(from, BinaryPrimitives.ReadUInt16BigEndian(udp)),
            new(to, BinaryPrimitives.ReadUInt16BigEndian(udp[2..])),
            device,
            udp[HeaderUdp..length].ToArray());
    }
}
