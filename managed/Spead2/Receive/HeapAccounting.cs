// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>Whether a stream counts the heaps that never arrived, by the cnts of those that did.</summary>
public enum HeapAccounting
{
    /// <summary>It does not.</summary>
    None,

    /// <summary>The heaps of a substream are one sequence, whatever sources they come from.</summary>
    BySubstream,

    /// <summary>
    /// The heaps of a substream that come from one packet source are one sequence: for senders whose cnts have nothing
    /// to do with each other.
    /// </summary>
    BySource,
}
