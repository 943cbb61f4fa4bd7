// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>What a captured frame is, or why it holds no datagram.</summary>
internal enum FrameKind
{
    /// <summary>A whole UDP datagram.</summary>
    Udp,

    /// <summary>A part of an IP packet.</summary>
    Fragment,

    /// <summary>Another protocol than IPv4 and IPv6.</summary>
    NotIp,

    /// <summary>Another protocol than UDP.</summary>
    NotUdp,

    /// <summary>A UDP datagram without payload.</summary>
    Empty,

    /// <summary>It ends within a header.</summary>
    Short,

    /// <summary>The IP length is beyond the frame, or less than its header.</summary>
    IpLength,

    /// <summary>The UDP length is beyond the IP packet, or less than its header.</summary>
    UdpLength,

    /// <summary>Frames of this link type cannot be read.</summary>
    UnknownLink,
}
