// SPDX-License-Identifier: MIT

using Spead2.Receive;
using Spead2.Tools.Receive;

namespace Spead2.Soak;

/// <summary>What a run beside a hostile sender is asked to do.</summary>
internal sealed record HostileSettings
{
    /// <summary>What receives.</summary>
    public required ReceiveEngine Engine { get; init; }

    /// <summary>How long it takes.</summary>
    public required TimeSpan Time { get; init; }

    /// <summary>Seed of everything that is random.</summary>
    public required int Seed { get; init; }

    /// <summary>Largest heap of the stream.</summary>
    public int MaxHeapSize { get; init; } = (int)ReceiveStreamOptions.DefaultMaxHeapSize;

    /// <summary>Heaps under assembly of the stream.</summary>
    public int MaxHeaps { get; init; } = 16;

    /// <summary>Heaps in the ring of the stream.</summary>
    public int RingHeaps { get; init; } = 16;

    /// <summary>Bytes of packets per second of the good sender.</summary>
    public double BytesPerSecond { get; init; } = 5e6;
}
