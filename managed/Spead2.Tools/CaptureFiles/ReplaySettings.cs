// SPDX-License-Identifier: MIT

using System.Net;

namespace Spead2.Tools.CaptureFiles;

/// <summary>What `spead2 replay` sends, to where and when.</summary>
internal sealed record ReplaySettings
{
    /// <summary>What is replayed.</summary>
    public required CaptureSettings Capture { get; init; }

    /// <summary>Where all datagrams go.</summary>
    public required IPEndPoint To { get; init; }

    /// <summary>How many times as fast as they were captured; 0: without looking at the times.</summary>
    public double Speed { get; init; }

    /// <summary>Most bytes of datagrams a second; 0: any number.</summary>
    public double BytesPerSecond { get; init; }

    /// <summary>Whether the report is JSON.</summary>
    public bool Json { get; init; }
}
