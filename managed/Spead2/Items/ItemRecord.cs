// SPDX-License-Identifier: MIT

using System.Collections;
using System.Collections.Immutable;
using Spead2.Items.Values;

namespace Spead2;

/// <summary>A copy of one record: its fields with their values. Nested records are records, nested arrays flat arrays
/// in row-major order.</summary>
public sealed class ItemRecord : IReadOnlyList<object>
{
    private readonly ItemType _type;
    private readonly object[] _values;

    internal ItemRecord(ItemType type, object[] values)
    {
        _type = type;
        _values = values;
    }

    /// <summary>The fields.</summary>
    public ImmutableArray<ItemField> Fields => _type.Fields;

    /// <summary>Number of fields.</summary>
    public int Count => _values.Length;

    /// <summary>Value of a field.</summary>
    /// <param name="index">Number of the field, from 0.</param>
    /// <exception cref="IndexOutOfRangeException">There is no such field.</exception>
    public object this[int index] => _values[index];

    /// <summary>Value of a field.</summary>
    /// <param name="name">Name of the field.</param>
    /// <exception cref="KeyNotFoundException">There is no such field.</exception>
    public object this[string name]
    {
        get
        {
            int index = _type.IndexOf(name);
            return index >= 0
                ? _values[index]
                : throw new KeyNotFoundException($"There is no field '{name}' in {_type}.");
        }
    }

    /// <inheritdoc/>
    public IEnumerator<object> GetEnumerator() => ((IEnumerable<object>)_values).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The fields with their values, shortened if there are many.</summary>
    public override string ToString() => ValueText.Of(this);
}
