// SPDX-License-Identifier: MIT

using System.Buffers.Binary;

namespace Spead2.Managed;

/// <summary>A captured frame, taken apart.</summary>
internal ref struct Frame
{
    // Link types of captured frames (the registry of tcpdump.org); others cannot be read.
    private const uint LinkNull = 0;
    private const uint LinkEthernet = 1;
    private const uint LinkRawBsd = 12;
    private const uint LinkRawOpenBsd = 14;
    private const uint LinkRaw = 101;
    private const uint LinkLoop = 108;
    private const uint LinkCooked = 113;
    private const uint LinkIpv4 = 228;
    private const uint LinkIpv6 = 229;
    private const uint LinkCooked2 = 276;

    private const int EtherTypeIpv4 = 0x0800;
    private const int EtherTypeIpv6 = 0x86dd;
    private const int EtherTypeVlan = 0x8100;
    private const int EtherTypeQinq = 0x88a8;
    private const int EtherTypeOldQinq = 0x9100;

    private const byte ProtocolUdp = 17;

    // IPv6 extension headers (RFC 8200, 4302): each says what follows it.
    private const byte ExtensionHopByHop = 0;
    private const byte ExtensionRouting = 43;
    private const byte ExtensionFragment = 44;
    private const byte ExtensionAuthentication = 51;
    private const byte ExtensionDestination = 60;
    private const byte ExtensionMobility = 135;
    private const byte ExtensionHostIdentity = 139;
    private const byte ExtensionShim6 = 140;

    // Packet type of a cooked link: sent by the capturing host.
    private const byte PacketOutgoing = 4;

    // Address families of null and loop links. IPv6 has another number on each system.
    private const byte FamilyIpv4 = 2;
    private const byte FamilyIpv6NetBsd = 24;
    private const byte FamilyIpv6FreeBsd = 28;
    private const byte FamilyIpv6Darwin = 30;

    /// <summary>Who sent it: 4 or 16 bytes.</summary>
    public ReadOnlySpan<byte> Source;

    /// <summary>To whom it was sent: 4 or 16 bytes.</summary>
    public ReadOnlySpan<byte> Destination;

    /// <summary>Of a fragment 0, as those of the whole packet are not known.</summary>
    public ushort SourcePort;

    /// <summary>As <see cref="SourcePort"/>.</summary>
    public ushort DestinationPort;

    /// <summary>Payload of UDP, or of the IP packet that a fragment is a part of.</summary>
    public ReadOnlySpan<byte> Payload;

    /// <summary>Cooked links: whether it was sent by the capturing host.</summary>
    public bool IsOutgoing;

    /// <summary>Of a fragment: whether it is not the last.</summary>
    public bool HasMore;

    /// <summary>Of a fragment: where the payload begins in that of the whole packet.</summary>
    public int Offset;

    /// <summary>Of a fragment: the number of its packet.</summary>
    public uint Identification;

    private byte _protocol;

    /// <summary>Whether frames of a link type can be read.</summary>
    public static bool IsKnownLink(uint link) => link is LinkNull or LinkEthernet or LinkRawBsd or LinkRawOpenBsd or LinkRaw
        or LinkLoop or LinkCooked or LinkIpv4 or LinkIpv6 or LinkCooked2;

    /// <summary>Takes a frame apart. Bytes behind the IP packet, such as padding, are passed over.</summary>
    public static FrameKind Decode(uint link, ReadOnlySpan<byte> bytes, out Frame frame)
    {
        frame = default;
        return link switch
        {
            LinkEthernet => frame.DecodeTyped(bytes, 14, 12, 0),
            LinkCooked => frame.DecodeTyped(bytes, 16, 14, 1),
            LinkCooked2 => frame.DecodeTyped(bytes, 20, 0, 10),
            LinkNull or LinkLoop => frame.DecodeFamily(bytes),
            LinkRaw or LinkRawBsd or LinkRawOpenBsd or LinkIpv4 or LinkIpv6 => frame.DecodeIp(bytes),
            _ => FrameKind.UnknownLink,
        };
    }

    /// <summary>The bytes of each packet in a datagram that was captured before it was cut, or else all.</summary>
    public static int SegmentOf(ReadOnlySpan<byte> datagram, DialectRules dialect)
    {
        if (PacketDecoder.Decode(datagram, dialect, out Packet packet) != PacketFault.None ||
            packet.Bytes.Length == datagram.Length)
        {
            return datagram.Length;
        }

        int segment = packet.Bytes.Length;
        for (int at = segment; at < datagram.Length; at += segment)
        {
            ReadOnlySpan<byte> left = datagram[at..Math.Min(at + segment, datagram.Length)];
            if (PacketDecoder.Decode(left, dialect, out packet) != PacketFault.None || packet.Bytes.Length != left.Length)
            {
                return datagram.Length;
            }
        }

        return segment;
    }

    /// <summary>Takes the payload of an IP packet apart: the ports and the datagram.</summary>
    public FrameKind DecodeUdp(ReadOnlySpan<byte> bytes)
    {
        const int Header = 8;
        if (bytes.Length < Header)
        {
            return FrameKind.UdpLength;
        }

        SourcePort = BinaryPrimitives.ReadUInt16BigEndian(bytes);
        DestinationPort = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        int announced = BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]);

        // 0: more than 65,535 bytes, as large sends are handed over before they are cut.
        int datagram = announced == 0 ? bytes.Length : announced;
        if (datagram < Header || datagram > bytes.Length)
        {
            return FrameKind.UdpLength;
        }

        Payload = bytes[Header..datagram];
        return Payload.IsEmpty ? FrameKind.Empty : FrameKind.Udp;
    }

    private static bool IsExtension(byte protocol) => protocol is ExtensionHopByHop or ExtensionRouting or ExtensionDestination
        or ExtensionMobility or ExtensionHostIdentity or ExtensionShim6 or ExtensionAuthentication or ExtensionFragment;

    private FrameKind DecodeProtocol(ReadOnlySpan<byte> rest)
    {
        if (HasMore || Offset != 0)
        {
            Payload = rest;
            return _protocol == ProtocolUdp ? FrameKind.Fragment : FrameKind.NotUdp;
        }

        return _protocol == ProtocolUdp ? DecodeUdp(rest) : FrameKind.NotUdp;
    }

    private FrameKind DecodeV4(ReadOnlySpan<byte> bytes)
    {
        const int Header = 20;
        const int More = 0x2000;
        const int OffsetBits = 0x1fff;
        if (bytes.Length < Header)
        {
            return FrameKind.Short;
        }

        int header = (bytes[0] & 0x0f) * 4;
        int announced = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        int total = announced == 0 ? bytes.Length : announced;
        if (bytes[0] >> 4 != 4)
        {
            return FrameKind.NotIp;
        }

        if (header < Header || total < header || total > bytes.Length)
        {
            return FrameKind.IpLength;
        }

        int fragment = BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]);
        HasMore = (fragment & More) != 0;
        Offset = (fragment & OffsetBits) * 8;
        Identification = BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]);
        _protocol = bytes[9];
        Source = bytes[12..16];
        Destination = bytes[16..20];
        return DecodeProtocol(bytes[header..total]);
    }

    /// <summary>Passes over one extension header; false if it does not fit.</summary>
    private bool SkipExtension(ref ReadOnlySpan<byte> rest)
    {
        int length = 8;
        if (rest.Length < length)
        {
            return false;
        }

        switch (_protocol)
        {
            case ExtensionAuthentication:
                length = (rest[1] + 2) * 4;
                break;
            case ExtensionFragment:
                HasMore = (rest[3] & 1) != 0;
                Offset = BinaryPrimitives.ReadUInt16BigEndian(rest[2..]) & 0xfff8;
                Identification = BinaryPrimitives.ReadUInt32BigEndian(rest[4..]);
                break;
            default:
                length += rest[1] * 8;
                break;
        }

        _protocol = rest[0];
        if (rest.Length < length)
        {
            return false;
        }

        rest = rest[length..];
        return true;
    }

    private FrameKind DecodeV6(ReadOnlySpan<byte> bytes)
    {
        const int Header = 40;
        if (bytes.Length < Header)
        {
            return FrameKind.Short;
        }

        if (bytes[0] >> 4 != 6)
        {
            return FrameKind.NotIp;
        }

        int announced = BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]);
        _protocol = bytes[6];
        Source = bytes[8..24];
        Destination = bytes[24..40];
        ReadOnlySpan<byte> rest = bytes[Header..];
        if (announced > rest.Length)
        {
            return FrameKind.IpLength;
        }

        rest = rest[..(announced == 0 ? rest.Length : announced)];

        // What is behind the fragment header belongs to the whole packet.
        while (IsExtension(_protocol) && !HasMore && Offset == 0)
        {
            if (!SkipExtension(ref rest))
            {
                return FrameKind.Short;
            }
        }

        return DecodeProtocol(rest);
    }

    private FrameKind DecodeIp(ReadOnlySpan<byte> bytes) => bytes.IsEmpty ? FrameKind.Short : (bytes[0] >> 4) switch
    {
        4 => DecodeV4(bytes),
        6 => DecodeV6(bytes),
        _ => FrameKind.NotIp,
    };

    /// <summary>What follows a link header that says its EtherType; VLAN tags say another one.</summary>
    private FrameKind DecodeEtherType(int type, ReadOnlySpan<byte> rest)
    {
        while (type is EtherTypeVlan or EtherTypeQinq or EtherTypeOldQinq)
        {
            if (rest.Length < 4)
            {
                return FrameKind.Short;
            }

            type = BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
            rest = rest[4..];
        }

        return type switch
        {
            EtherTypeIpv4 => DecodeV4(rest),
            EtherTypeIpv6 => DecodeV6(rest),
            _ => FrameKind.NotIp,
        };
    }

    /// <summary>
    /// Links whose header has an EtherType: how long it is, where that stands, and where the packet type stands (0: there is
    /// none), which is the last byte of its field.
    /// </summary>
    private FrameKind DecodeTyped(ReadOnlySpan<byte> bytes, int header, int typeAt, int packetTypeAt)
    {
        if (bytes.Length < header)
        {
            return FrameKind.Short;
        }

        IsOutgoing = packetTypeAt != 0 && bytes[packetTypeAt] == PacketOutgoing;
        return DecodeEtherType(BinaryPrimitives.ReadUInt16BigEndian(bytes[typeAt..]), bytes[header..]);
    }

    /// <summary>
    /// A null or loop link: the address family, in the byte order of the capturing host, or the network's. Numbers below 256
    /// are told in either.
    /// </summary>
    private FrameKind DecodeFamily(ReadOnlySpan<byte> bytes)
    {
        const int Header = 4;
        if (bytes.Length < Header)
        {
            return FrameKind.Short;
        }

        return (bytes[0] != 0 ? bytes[0] : bytes[3]) switch
        {
            FamilyIpv4 => DecodeV4(bytes[Header..]),
            FamilyIpv6NetBsd or FamilyIpv6FreeBsd or FamilyIpv6Darwin => DecodeV6(bytes[Header..]),
            _ => DecodeIp(bytes[Header..]), // 10 on Linux, other numbers elsewhere
        };
    }
}
