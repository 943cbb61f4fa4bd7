// SPDX-License-Identifier: MIT

namespace Spead2.Differential;

/// <summary>How the packets of a trace reach a stream.</summary>
internal enum Feed
{
    /// <summary>Each is a datagram.</summary>
    Datagrams,

    /// <summary>All of them back to back in one buffer.</summary>
    Buffer,
}
