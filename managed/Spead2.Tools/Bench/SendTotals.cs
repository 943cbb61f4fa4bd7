// SPDX-License-Identifier: MIT

using Spead2.Tools.Output;

namespace Spead2.Tools.Bench;

/// <summary>What was sent in a pass, without the stop heap.</summary>
/// <param name="Heaps">Heaps.</param>
/// <param name="Packets">Packets.</param>
/// <param name="Bytes">Bytes of the packets, headers of SPEAD included, those of UDP not.</param>
/// <param name="Time">How long it took.</param>
/// <param name="Cpu">Time of processors that the master's process took.</param>
internal sealed record SendTotals(long Heaps, long Packets, long Bytes, TimeSpan Time, TimeSpan Cpu)
{
    /// <summary>The rate in Gb/s.</summary>
    public double Rate => Readable.GigabitsPerSecond(Bytes, Time);
}
