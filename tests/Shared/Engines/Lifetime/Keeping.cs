// SPDX-License-Identifier: MIT

namespace Spead2.Testing.Engines;

/// <summary>How heaps are kept while their stream is given up.</summary>
public enum Keeping
{
    /// <summary>They are disposed after the stream.</summary>
    Heaps,

    /// <summary>They are disposed before it, but their payload is pinned.</summary>
    Pins,

    /// <summary>They are disposed before it, but an item group has their items.</summary>
    Items,

    /// <summary>They are forgotten after it.</summary>
    ForgottenHeaps,

    /// <summary>They are disposed before it, and the item group that has their items is forgotten after it.</summary>
    ForgottenItems,
}
