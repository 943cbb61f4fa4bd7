// SPDX-License-Identifier: MIT

using System.Collections;
using System.Globalization;

namespace Spead2;

/// <summary>
/// Dimensions of an item (SPEAD document: shape of an item descriptor), slowest first. A scalar has none. At most one
/// may be variable: its length then follows from the bytes of each value.
/// </summary>
public sealed class ItemShape : IReadOnlyList<long>, IEquatable<ItemShape>
{
    /// <summary>Stands for the length of a variable dimension.</summary>
    public const int Variable = -1;

    /// <summary>Largest number of dimensions.</summary>
    public const int MaxRank = 32;

    private readonly long[] _dimensions;

    /// <summary>Makes a shape.</summary>
    /// <param name="dimensions">Lengths of the dimensions; <see cref="Variable"/> for the variable one.</param>
    /// <exception cref="ArgumentException">
    /// There are too many dimensions, more than one is variable, one is negative, or their product is larger than
    /// <see cref="Array.MaxLength"/>. Beside a length of 0 the others may be larger, as the product then is 0.
    /// </exception>
    public ItemShape(params ReadOnlySpan<long> dimensions)
        : this(dimensions.ToArray(), FindFault(dimensions) is string fault ? throw new ArgumentException(fault) : true)
    {
    }

    /// <summary>Makes a shape of as many lengths as there are.</summary>
    /// <inheritdoc cref="ItemShape(ReadOnlySpan{long})"/>
    public ItemShape(ReadOnlySpan<int> dimensions)
        : this(ToLong(dimensions))
    {
    }

    private ItemShape(long[] dimensions, bool isChecked)
    {
        _ = isChecked;
        _dimensions = dimensions;
        IsVariable = dimensions.Contains(Variable);
        FixedCount = dimensions.Contains(0) ? 0 : (int)dimensions.Aggregate(1L, (product, n) => product * Math.Abs(n));
    }

    /// <summary>The shape of a scalar.</summary>
    public static ItemShape Scalar { get; } = new();

    /// <summary>The shape of a vector of any length.</summary>
    public static ItemShape Vector { get; } = new(Variable);

    /// <summary>Number of dimensions.</summary>
    public int Rank => _dimensions.Length;

    /// <summary>Whether a dimension is variable.</summary>
    public bool IsVariable { get; }

    int IReadOnlyCollection<long>.Count => _dimensions.Length;

    /// <summary>The dimensions.</summary>
    public ReadOnlySpan<long> Dimensions => _dimensions;

    /// <summary>Product of the dimensions that are not variable: the number of elements if none is.</summary>
    internal int FixedCount { get; }

    /// <summary>Length of a dimension, or <see cref="Variable"/>.</summary>
    /// <param name="index">Number of the dimension, from 0.</param>
    /// <exception cref="IndexOutOfRangeException">There is no such dimension.</exception>
    public long this[int index] => _dimensions[index];

    /// <inheritdoc/>
    public bool Equals(ItemShape? other) => other is not null && _dimensions.AsSpan().SequenceEqual(other._dimensions);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ItemShape);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach (long length in _dimensions)
        {
            hash.Add(length);
        }

        return hash.ToHashCode();
    }

    /// <summary>The shape as it is usually written: <c>()</c>, <c>(3,)</c>, <c>(3, 2)</c>, <c>(?, 2)</c>.</summary>
    public override string ToString() => Text(_dimensions);

    /// <inheritdoc/>
    public IEnumerator<long> GetEnumerator() => ((IEnumerable<long>)_dimensions).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Makes a shape of lengths from a heap.</summary>
    /// <exception cref="HeapFormatException">They break a rule of a shape.</exception>
    internal static ItemShape FromHeap(ReadOnlySpan<long> lengths) => FindFault(lengths) is string fault
        ? throw new HeapFormatException(fault)
        : new(lengths.ToArray(), isChecked: true);

    /// <summary>This shape with a length for its variable dimension.</summary>
    internal ItemShape Resolve(int variableLength)
    {
        long[] dimensions = [.. _dimensions];
        dimensions.AsSpan().Replace(Variable, variableLength);
        return new(dimensions, isChecked: true);
    }

    private static long[] ToLong(ReadOnlySpan<int> lengths)
    {
        long[] result = new long[lengths.Length];
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = lengths[i];
        }

        return result;
    }

    private static string Text(long[] dimensions)
    {
        IEnumerable<string> lengths = dimensions.Select(
            length => length == Variable ? "?" : length.ToString(CultureInfo.InvariantCulture));
        return dimensions.Length == 1 ? $"({lengths.Single()},)" : $"({string.Join(", ", lengths)})";
    }

    private static string? FindFault(ReadOnlySpan<long> dimensions)
    {
        if (dimensions.Length > MaxRank)
        {
            return $"The shape has {dimensions.Length} dimensions; at most {MaxRank} are supported.";
        }

        // Beside a 0, strides must still fit.
        (long most, string why) = dimensions.Contains(0)
            ? (long.MaxValue, "whose strides are not supported")
            : (Array.MaxLength, $"of which at most {Array.MaxLength} are supported");
        long product = 1;
        int variable = 0;
        foreach (long length in dimensions)
        {
            if (length < Variable)
            {
                return $"The shape has a dimension of {length}; it must be 0 or more.";
            }

            variable += length == Variable ? 1 : 0;
            long factor = Math.Max(length, 1);
            if (factor > most / product)
            {
                return $"The dimensions of the shape {Text(dimensions.ToArray())} make elements {why}.";
            }

            product *= factor;
        }

        return variable > 1 ? "The shape has more than one variable dimension." : null;
    }
}
