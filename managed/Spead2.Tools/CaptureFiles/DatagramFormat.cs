// SPDX-License-Identifier: MIT

namespace Spead2.Tools.CaptureFiles;

/// <summary>How a file has datagrams.</summary>
internal enum DatagramFormat
{
    /// <summary>As captures do, with addresses and times.</summary>
    Capture,

    /// <summary>Each behind its length, 32 bits, little-endian.</summary>
    Datagrams,

    /// <summary>Packets back to back.</summary>
    Packets,
}
