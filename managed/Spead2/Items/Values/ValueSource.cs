// SPDX-License-Identifier: MIT

namespace Spead2.Items.Values;

/// <summary>Where the bytes of an item's value are.</summary>
internal enum ValueSource
{
    /// <summary>There is no value yet.</summary>
    None,

    /// <summary>In the payload of a heap, which is held.</summary>
    Heap,

    /// <summary>In the item, which was an immediate.</summary>
    Immediate,

    /// <summary>In memory of the item.</summary>
    Owned,

    /// <summary>The item is in no group any more.</summary>
    Released,
}
