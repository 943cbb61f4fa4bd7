// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>What a stream received and lost in one second.</summary>
/// <remarks>
/// A loss belongs to the second in which it became known: a heap that lacks packets is known when it leaves the assembly,
/// one that never arrives when the sequence is 256 heaps further, what the kernel dropped when the stream's sources are
/// read from next.
/// </remarks>
/// <param name="Time">When the second began, by the clock of this machine.</param>
/// <param name="Packets">Packets that reached the assembly, used or not.</param>
/// <param name="Heaps">Heaps that left the assembly, complete or not.</param>
/// <param name="KernelDropMessages">Messages that the kernel dropped.</param>
/// <param name="PacketsMissing">Packets that evicted and flushed heaps lacked.</param>
/// <param name="HeapsMissing">Heaps of which nothing arrived.</param>
/// <param name="HeapsIncomplete">Heaps that were evicted, or flushed at the stream's end.</param>
/// <param name="PacketsUnused">Packets and datagrams that came, but became part of no heap.</param>
public readonly record struct LossSecond(
    DateTimeOffset Time,
    long Packets,
    long Heaps,
    long KernelDropMessages,
    long PacketsMissing,
    long HeapsMissing,
    long HeapsIncomplete,
    long PacketsUnused)
{
    /// <summary>Most seconds that a stream remembers.</summary>
    public const int MostRemembered = 1024;

    /// <summary>What was lost for one cause.</summary>
    /// <param name="cause">The cause.</param>
    /// <returns>Messages, packets or heaps.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such cause.</exception>
    public long Lost(LossCause cause) => cause switch
    {
        LossCause.KernelDrops => KernelDropMessages,
        LossCause.PacketsMissing => PacketsMissing,
        LossCause.HeapsMissing => HeapsMissing,
        LossCause.HeapsIncomplete => HeapsIncomplete,
        LossCause.PacketsUnused => PacketsUnused,
        _ => throw new ArgumentOutOfRangeException(nameof(cause), cause, "There is no such cause of loss."),
    };
}
