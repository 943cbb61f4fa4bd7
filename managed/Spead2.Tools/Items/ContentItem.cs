// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Items;

/// <summary>An item whose values are known.</summary>
/// <param name="Descriptor">What it is.</param>
/// <param name="Value">Its value in the heap with a heap cnt, as <see cref="ItemValue.ToObject"/> gives it.</param>
internal sealed record ContentItem(ItemDescriptor Descriptor, Func<ulong, object> Value);
