// SPDX-License-Identifier: MIT

using System.Numerics;

namespace Spead2.Send;

/// <summary>
/// Makes heaps of the items of a group: first the descriptors, then the values, each only if it is not known to
/// receivers yet. It remembers the <see cref="Item.Version"/> that was sent last, so values must be set, not changed
/// in place.
/// </summary>
/// <remarks>Not safe for use by several threads at once, nor while the group is being changed.</remarks>
public sealed class HeapGenerator
{
    private const int MaxAlignment = 4096;

    private readonly Dictionary<long, Sent> _sent = [];
    private readonly ItemGroup _items;
    private readonly Flavour _flavour;
    private readonly int _descriptorFrequency;
    private readonly int _alignment;
    private long _heap;

    /// <summary>Makes a generator.</summary>
    /// <param name="items">The items.</param>
    /// <param name="flavour">Flavour that the heaps will be encoded with; descriptors depend on it.</param>
    /// <param name="descriptorFrequency">
    /// After how many heaps a descriptor is sent again, for receivers that come late; 0: never.
    /// </param>
    /// <param name="alignment">
    /// A power of two of at most 4096: each value that is not an immediate begins at a multiple of it in the payload, with
    /// padding and a NULL item in front where it has to, so that receivers can use it where it is.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The frequency is negative, or the alignment is none of these.
    /// </exception>
    public HeapGenerator(ItemGroup items, Flavour flavour, int descriptorFrequency = 0, int alignment = 1)
    {
        ArgumentNullException.ThrowIfNull(items);
        ArgumentOutOfRangeException.ThrowIfNegative(descriptorFrequency);
        if (!BitOperations.IsPow2(alignment) || alignment > MaxAlignment)
        {
            throw new ArgumentOutOfRangeException(
                nameof(alignment), alignment, $"An alignment must be a power of two of at most {MaxAlignment}.");
        }

        _alignment = alignment;
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

        long offset = heap.Items.Sum(descriptor => (long)descriptor.Data.Length);
        foreach (Item item in SentItems)
        {
            Sent sent = StateOf(item);
            if (item.HasValue && IsSelected(data, sent.Version != item.Version))
            {
                ItemToSend value = new(item.Id, item.BytesToSend(), item.Descriptor.AllowImmediate);
                offset = AddPadding(heap, value, offset);
                heap.AddItem(value.Id, value.Data, value.AllowImmediate);
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

    // A NULL item ends the value before, so that nobody takes the padding for a part of it.
    // Returns the payload up to the end of the next value.
    private long AddPadding(HeapToSend heap, in ItemToSend next, long offset)
    {
        if (next.IsImmediateIn(_flavour.AddressBits / 8))
        {
            return offset;
        }

        int padding = (int)(-offset & (_alignment - 1));
        if (padding > 0)
        {
            heap.AddItem(ItemId.Null, new byte[padding], allowImmediate: false);
        }

        return offset + padding + next.Data.Length;
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
