// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Differential.Engines;

/// <summary>Copies payload as a stream would, and counts.</summary>
internal static class CountingCopier
{
    /// <summary>Name of the number of packets that were copied.</summary>
    public const string Copied = "copied";

    /// <summary>Name of the most bytes of one of them.</summary>
    public const string LargestCopied = "largest_copied";

    /// <summary>What it counts.</summary>
    public static IReadOnlyList<CustomStatistic> Statistics { get; } =
        [new(Copied), new(LargestCopied, StatisticMode.Maximum)];

    /// <summary>The function.</summary>
    public static void Copy(Span<byte> heap, in PacketHeader packet)
    {
        packet.Payload.CopyTo(heap[(int)packet.PayloadOffset..]);
        packet.CustomStatistics[0]++;
        packet.CustomStatistics[1] = Math.Max(packet.CustomStatistics[1], packet.Payload.Length);
    }
}
