// SPDX-License-Identifier: MIT

namespace Spead2.Fuzz.Items;

/// <summary>What became of the cases of a run.</summary>
internal sealed record ItemTally
{
    /// <summary>Seed of the run.</summary>
    public required long Seed { get; init; }

    /// <summary>Cases.</summary>
    public long Cases { get; set; }

    /// <summary>Heaps that were interpreted.</summary>
    public long HeapsAccepted { get; set; }

    /// <summary>Heaps that were refused.</summary>
    public long HeapsRefused { get; set; }

    /// <summary>Values that were read.</summary>
    public long Values { get; set; }

    /// <summary>Reasons to refuse a heap, or to give no value in some form, that differ in more than numbers.</summary>
    public int Reasons { get; set; }

    /// <summary>Most bytes that a case allocated.</summary>
    public long LargestAllocation { get; set; }

    /// <summary>Number of the case that allocated most.</summary>
    public long LargestCase { get; set; }

    /// <summary>Longest time of a case in milliseconds.</summary>
    public double LongestMilliseconds { get; set; }

    /// <summary>Number of the case that took longest.</summary>
    public long LongestCase { get; set; }

    /// <summary>Cases that broke a rule.</summary>
    public long Findings { get; set; }
}
