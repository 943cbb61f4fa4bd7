// SPDX-License-Identifier: MIT

using Spead2.Tools.Receive;

namespace Spead2.Soak;

/// <summary>What a soak is asked to do.</summary>
internal sealed record SoakSettings
{
    /// <summary>Default of <see cref="LongestLife"/>.</summary>
    public static readonly TimeSpan DefaultLongestLife = TimeSpan.FromSeconds(6);

    /// <summary>What receives.</summary>
    public required ReceiveEngine Engine { get; init; }

    /// <summary>Whether heaps are placed in chunks, by groups of streams.</summary>
    public bool IsOfChunks { get; init; }

    /// <summary>How long it takes.</summary>
    public required TimeSpan Time { get; init; }

    /// <summary>Seed of everything that is random.</summary>
    public required int Seed { get; init; }

    /// <summary>Longest life of a stream.</summary>
    public TimeSpan LongestLife { get; init; } = DefaultLongestLife;

    /// <summary>Bytes of packets per second of the honest sender; 0 means as fast as possible.</summary>
    public double BytesPerSecond { get; init; } = 40e6;

    /// <summary>The same of the hostile sender.</summary>
    public double HostileBytesPerSecond { get; init; } = 10e6;
}
