// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>Where the packets of a source come from. Later versions may know more.</summary>
public enum SourceKind
{
    /// <summary>Nothing that this version knows.</summary>
    Unknown = 0,

    /// <summary>A UDP socket.</summary>
    Udp = 1,

    /// <summary>Packets back to back in memory.</summary>
    Buffer = 2,

    /// <summary>Datagrams in memory.</summary>
    Datagrams = 3,

    /// <summary>A queue of packets in this process.</summary>
    InProcess = 4,

    /// <summary>A TCP connection.</summary>
    Tcp = 5,

    /// <summary>A capture file.</summary>
    Pcap = 6,
}
