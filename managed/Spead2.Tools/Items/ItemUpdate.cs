// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Items;

/// <summary>What a heap did to an item group; good until the next update.</summary>
/// <param name="Items">Items that it gave a value.</param>
/// <param name="Failed">What of it cannot be interpreted.</param>
/// <param name="HasIgnored">Whether something that should be a descriptor is none.</param>
internal sealed record ItemUpdate(IReadOnlyList<Item> Items, IReadOnlyList<FailedItem> Failed, bool HasIgnored)
{
    /// <summary>Whether all descriptors and values of the heap are understood.</summary>
    public bool IsUnderstood => Failed.Count == 0 && !HasIgnored;
}
