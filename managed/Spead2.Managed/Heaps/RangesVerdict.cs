// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>What adding a range would mean.</summary>
internal enum RangesVerdict
{
    /// <summary>It was not received yet.</summary>
    New,

    /// <summary>It starts inside what was received.</summary>
    Duplicate,

    /// <summary>It ends inside what was received.</summary>
    Overlap,
}
