// SPDX-License-Identifier: MIT

using Spead2.Send;
using Spead2.Tools.Items;

namespace Spead2.Tools.Send;

/// <summary>Heaps with items of several types and known values (<see cref="ItemContent"/>).</summary>
internal sealed class ItemHeaps : IHeapSource
{
    private readonly ItemGroup _group = new();
    private readonly HeapGenerator _generator;

    /// <summary>Makes heaps.</summary>
    /// <param name="flavour">Flavour of the descriptors.</param>
    /// <param name="descriptorEvery">Each so many heaps have the descriptors; 0 for the first heap alone.</param>
    public ItemHeaps(Flavour flavour, int descriptorEvery) =>
        _generator = new HeapGenerator(_group, flavour, descriptorEvery);

    public HeapToSend Next(ulong cnt)
    {
        foreach (ContentItem content in ItemContent.All)
        {
            _group.Add(content.Descriptor).SetValue(content.Value(cnt));
        }

        return _generator.Next();
    }

    public void Dispose() => _group.Dispose();
}
