// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;

namespace Spead2;

/// <summary>Items by identifier and by name: always the same items. One without a name has only an identifier.</summary>
internal sealed class ItemTable
{
    private readonly Dictionary<long, Item> _byId;
    private readonly Dictionary<string, Item> _byName;

    public ItemTable()
    {
        _byId = [];
        _byName = [];
    }

    private ItemTable(ItemTable other)
    {
        _byId = new(other._byId);
        _byName = new(other._byName);
    }

    public Dictionary<long, Item>.ValueCollection Items => _byId.Values;

    public ItemTable Copy() => new(this);

    public bool TryGet(long id, [MaybeNullWhen(false)] out Item item) => _byId.TryGetValue(id, out item);

    public bool TryGet(string name, [MaybeNullWhen(false)] out Item item) => _byName.TryGetValue(name, out item);

    public bool Contains(Item item) => _byId.TryGetValue(item.Id, out Item? found) && ReferenceEquals(found, item);

    /// <summary>
    /// Adds an item in the place of those with the same identifier and the same name, which may be two. There must
    /// not be one with the same descriptor.
    /// </summary>
    /// <param name="descriptor">What the item is.</param>
    /// <param name="replaced">Receives the items that are gone.</param>
    public Item Replace(ItemDescriptor descriptor, List<(Item Old, Item New)> replaced)
    {
        _byId.TryGetValue(descriptor.Id, out Item? sameId);
        _byName.TryGetValue(descriptor.Name, out Item? sameName); // no item has the empty name
        long version = Math.Max(sameId?.Version + 1 ?? 1, sameName?.Version + 1 ?? 1);
        Item item = new(descriptor, version);
        Replace(sameId);
        Replace(ReferenceEquals(sameId, sameName) ? null : sameName);
        _byId.Add(item.Id, item);
        if (item.Name.Length > 0)
        {
            _byName.Add(item.Name, item);
        }

        return item;

        void Replace(Item? old)
        {
            if (old is not null)
            {
                Remove(old);
                replaced.Add((old, item));
            }
        }
    }

    public void Remove(Item item)
    {
        _byId.Remove(item.Id);
        _byName.Remove(item.Name);
    }
}
