// SPDX-License-Identifier: MIT

using Spead2.Tools.Receive;

namespace Spead2.Soak;

/// <summary>What a run beside datagrams that ask for much memory is asked to do.</summary>
internal sealed record AttackSettings
{
    /// <summary>Bytes of a good heap.</summary>
    public const int HeapBytes = 1 << 20;

    /// <summary>What receives.</summary>
    public required ReceiveEngine Engine { get; init; }

    /// <summary>Good heaps.</summary>
    public int Heaps { get; init; } = 1000;

    /// <summary>Payload bytes of them per second: 0.8 Gb/s.</summary>
    public double BytesPerSecond { get; init; } = 1e8;

    /// <summary>Hostile datagrams of each kind per second.</summary>
    public double HostilePerSecond { get; init; } = 1000;

    /// <summary>Heaps under assembly of the stream.</summary>
    public int MaxHeaps { get; init; } = 64;

    /// <summary>
    /// Whether all hostile datagrams are of two heap cnts. Otherwise they begin one heap after the other, which with few
    /// <see cref="MaxHeaps"/> would push out good ones.
    /// </summary>
    public bool ReusesCnts { get; init; }
}
