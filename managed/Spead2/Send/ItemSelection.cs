// SPDX-License-Identifier: MIT

namespace Spead2.Send;

/// <summary>Which descriptors or values of a group go into a heap.</summary>
public enum ItemSelection
{
    /// <summary>Those that receivers do not have yet.</summary>
    Stale,

    /// <summary>All.</summary>
    All,

    /// <summary>None.</summary>
    None,
}
