// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Bench;

/// <summary>One pass at one rate.</summary>
/// <param name="Asked">The rate asked for, in Gb/s; 0: as fast as possible.</param>
/// <param name="Sent">What was sent.</param>
/// <param name="Received">What the agent says.</param>
internal sealed record Pass(double Asked, SendTotals Sent, PassReport Received)
{
    /// <summary>Heaps that were sent and did not arrive complete.</summary>
    public long Lost => Math.Max(Sent.Heaps - Received.Heaps, 0);

    /// <summary>Whether every heap arrived.</summary>
    public bool IsLossFree => Lost == 0;
}
