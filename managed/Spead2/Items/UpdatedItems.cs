// SPDX-License-Identifier: MIT

using System.Collections;

namespace Spead2;

/// <summary>
/// The items that an update of a group gave a value, each once, and what it could not interpret. Valid until the next update of the group, which uses
/// the same memory; after that its members throw <see cref="InvalidOperationException"/>.
/// </summary>
public readonly struct UpdatedItems : IReadOnlyList<Item>
{
    private readonly ItemGroup? _group;
    private readonly long _update;

    internal UpdatedItems(ItemGroup group, long update)
    {
        _group = group;
        _update = update;
    }

    /// <summary>Number of items.</summary>
    public int Count => _group?.Updated(_update).Length ?? 0;

    /// <summary>
    /// What the heap brought and could not be interpreted: descriptors that make a type unknown, values of items whose
    /// type is unknown or whose bytes do not fit it. Each item once; none of them is among the updated items.
    /// </summary>
    public IReadOnlyList<FailedItem> Failed => _group?.Failed(_update) ?? [];

    /// <summary>An item.</summary>
    /// <param name="index">Its number, from 0.</param>
    /// <exception cref="IndexOutOfRangeException">There is no such item.</exception>
    public Item this[int index] => (_group is null ? default : _group.Updated(_update))[index];

    /// <summary>Goes through the items; allocates nothing.</summary>
    public Enumerator GetEnumerator() => new(this);

    IEnumerator<Item> IEnumerable<Item>.GetEnumerator() => GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Goes through the items.</summary>
    public struct Enumerator : IEnumerator<Item>
    {
        private readonly UpdatedItems _items;
        private int _index;

        internal Enumerator(UpdatedItems items)
        {
            _items = items;
            _index = -1;
        }

        /// <inheritdoc/>
        public readonly Item Current => _items[_index];

        readonly object IEnumerator.Current => Current;

        /// <inheritdoc/>
        public bool MoveNext() => ++_index < _items.Count;

        /// <inheritdoc/>
        public void Reset() => _index = -1;

        /// <inheritdoc/>
        public readonly void Dispose()
        {
        }
    }
}
