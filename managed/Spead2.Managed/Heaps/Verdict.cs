// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>What became of a packet.</summary>
internal enum Verdict
{
    Accepted,

    /// <summary>It has no HEAP_LENGTH, which the stream does not allow.</summary>
    RejectedUnsized,
    RejectedLength,
    RejectedFlavour,

    /// <summary>In-order mode: before the expected offset.</summary>
    RejectedBehind,

    /// <summary>In-order mode: after the expected offset.</summary>
    RejectedAhead,
    RejectedDuplicate,
    RejectedOverlap,
    TooLarge,

    /// <summary>No HEAP_LENGTH, and too far behind what has arrived.</summary>
    GapTooLarge,
    NoMemory,

    /// <summary>There is no room yet where its heap belongs: it is to come again.</summary>
    Waits,
}
