// SPDX-License-Identifier: MIT

using Spead2.Receive;
using Spead2.Soak.Sending;

namespace Spead2.Soak;

/// <summary>What came of a run beside datagrams that ask for much memory.</summary>
internal sealed record AttackResult
{
    private const long BlockBytes = AttackSettings.HeapBytes * 5L / 4;

    // Most bytes that a separate range of one byte makes real: two pages, and itself.
    private const long RangeBytes = (2 * 4096) + 1;

    // Blocks over which small packets have spread that are kept, with as much of each.
    private const long ColdBytes = 256L * (256 << 10);
    private const long RuntimeBytes = 64 << 20;
    private const int HeapsOnTheirWay = 4;

    /// <summary>What was asked for.</summary>
    public required AttackSettings Settings { get; init; }

    /// <summary>How long it took.</summary>
    public required TimeSpan Time { get; init; }

    /// <summary>Good heaps that arrived, with the right content.</summary>
    public required int Arrived { get; init; }

    /// <summary>Hostile datagrams.</summary>
    public required long HostileDatagrams { get; init; }

    /// <summary>By how much the process grew at most.</summary>
    public required long MostGrowth { get; init; }

    /// <summary>What the receiver says.</summary>
    public required StreamStatistics Received { get; init; }

    /// <summary>
    /// The most by which the process may grow: good heaps under assembly, in the ring and on their way; what hostile
    /// heaps under assembly make real by one byte per huge page; blocks that are kept; and what the runtime takes.
    /// </summary>
    public long GrowthBound =>
        (BlockBytes * (Settings.MaxHeaps + ReceiveStreamOptions.DefaultRingHeaps + HeapsOnTheirWay)) +
        (RangeBytes * MemoryAttack.MostRanges * Settings.MaxHeaps) + ColdBytes + RuntimeBytes;

    /// <summary>What does not hold.</summary>
    public IEnumerable<string> Findings
    {
        get
        {
            if (Arrived != Settings.Heaps)
            {
                yield return $"{Arrived} of {Settings.Heaps} good heaps arrived ({Received.KernelDropMessages} datagrams were " +
                    "dropped by the kernel)";
            }

            if (MostGrowth > GrowthBound)
            {
                yield return $"the process grew by {MostGrowth} bytes, but at most {GrowthBound} are allowed";
            }
        }
    }
}
