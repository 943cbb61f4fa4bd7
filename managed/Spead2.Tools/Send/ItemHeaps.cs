// SPDX-License-Identifier: MIT

using Spead2.Send;
using Spead2.Tools.Items;

namespace Spead2.Tools.Send;

/// <summary>Heaps with items of several types and known values (<see cref="ItemContent"/>).</summary>
internal sealed class ItemHeaps : IHeapSource
{
    private readonly Destination[] _destinations;
    private readonly bool _isHeapZero;

    /// <summary>Makes heaps.</summary>
    /// <param name="flavour">Flavour of the descriptors.</param>
    /// <param name="descriptorEvery">
    /// Each so many heaps of a destination have the descriptors; 0 for the first heap alone.
    /// </param>
    /// <param name="destinations">How many destinations there are: each gets the descriptors.</param>
    /// <param name="isHeapZero">Whether each is sent as heap 0, whose values it has then.</param>
    public ItemHeaps(Flavour flavour, int descriptorEvery, int destinations, bool isHeapZero = false)
    {
        _destinations =
            [.. Enumerable.Range(0, destinations).Select(_ => new Destination(flavour, descriptorEvery))];
        _isHeapZero = isHeapZero;
    }

    public ulong CntOf(ulong number) => _isHeapZero ? 0 : number;

    public HeapToSend Next(ulong cnt, int destination) => _destinations[destination].Next(CntOf(cnt));

    public void Dispose() => Array.ForEach(_destinations, destination => destination.Dispose());

    private sealed class Destination : IDisposable
    {
        private readonly ItemGroup _group = new();
        private readonly HeapGenerator _generator;

        public Destination(Flavour flavour, int descriptorEvery) =>
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
}
