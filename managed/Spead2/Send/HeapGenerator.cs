// SPDX-License-Identifier: MIT

namespace Spead2.Send;

/// <summary>
/// Makes heaps of the items of a group: first the descriptors, then the values, each only if it is not known to
/// receivers yet. It remembers the <see cref="Item.Version"/> that was sent last, so values must be set, not changed
/// in place.
/// </summary>
/// <remarks>Not safe for use by several threads at once, nor while the group is being changed.</remarks>
public sealed class HeapGenerator
{
    private readonly Dictionary<long, Sent> _sent = [];
    private readonly ItemGroup _items;
    private readonly Flavour _flavour;
    private readonly int _descriptorFrequency;
    private long _heap;

    /// <summary>Makes a generator.</summary>
    /// <param name="items">The items.</param>
    /// <param name="flavour">Flavour that the heaps will be encoded with; descriptors depend on it.</param>
    /// <param name="descriptorFrequency">
    /// After how many heaps a descriptor is sent again, for receivers that come late; 0: never.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The frequency is negative.</exception>
    public HeapGenerator(ItemGroup items, Flavour flavour, int descriptorFrequency = 0)
    {
        ArgumentNullException.ThrowIfNull(items);
        ArgumentOutOfRangeException.ThrowIfNegative(descriptorFrequency);
        _items = items;
        _flavour = flavour;
        _descriptorFrequency = descriptorFrequency;
    }

    /// <summary>Makes the next heap.</summary>
    /// <param name="descriptors">Which descriptors it has.</param>
    /// <param name="data">Which values it has, of the items with a value.</param>
    /// <returns>
    /// A heap that later changes of the items do not change. It may be empty. Items of unknown type are not sent.
    /// </returns>
    /// <exception cref="ArgumentException">A descriptor does not fit the flavour.</exception>
    public HeapToSend Next(
        ItemSelection descriptors = ItemSelection.Stale, ItemSelection data = ItemSelection.Stale)
    {
        HeapToSend heap = new();
        ForgetRemoved();
        foreach (Item item in SentItems)
        {
            AddDescriptor(heap, StateOf(item), descriptors);
        }

        foreach (Item item in SentItems)
        {
            Sent sent = StateOf(item);
            if (item.HasValue && IsSelected(data, sent.Version != item.Version))
            {
                heap.AddItem(item.Id, item.BytesToSend(), item.Descriptor.AllowImmediate);
                sent.Version = item.Version;
            }
        }

        _heap++;
        return heap;
    }

    private IEnumerable<Item> SentItems => _items.Where(item => !item.Descriptor.IsUnknown);

    private static bool IsSelected(ItemSelection selection, bool isStale) =>
        selection == ItemSelection.All || (selection == ItemSelection.Stale && isStale);

    private void AddDescriptor(HeapToSend heap, Sent sent, ItemSelection selection)
    {
        bool isDue = sent.DescriptorHeap < 0
            || (_descriptorFrequency > 0 && _heap - sent.DescriptorHeap >= _descriptorFrequency);
        if (IsSelected(selection, isDue))
        {
            heap.AddDescriptor(sent.Descriptor ??= sent.Item.Descriptor.Encode(_flavour));
            sent.DescriptorHeap = _heap;
        }
    }

    // An item in the place of another one has not been sent.
    private Sent StateOf(Item item)
    {
        if (!_sent.TryGetValue(item.Id, out Sent? sent) || !ReferenceEquals(sent.Item, item))
        {
            _sent[item.Id] = sent = new(item);
        }

        return sent;
    }

    private void ForgetRemoved()
    {
        foreach ((long id, Sent sent) in _sent)
        {
            if (!_items.TryGet(id, out Item? item) || !ReferenceEquals(sent.Item, item))
            {
                _sent.Remove(id);
            }
        }
    }

    /// <summary>What has been sent of an item.</summary>
    private sealed class Sent(Item item)
    {
        public Item Item { get; } = item;

        /// <summary>Version of the value that was sent last; 0 if none was.</summary>
        public long Version { get; set; }

        /// <summary>Number of the heap with the descriptor; -1 if there was none.</summary>
        public long DescriptorHeap { get; set; } = -1;

        /// <summary>The descriptor, encoded.</summary>
        public byte[]? Descriptor { get; set; }
    }
}
