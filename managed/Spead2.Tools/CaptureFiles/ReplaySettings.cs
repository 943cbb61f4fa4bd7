// SPDX-License-Identifier: MIT

using System.Net;
using Spead2.Tools.Send;

namespace Spead2.Tools.CaptureFiles;

/// <summary>What `spead2 replay` sends, to where and when.</summary>
internal sealed record ReplaySettings
{
    /// <summary>What is replayed.</summary>
    public required CaptureSettings Capture { get; init; }

    /// <summary>Where datagrams go, by their destination in the capture.</summary>
    public IReadOnlyList<(IPEndPoint From, IPEndPoint To)> Maps { get; init; } = [];

    /// <summary>Where all others go; null: nowhere.</summary>
    public IPEndPoint? To { get; init; }

    /// <summary>How many times as fast as they were captured; 0: without looking at the times.</summary>
    public double Speed { get; init; }

    /// <summary>Most bytes of datagrams a second; 0: any number.</summary>
    public double BytesPerSecond { get; init; }

    /// <summary>How often the capture is sent; null: without end.</summary>
    public long? Loops { get; init; } = 1;

    /// <summary>An immediate item that is counted on from one loop to the next, beside the heap cnt; 0: none.</summary>
    public ulong TimeItem { get; init; }

    /// <summary>What is done to packets on purpose; null: nothing.</summary>
    public PacketFaults? Faults { get; init; }

    /// <summary>Whether to wait for the same times again without sending, to see how late a timer alone is.</summary>
    public bool CompareTimer { get; init; }

    /// <summary>Whether the report is JSON.</summary>
    public bool Json { get; init; }
}
