// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>What a loss was; each is a count of <see cref="LossSecond"/>.</summary>
public enum LossCause
{
    /// <summary>The kernel dropped messages (<see cref="LossSecond.KernelDropMessages"/>).</summary>
    KernelDrops = 1,

    /// <summary>Heaps lacked packets (<see cref="LossSecond.PacketsMissing"/>).</summary>
    PacketsMissing = 2,

    /// <summary>Heaps never arrived (<see cref="LossSecond.HeapsMissing"/>).</summary>
    HeapsMissing = 3,

    /// <summary>Heaps were incomplete (<see cref="LossSecond.HeapsIncomplete"/>).</summary>
    HeapsIncomplete = 4,

    /// <summary>Packets came, but were not used (<see cref="LossSecond.PacketsUnused"/>).</summary>
    PacketsUnused = 5,
}
