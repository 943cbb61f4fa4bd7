// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Send;

/// <summary>What was sent. The packets of stop heaps are counted, but not the heaps.</summary>
internal sealed class SendTally
{
    /// <summary>Heaps that were sent, or tried.</summary>
    public long Heaps { get; set; }

    /// <summary>Packets that were handed over.</summary>
    public long Packets { get; set; }

    /// <summary>Their bytes.</summary>
    public long Bytes { get; set; }

    /// <summary>Packets that the system refused.</summary>
    public long Failed { get; set; }

    /// <summary>How long it took.</summary>
    public TimeSpan Time { get; set; }
}
