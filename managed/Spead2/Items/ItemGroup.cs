// SPDX-License-Identifier: MIT

using System.Collections;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Items;
using Spead2.Items.Descriptors;
using Spead2.Items.Values;
using Spead2.Receive;

namespace Spead2;

/// <summary>
/// The items of a stream, kept from heap to heap (spead2: <c>spead2.ItemGroup</c>): descriptors say which items
/// there are, and <see cref="Update"/> gives them the values of a heap. The same group holds the items of a sender.
/// </summary>
/// <remarks>
/// <para>
/// Ownership: an item keeps the memory of the heap that its value is in (see <see cref="Item"/>). Disposing the group
/// lets go of all of them; a group that is dropped releases the memory when the garbage collector finds it.
/// </para>
/// <para>Threads: one at a time, together with the items.</para>
/// </remarks>
[SuppressMessage("Naming", "CA1710", Justification = "The name that the field has for it.")]
[DebuggerDisplay("{DebugText,nq}")]
public sealed class ItemGroup : IReadOnlyCollection<Item>, IDisposable
{
    /// <summary>Default of <see cref="MaxItems"/>.</summary>
    public const int DefaultMaxItems = 65536;

    /// <summary>The first identifier that <see cref="AllocateId"/> gives.</summary>
    public const long FirstAllocatedId = 0x1000;

    // Descriptors of a heap that are looked at in vain: to say why costs far more than to interpret one.
    private const int MaxBrokenDescriptors = 1000;

    // Identifiers without a descriptor that are remembered, so that each is logged once.
    private const int MaxUnknownIds = 1024;

    private readonly PendingLog _log;
    private readonly DescriptorReader _descriptors;
    private readonly HashSet<long> _unknownIds = [];
    private readonly List<(Item Old, Item New)> _replaced = [];
    private readonly List<FailedItem> _failures = [];

    private static readonly string TooManyBroken = string.Create(
        CultureInfo.InvariantCulture,
        $"The heap has {MaxBrokenDescriptors} descriptors that cannot be interpreted; this one is not looked at.");

    private int _broken;

    // Items whose type is unknown since the update that is being planned.
    private readonly List<Item> _newUnknown = [];
    private ItemTable _items = new();
    private bool _isDisposed;

    // The items of the last update, and the values they get or have got.
    private Item[] _updated = new Item[4];
    private PlannedValue[] _planned = new PlannedValue[4];
    private int _updatedCount;
    private FailedItem[] _failed = [];
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
    /// Whether one descriptor or value that cannot be interpreted refuses the whole heap: <see cref="Update"/> then
    /// throws, and no item is changed. By default it costs that item only.
    /// </summary>
    public bool IsStrict { get; init; }

    /// <summary>Most items, so that a stream cannot take memory without end. Those beyond it are failures.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is less than 1.</exception>
    public int MaxItems
    {
        get;
        init => field = AtLeastOne(value);
    } = DefaultMaxItems;

    /// <summary>Most characters of a name that is received.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is less than 1.</exception>
    public int MaxNameLength
    {
        get;
        init => field = AtLeastOne(value);
    } = ItemDescriptor.DefaultMaxNameLength;

    /// <summary>Most characters of a description, and of a NumPy header, that is received.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is less than 1.</exception>
    public int MaxTextLength
    {
        get;
        init => field = AtLeastOne(value);
    } = ItemDescriptor.DefaultMaxTextLength;

    /// <summary>Number of items.</summary>
    public int Count => _items.Items.Count;

    /// <summary>
    /// How many raw items of all heaps so far had no descriptor. Their values are lost, and descriptors that come
    /// later do not bring them back.
    /// </summary>
    public long UnknownItems { get; private set; }

    /// <summary>
    /// How many raw items of all heaps so far were sent as descriptors, and had something that is none: bytes that are no
    /// packet, an inner heap that is cut short, or one without the identifier of an item. That is logged and left out; what
    /// comes before it is read.
    /// </summary>
    public long IgnoredDescriptors { get; private set; }

    private string DebugText => _isDisposed ? "disposed" : string.Create(
        CultureInfo.InvariantCulture, $"{Count} items, {UnknownItems} values without a descriptor");

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
    /// Nothing is decoded yet. Of an incomplete heap only the immediates are there, so only they are taken.
    /// </summary>
    /// <param name="heap">The heap. It may be disposed right after this.</param>
    /// <returns>
    /// The items that have a new value, and what cannot be interpreted (<see cref="UpdatedItems.Failed"/>): a
    /// descriptor of that kind makes an item of <see cref="ItemKind.Unknown">unknown type</see>, a value gives its item
    /// nothing but <see cref="Item.RawBytes"/>. What is no descriptor at all is not among them, but counted in
    /// <see cref="IgnoredDescriptors"/>. Valid until the next update of the group.
    /// </returns>
    /// <remarks>
    /// A descriptor that is known already changes nothing. Any other takes the place of the item with its identifier
    /// and of the one with its name; one that cannot be interpreted only that of its identifier. Of several raw items with one identifier the last one counts: immediates after
    /// others, and of those the largest.
    /// </remarks>
    /// <exception cref="HeapFormatException">
    /// A descriptor or a value breaks a rule, and <see cref="IsStrict"/> is set. No item is changed.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The heap or the group has been disposed.</exception>
    public UpdatedItems Update(Heap heap)
    {
        ArgumentNullException.ThrowIfNull(heap);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        long update = ++_update;
        _updatedCount = 0;
        _failed = [];
        heap.Hold();
        try
        {
            ReadOnlySpan<RawItem> rawItems = ImmutableCollectionsMarshal.AsArray(heap.Items);
            ItemTable items = WithDescriptors(heap, rawItems);
            int unknown = Plan(rawItems, items);
            FailedItem[] failed = CollectFailures(items);
            EndPlan();
            Commit(heap, items);
            _failed = failed;
            IgnoredDescriptors += _descriptors.IgnoredItems;
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
            _broken = 0;
            _failures.Clear();
            _newUnknown.Clear();
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

    /// <summary>
    /// Adds the items of a kind of stream that carries no descriptors, as <see cref="Add(ItemDescriptor)"/> does each.
    /// </summary>
    /// <param name="preset">What the stream carries.</param>
    /// <exception cref="InvalidOperationException">The group has <see cref="MaxItems"/> items.</exception>
    /// <exception cref="ObjectDisposedException">The group has been disposed.</exception>
    public void Add(StreamPreset preset)
    {
        ArgumentNullException.ThrowIfNull(preset);
        foreach (PresetItem item in preset.Items)
        {
            Add(item.Descriptor);
        }
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

    /// <summary>Removes all items; heaps' memory that they keep is released. Calling it again does nothing.</summary>
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

    /// <summary>What an update could not interpret.</summary>
    /// <exception cref="InvalidOperationException">It is not the last one.</exception>
    internal IReadOnlyList<FailedItem> Failed(long update)
    {
        _ = Updated(update);
        return _failed;
    }

    // The table as it is when the descriptors of the heap have been taken: this one if they change nothing.
    private ItemTable WithDescriptors(Heap heap, ReadOnlySpan<RawItem> rawItems)
    {
        ItemTable items = _items;
        bool goesOn = true;
        for (int i = 0; i < rawItems.Length && goesOn; i++)
        {
            RawItem raw = rawItems[i];
            if (raw.Id == ItemId.Descriptor && raw.IsImmediate)
            {
                _descriptors.IgnoreImmediate();
            }
            else if (raw.Id == ItemId.Descriptor)
            {
                goesOn = _descriptors.Read(
                    heap.HeldBytes(raw.Offset, raw.Length), heap.Flavour.BugCompat, MaxItems);
            }
        }

        foreach (SentDescriptor sent in _descriptors.Descriptors)
        {
            Take(sent, ref items);
        }

        return items;
    }

    private static int AtLeastOne(int value)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
        return value;
    }

    private void Take(SentDescriptor sent, ref ItemTable items)
    {
        if (items.TryGet(sent.Id, out Item? known) && known.Descriptor.IsFrom(sent))
        {
            return;
        }

        if (_broken >= MaxBrokenDescriptors)
        {
            _failures.Add(new(sent.Id == 0 ? null : sent.Id, Name: null, TooManyBroken, Item: null));
            return;
        }

        ItemDescriptor? descriptor = Interpret(sent, items, out string? fault);
        if (descriptor is null)
        {
            _failures.Add(new(Id: null, Name: null, fault!, Item: null));
            return;
        }

        if (known is not null && known.Descriptor.Equals(descriptor))
        {
            return;
        }

        if (items.Items.Count >= MaxItems && known is null && !items.TryGet(descriptor.Name, out _))
        {
            fault = $"The heap would bring more than {MaxItems} items, which is the group's maximum.";
            ThrowIfStrict(fault, descriptor.Id, descriptor.Name);
            _failures.Add(new(descriptor.Id, descriptor.Name, fault, Item: null));
            return;
        }

        items = ReferenceEquals(items, _items) ? items.Copy() : items;
        Item item = items.Replace(descriptor, _replaced);
        if (fault is not null)
        {
            _newUnknown.Add(item);
            ItemGroupLog.UnknownType(_log, item.Id, item.Name, fault);
        }
    }

    // Null if not even the identifier is known.
    private ItemDescriptor? Interpret(SentDescriptor sent, ItemTable items, out string? fault)
    {
        fault = null;
        try
        {
            return ItemDescriptor.FromHeap(sent, MaxNameLength, MaxTextLength);
        }
        catch (HeapFormatException exception)
        {
            bool isNamed = sent.Name.Length > 0 && sent.Name.Length <= MaxNameLength;
            ThrowIfStrict(exception.Message, sent.Id == 0 ? null : sent.Id, isNamed ? sent.Name : null);
            fault = exception.Message;
            _broken++;
            return sent.Id == 0
                ? null
                : ItemDescriptor.Unknown(sent, NameOfUnknown(sent, isNamed, items), fault, MaxTextLength);
        }
    }

    // What cannot be interpreted takes the name of no other item, which may be good: rather it has none.
    private static string NameOfUnknown(SentDescriptor sent, bool isNamed, ItemTable items)
    {
        string id = $"0x{sent.Id:x}";
        string name = isNamed ? sent.Name : id;
        return IsFree(name) ? name : IsFree(id) ? id : "";

        bool IsFree(string text) => !items.TryGet(text, out Item? other) || other.Id == sent.Id;
    }

    private void ThrowIfStrict(string fault, long? id, string? name)
    {
        if (IsStrict)
        {
            HeapFormatException exception = new(fault);
            throw id is null ? exception : exception.About(id.Value, name);
        }
    }

    // Returns the number of raw items without a descriptor.
    private int Plan(ReadOnlySpan<RawItem> rawItems, ItemTable items)
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

            if (!MeasuredValue.TryMeasure(item.Descriptor, raw.Length, out MeasuredValue measured, out string? fault))
            {
                ThrowIfStrict(fault, item.Id, item.Name);
            }

            ulong bits = raw.IsImmediate ? raw.Value : (ulong)raw.Offset;
            Plan(item, new(raw.IsImmediate, bits, measured, fault));
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

    // Descriptors without an item, items that have become unknown and have no value, values; each item once.
    private FailedItem[] CollectFailures(ItemTable items)
    {
        foreach (Item item in _newUnknown)
        {
            if (item.PlannedAt < 0)
            {
                _failures.Add(new(item.Id, item.Name, item.Type.Fault!, items.Contains(item) ? item : null));
            }
        }

        for (int i = 0; i < _updatedCount; i++)
        {
            if (_planned[i].Fault is string fault)
            {
                _failures.Add(new(_updated[i].Id, _updated[i].Name, fault, _updated[i]));
            }
        }

        return _failures.Count == 0 ? [] : [.. _failures];
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
        int good = 0;
        for (int i = 0; i < _updatedCount; i++)
        {
            Item item = _updated[i];
            ref readonly PlannedValue value = ref _planned[i];
            if (value.IsImmediate)
            {
                item.SetImmediate(value.Bits, value.Measured, value.Fault);
            }
            else
            {
                item.SetFromHeap(heap, (int)value.Bits, value.Measured, value.Fault);
            }

            if (value.Fault is null)
            {
                _updated[good++] = item;
            }
        }

        _updatedCount = good;
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
