// SPDX-License-Identifier: MIT

using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Items;
using Spead2.Items.Descriptors;
using Spead2.Items.Values;
using Spead2.Receive;

namespace Spead2;

/// <summary>
/// The items of a stream, kept from heap to heap (receiving.txt: <c>spead2.ItemGroup</c>): descriptors say which items
/// there are, and <see cref="Update"/> gives them the values of a heap. The same group holds the items of a sender.
/// </summary>
/// <remarks>
/// <para>
/// Ownership: an item keeps the memory of the heap that its value is in (see <see cref="Item"/>). Disposing the group
/// lets go of all of them; a group that is dropped gives the memory back when the garbage collector finds it.
/// </para>
/// <para>Threads: one at a time, together with the items.</para>
/// </remarks>
[SuppressMessage("Naming", "CA1710", Justification = "The name that the field has for it.")]
public sealed class ItemGroup : IReadOnlyCollection<Item>, IDisposable
{
    /// <summary>Default of <see cref="MaxItems"/>.</summary>
    public const int DefaultMaxItems = 65536;

    /// <summary>The first identifier that <see cref="AllocateId"/> gives.</summary>
    public const long FirstAllocatedId = 0x1000;

    // Identifiers without a descriptor that are remembered, so that each is logged once.
    private const int MaxUnknownIds = 1024;

    private readonly PendingLog _log;
    private readonly DescriptorReader _descriptors;
    private readonly HashSet<long> _unknownIds = [];
    private readonly List<(Item Old, Item New)> _replaced = [];
    private ItemTable _items = new();
    private bool _isDisposed;

    // The items of the last update, and the values they get or have got.
    private Item[] _updated = new Item[4];
    private PlannedValue[] _planned = new PlannedValue[4];
    private int _updatedCount;
    private long _update;

    /// <summary>Makes a group without items.</summary>
    /// <param name="logger">
    /// Receives what is ignored (unknown items, once each) and which items are replaced, when an update is done. What it
    /// throws is left out.
    /// </param>
    public ItemGroup(ILogger? logger = null)
    {
        _log = new(logger ?? NullLogger.Instance);
        _descriptors = new(_log);
    }

    /// <summary>
    /// Most items; a heap that would bring more is refused, so that a stream cannot take memory without end.
    /// </summary>
    public int MaxItems { get; init; } = DefaultMaxItems;

    /// <summary>Number of items.</summary>
    public int Count => _items.Items.Count;

    /// <summary>
    /// How many raw items of all heaps so far had no descriptor. Their values are lost, and descriptors that come
    /// later do not bring them back.
    /// </summary>
    public long UnknownItems { get; private set; }

    /// <summary>An item.</summary>
    /// <param name="id">Its identifier.</param>
    /// <exception cref="KeyNotFoundException">There is no such item.</exception>
    public Item this[long id] => TryGet(id, out Item? item)
        ? item
        : throw new KeyNotFoundException($"There is no item 0x{id:x}.");

    /// <summary>An item.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="KeyNotFoundException">There is no such item.</exception>
    public Item this[string name] => TryGet(name, out Item? item)
        ? item
        : throw new KeyNotFoundException($"There is no item '{name}'.");

    /// <summary>Looks for an item.</summary>
    /// <param name="id">Its identifier.</param>
    /// <param name="item">The item.</param>
    public bool TryGet(long id, [MaybeNullWhen(false)] out Item item) => _items.TryGet(id, out item);

    /// <summary>Looks for an item.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="item">The item.</param>
    public bool TryGet(string name, [MaybeNullWhen(false)] out Item item) => _items.TryGet(name, out item);

    /// <summary>
    /// Takes the descriptors of a heap, then the values of the items that are known (SPEAD document: item descriptors).
    /// Nothing is decoded yet. All or nothing: a heap that breaks a rule changes no item. Of an incomplete heap only
    /// the immediates are there, so only they are taken.
    /// </summary>
    /// <param name="heap">The heap. It may be disposed right after this.</param>
    /// <returns>The items that have a new value, valid until the next update of the group.</returns>
    /// <remarks>
    /// A descriptor that is known already changes nothing. Any other takes the place of the item with its identifier
    /// and of the one with its name. Of several raw items with one identifier the last one counts: immediates after
    /// others, and of those the largest.
    /// </remarks>
    /// <exception cref="HeapFormatException">A descriptor or a value breaks a rule.</exception>
    /// <exception cref="ObjectDisposedException">The heap or the group has been disposed.</exception>
    public UpdatedItems Update(Heap heap)
    {
        ArgumentNullException.ThrowIfNull(heap);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        long update = ++_update;
        _updatedCount = 0;
        heap.Hold();
        try
        {
            ReadOnlySpan<RawItem> rawItems = ImmutableCollectionsMarshal.AsArray(heap.Items);
            ItemTable items = WithDescriptors(heap, rawItems);
            int unknown = Plan(heap, rawItems, items);
            EndPlan();
            Commit(heap, items);
            if (unknown > 0)
            {
                CountUnknown(rawItems, unknown);
            }
        }
        catch
        {
            EndPlan();
            _updatedCount = 0;
            _replaced.Clear();
            throw;
        }
        finally
        {
            _descriptors.Clear();
            heap.Unhold();
            _log.Deliver();
        }

        return new(this, update);
    }

    /// <summary>
    /// Adds an item without a value, in the place of those with the same identifier and the same name. If there is one
    /// with the same descriptor, it stays.
    /// </summary>
    /// <param name="descriptor">What the item is.</param>
    /// <returns>The item.</returns>
    /// <exception cref="InvalidOperationException">The group has <see cref="MaxItems"/> items.</exception>
    /// <exception cref="ObjectDisposedException">The group has been disposed.</exception>
    public Item Add(ItemDescriptor descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_items.TryGet(descriptor.Id, out Item? same) && same.Descriptor.Equals(descriptor))
        {
            return same;
        }

        if (Count >= MaxItems && same is null && !_items.TryGet(descriptor.Name, out _))
        {
            throw new InvalidOperationException($"The group has {MaxItems} items, which is its maximum.");
        }

        Item item = _items.Replace(descriptor, _replaced);
        ReleaseReplaced();
        _log.Deliver();
        return item;
    }

    /// <summary>Removes an item; it lets go of its value.</summary>
    /// <param name="item">The item.</param>
    /// <returns>Whether it was in the group.</returns>
    public bool Remove(Item item)
    {
        ArgumentNullException.ThrowIfNull(item);
        if (!_items.Contains(item))
        {
            return false;
        }

        _items.Remove(item);
        item.Release();
        return true;
    }

    /// <summary>The lowest identifier from <see cref="FirstAllocatedId"/> on that no item has.</summary>
    public long AllocateId()
    {
        long id = FirstAllocatedId;
        while (_items.TryGet(id, out _))
        {
            id++;
        }

        return id;
    }

    /// <summary>Removes all items; heaps' memory that they keep is given back. Calling it again does nothing.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        _update++;
        foreach (Item item in _items.Items)
        {
            item.Release();
        }

        _items = new();
        _updated = [];
    }

    /// <summary>The items, in no particular order.</summary>
    public IEnumerator<Item> GetEnumerator() => _items.Items.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The items of an update.</summary>
    /// <exception cref="InvalidOperationException">It is not the last one.</exception>
    internal ReadOnlySpan<Item> Updated(long update) => update == _update
        ? _updated.AsSpan(0, _updatedCount)
        : throw new InvalidOperationException(
            "These are the items of an earlier update of the group; copy what is needed later.");

    // The table as it is when the descriptors of the heap have been taken: this one if they change nothing.
    private ItemTable WithDescriptors(Heap heap, ReadOnlySpan<RawItem> rawItems)
    {
        ItemTable items = _items;
        bool goesOn = true;
        for (int i = 0; i < rawItems.Length && goesOn; i++)
        {
            RawItem raw = rawItems[i];
            if (raw.Id == ItemId.Descriptor && !raw.IsImmediate)
            {
                goesOn = _descriptors.Read(
                    heap.HeldBytes(raw.Offset, raw.Length), heap.Flavour.BugCompat, MaxItems);
            }
        }

        foreach (SentDescriptor sent in _descriptors.Descriptors)
        {
            ItemDescriptor descriptor = ItemDescriptor.FromHeap(sent, heap.Flavour.BugCompat);
            if (items.TryGet(descriptor.Id, out Item? same) && same.Descriptor.Equals(descriptor))
            {
                continue;
            }

            items = ReferenceEquals(items, _items) ? items.Copy() : items;
            items.Replace(descriptor, _replaced);
            if (items.Items.Count > MaxItems)
            {
                throw new HeapFormatException(
                    $"The heap would bring more than {MaxItems} items, which is the group's maximum.")
                    .About(descriptor.Id, descriptor.Name);
            }
        }

        return items;
    }

    // Returns the number of raw items without a descriptor.
    private int Plan(Heap heap, ReadOnlySpan<RawItem> rawItems, ItemTable items)
    {
        int unknown = 0;
        foreach (ref readonly RawItem raw in rawItems)
        {
            if (raw.Id <= ItemId.StreamControl)
            {
                continue;
            }

            if (!items.TryGet(raw.Id, out Item? item))
            {
                unknown++;
                continue;
            }

            MeasuredValue measured = MeasuredValue.Of(item.Descriptor, raw.Length);
            if (raw.IsImmediate)
            {
                ulong bytes = Item.BigEndian(raw.Value);
                MeasuredValue.Check(
                    item.Descriptor, MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in bytes))[^measured.ByteCount..]);
                Plan(item, new(IsImmediate: true, raw.Value, measured));
            }
            else
            {
                MeasuredValue.Check(item.Descriptor, heap.HeldBytes(raw.Offset, measured.ByteCount));
                Plan(item, new(IsImmediate: false, (ulong)raw.Offset, measured));
            }
        }

        return unknown;
    }

    private void Plan(Item item, in PlannedValue value)
    {
        int at = item.PlannedAt;
        if (at < 0)
        {
            at = _updatedCount;
            if (at == _updated.Length)
            {
                Array.Resize(ref _updated, 2 * at);
                Array.Resize(ref _planned, 2 * at);
            }

            _updatedCount++;
            _updated[at] = item;
            item.PlannedAt = at;
        }

        _planned[at] = value;
    }

    private void EndPlan()
    {
        foreach (Item item in _updated.AsSpan(0, _updatedCount))
        {
            item.PlannedAt = -1;
        }
    }

    // Nothing here can fail.
    private void Commit(Heap heap, ItemTable items)
    {
        _items = items;
        ReleaseReplaced();
        for (int i = 0; i < _updatedCount; i++)
        {
            ref readonly PlannedValue value = ref _planned[i];
            if (value.IsImmediate)
            {
                _updated[i].SetImmediate(value.Bits, value.Measured);
            }
            else
            {
                _updated[i].SetFromHeap(heap, (int)value.Bits, value.Measured);
            }
        }
    }

    private void ReleaseReplaced()
    {
        foreach ((Item old, Item item) in _replaced)
        {
            old.Release();
            ItemGroupLog.Replaced(_log, old.Id, old.Name, item.Id, item.Name);
        }

        _replaced.Clear();
    }

    private void CountUnknown(ReadOnlySpan<RawItem> rawItems, int count)
    {
        UnknownItems += count;
        foreach (ref readonly RawItem raw in rawItems)
        {
            if (raw.Id > ItemId.StreamControl
                && !_items.TryGet(raw.Id, out _)
                && _unknownIds.Count < MaxUnknownIds
                && _unknownIds.Add(raw.Id))
            {
                ItemGroupLog.UnknownItem(_log, raw.Id);
            }
        }
    }
}
