// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;

namespace Spead2.Aot;

/// <summary>A group in the hands of a C program. Any thread.</summary>
internal sealed class NativeItemGroup(ItemGroupOptions options) : IDisposable
{
    private readonly Lock _lock = new();

    // Under the lock: views go with their items.
    private readonly ItemGroup _group = new()
    {
        IsStrict = options.IsStrict,
        MaxItems = options.MaxItems,
        MaxNameLength = options.MaxNameLength,
        MaxTextLength = options.MaxTextLength,
    };

    private readonly ConditionalWeakTable<Item, ItemView> _views = [];
    private UpdatedItems _updated;
    private Item[]? _all;

    // Those of the latest update without an item, by their index.
    private readonly Dictionary<int, FailureView> _failures = [];

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _group.Count;
            }
        }
    }

    public int FailedCount
    {
        get
        {
            lock (_lock)
            {
                return _updated.Failed.Count;
            }
        }
    }

    /// <summary>Takes a heap; gives the number of items that have a new value.</summary>
    public int Update(NativeHeap heap)
    {
        lock (_lock)
        {
            _updated = default;
            _all = null;
            _failures.Clear();
            using HeapOfGroup held = heap.HoldForGroup();
            _updated = _group.Update(held);
            return _updated.Count;
        }
    }

    /// <summary>One of the items that the latest update gave a new value; null if there is no such index.</summary>
    public sp2_item_info? GetUpdated(ulong index)
    {
        lock (_lock)
        {
            return index < (ulong)_updated.Count ? Read(_updated[(int)index]) : null;
        }
    }

    /// <summary>What the latest update could not interpret; null if there is no such index.</summary>
    public sp2_item_info? GetFailed(ulong index)
    {
        lock (_lock)
        {
            if (index >= (ulong)_updated.Failed.Count)
            {
                return null;
            }

            FailedItem failed = _updated.Failed[(int)index];
            if (failed.Item is not null)
            {
                return Read(failed.Item);
            }

            if (!_failures.TryGetValue((int)index, out FailureView? view))
            {
                _failures[(int)index] = view = new(failed);
            }

            return view.Info;
        }
    }

    /// <summary>One of all items; null if there is no such index.</summary>
    public sp2_item_info? Get(ulong index)
    {
        lock (_lock)
        {
            _all ??= [.. _group];
            return index < (ulong)_all.Length ? Read(_all[index]) : null;
        }
    }

    /// <summary>The item with an identifier, or null.</summary>
    public sp2_item_info? Find(ulong id)
    {
        lock (_lock)
        {
            return id <= long.MaxValue && _group.TryGet((long)id, out Item? item) ? Read(item) : null;
        }
    }

    /// <summary>The item with a name, or null.</summary>
    public sp2_item_info? Find(string name)
    {
        lock (_lock)
        {
            return _group.TryGet(name, out Item? item) ? Read(item) : null;
        }
    }

    /// <summary>Lets go of everything. Once.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _updated = default;
            _all = [];
            _failures.Clear();
            _group.Dispose();
        }
    }

    private sp2_item_info Read(Item item) =>
        _views.GetValue(item, item => new ItemView(item, options.KeepsFortranOrder)).Read();
}
