// SPDX-License-Identifier: MIT

namespace Spead2.Soak.Sending;

/// <summary>What a <see cref="FaultyTraffic"/> does to its packets; shares are from 0 to 1.</summary>
internal sealed record TrafficMix
{
    /// <summary>A network without faults.</summary>
    public static TrafficMix Faultless { get; } = new();

    /// <summary>Heaps that are being sent at the same time.</summary>
    public int OpenHeaps { get; init; } = 1;

    /// <summary>Largest content of a heap.</summary>
    public int LargestHeap { get; init; } = 1 << 18;

    /// <summary>Packets that are not sent.</summary>
    public double Lost { get; init; }

    /// <summary>Packets that are sent twice.</summary>
    public double Repeated { get; init; }

    /// <summary>Packets that later ones overtake.</summary>
    public double Late { get; init; }

    /// <summary>Heaps that nobody relies on, whose packets may be damaged.</summary>
    public double Decoys { get; init; }

    /// <summary>Packets of decoys that are damaged.</summary>
    public double Damaged { get; init; }

    /// <summary>Another mix of loss, repetition, disorder and damage.</summary>
    public static TrafficMix Next(Random random) => new()
    {
        OpenHeaps = random.Next(1, 7),
        LargestHeap = 1 << random.Next(10, 21),
        Lost = random.Next(3) == 0 ? 0 : 0.02 * random.NextDouble(),
        Repeated = random.Next(3) == 0 ? 0 : 0.02 * random.NextDouble(),
        Late = random.Next(3) == 0 ? 0 : 0.1 * random.NextDouble(),
        Decoys = random.Next(3) == 0 ? 0 : 0.2 * random.NextDouble(),
        Damaged = random.NextDouble(),
    };
}
