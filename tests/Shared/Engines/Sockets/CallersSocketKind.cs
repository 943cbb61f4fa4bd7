// SPDX-License-Identifier: MIT

namespace Spead2.Testing.Engines;

/// <summary>
/// What the owner of a socket has done to it: the rows of the table of docs/testing.md, most of which
/// native/tests/test_socket_behaviour.c has, too.
/// </summary>
public enum CallersSocketKind
{
    /// <summary>Nothing but being bound.</summary>
    Plain,

    /// <summary>SO_TIMESTAMP: a control message comes with every message, before the size of its segments.</summary>
    Timestamp,

    /// <summary>SO_TIMESTAMPNS, likewise.</summary>
    TimestampNs,

    /// <summary>IP_PKTINFO, likewise.</summary>
    PacketInfo,

    /// <summary>IPV6_RECVPKTINFO, likewise.</summary>
    PacketInfoV6,

    /// <summary>IP_RECVERR, and something was sent to a port that nobody has.</summary>
    QueuedError,

    /// <summary>Connected to a port that nobody has, and something was sent there.</summary>
    Refused,

    /// <summary>Shut down for receiving; its owner still has it.</summary>
    ShutForReceiving,

    /// <summary>Shut down in both directions; its owner still has it.</summary>
    ShutDown,

    /// <summary>Disposed.</summary>
    Closed,

    /// <summary>That of a <c>UdpClient</c> which was disposed: this shuts it down first.</summary>
    UdpClientDisposed,
}
