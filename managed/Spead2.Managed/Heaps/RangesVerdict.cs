// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>What adding a range would mean.</summary>
internal enum RangesVerdict
{
    /// <summary>It was not received yet, and touches nothing that was: one range more.</summary>
    New,

    /// <summary>It was not received yet, and is next to what was: no range more.</summary>
    Adjacent,

    /// <summary>It starts inside what was received.</summary>
    Duplicate,

    /// <summary>It ends inside what was received.</summary>
    Overlap,
}
