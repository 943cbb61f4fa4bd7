// SPDX-License-Identifier: MIT

namespace Spead2.Tools.CaptureFiles;

/// <summary>Which datagrams of a capture a command looks at.</summary>
internal sealed record CaptureSettings
{
    /// <summary>The capture.</summary>
    public required string Path { get; init; }

    /// <summary>Only datagrams to this address, of 4 or 16 bytes; null: to any.</summary>
    public byte[]? Address { get; init; }

    /// <summary>Only datagrams to this port; 0: to any.</summary>
    public int Port { get; init; }

    /// <summary>Whether frames that the capturing host sent are looked at, too.</summary>
    public bool Outgoing { get; init; }
}
