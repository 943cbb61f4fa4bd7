// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Items;

/// <summary>What a heap did to an item group.</summary>
/// <param name="Items">Items that it gave a value, until the next update.</param>
/// <param name="Error">Why it cannot be interpreted; null if it can.</param>
internal sealed record ItemUpdate(IReadOnlyList<Item> Items, string? Error);
