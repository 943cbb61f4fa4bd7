// SPDX-License-Identifier: MIT

using System.Collections;
using System.Globalization;

namespace Spead2;

/// <summary>
/// Dimensions of an item (SPEAD document: shape of an item descriptor), slowest first. A scalar has none. At most one
/// may be variable: its length then follows from the bytes of each value.
/// </summary>
public sealed class ItemShape : IReadOnlyList<int>, IEquatable<ItemShape>
{
    /// <summary>Stands for the length of a variable dimension.</summary>
    public const int Variable = -1;

    /// <summary>Largest number of dimensions.</summary>
    public const int MaxRank = 32;

    private readonly int[] _dimensions;

    /// <summary>Makes a shape.</summary>
    /// <param name="dimensions">Lengths of the dimensions; <see cref="Variable"/> for the variable one.</param>
    /// <exception cref="ArgumentException">
    /// There are too many dimensions, more than one is variable, one is negative, or their product is larger than
    /// <see cref="Array.MaxLength"/>.
    /// </exception>
    public ItemShape(params ReadOnlySpan<int> dimensions)
        : this(dimensions.ToArray(), FindFault(dimensions) is string fault ? throw new ArgumentException(fault) : true)
    {
    }

    private ItemShape(int[] dimensions, bool isChecked)
    {
        _ = isChecked;
        _dimensions = dimensions;
        int product = 1;
        foreach (int length in dimensions)
        {
            IsVariable |= length == Variable;
            product *= length == Variable ? 1 : length;
        }

        FixedCount = product;
    }

    /// <summary>The shape of a scalar.</summary>
    public static ItemShape Scalar { get; } = new();

    /// <summary>The shape of a vector of any length.</summary>
    public static ItemShape Vector { get; } = new(Variable);

    /// <summary>Number of dimensions.</summary>
    public int Rank => _dimensions.Length;

    /// <summary>Whether a dimension is variable.</summary>
    public bool IsVariable { get; }

    int IReadOnlyCollection<int>.Count => _dimensions.Length;

    /// <summary>The dimensions.</summary>
    public ReadOnlySpan<int> Dimensions => _dimensions;

    /// <summary>Product of the dimensions that are not variable: the number of elements if none is.</summary>
    internal int FixedCount { get; }

    /// <summary>Length of a dimension, or <see cref="Variable"/>.</summary>
    /// <param name="index">Number of the dimension, from 0.</param>
    /// <exception cref="IndexOutOfRangeException">There is no such dimension.</exception>
    public int this[int index] => _dimensions[index];

    /// <inheritdoc/>
    public bool Equals(ItemShape? other) => other is not null && _dimensions.AsSpan().SequenceEqual(other._dimensions);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ItemShape);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach (int length in _dimensions)
        {
            hash.Add(length);
        }

        return hash.ToHashCode();
    }

    /// <summary>The shape as it is usually written: <c>()</c>, <c>(3,)</c>, <c>(3, 2)</c>, <c>(?, 2)</c>.</summary>
    public override string ToString()
    {
        IEnumerable<string> lengths = _dimensions.Select(
            length => length == Variable ? "?" : length.ToString(CultureInfo.InvariantCulture));
        return _dimensions.Length == 1 ? $"({lengths.Single()},)" : $"({string.Join(", ", lengths)})";
    }

    /// <inheritdoc/>
    public IEnumerator<int> GetEnumerator() => ((IEnumerable<int>)_dimensions).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Makes a shape of lengths from a heap.</summary>
    /// <exception cref="HeapFormatException">They break a rule of a shape.</exception>
    internal static ItemShape FromHeap(ReadOnlySpan<long> lengths)
    {
        int[] dimensions = new int[Math.Min(lengths.Length, MaxRank + 1)];
        for (int i = 0; i < dimensions.Length; i++)
        {
            dimensions[i] = lengths[i] <= Array.MaxLength
                ? (int)lengths[i]
                : throw new HeapFormatException(
                    $"Dimension {i} of the shape is {lengths[i]}; at most {Array.MaxLength} is supported.");
        }

        return FindFault(dimensions) is string fault
            ? throw new HeapFormatException(fault)
            : new(dimensions, isChecked: true);
    }

    /// <summary>This shape with a length for its variable dimension.</summary>
    internal ItemShape Resolve(int variableLength)
    {
        int[] dimensions = [.. _dimensions];
        dimensions.AsSpan().Replace(Variable, variableLength);
        return new(dimensions, isChecked: true);
    }

    // Zeros count as ones, so that no part of the product overflows in whatever order it is computed.
    private static string? FindFault(ReadOnlySpan<int> dimensions)
    {
        if (dimensions.Length > MaxRank)
        {
            return $"The shape has more than {MaxRank} dimensions, which is not supported.";
        }

        long product = 1;
        int variable = 0;
        foreach (int length in dimensions)
        {
            if (length < Variable)
            {
                return $"The shape has a dimension of {length}; it must be 0 or more.";
            }

            variable += length == Variable ? 1 : 0;
            product *= Math.Max(length, 1);
            if (product > Array.MaxLength)
            {
                return $"The dimensions of the shape make more than {Array.MaxLength} elements, which is not "
                    + "supported.";
            }
        }

        return variable > 1 ? "The shape has more than one variable dimension." : null;
    }
}
