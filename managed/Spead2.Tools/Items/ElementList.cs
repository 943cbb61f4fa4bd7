// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Spead2.Items.Values;

namespace Spead2.Tools.Items;

/// <summary>
/// The elements of an item, or of an array within a record, in row-major order. They are read a few at a time: as
/// objects they may take hundreds of times the memory of the heap.
/// </summary>
internal readonly ref struct ElementList
{
    private const int BitsPerByte = 8;
    private const int MostElementsOfPart = 1024;
    private const int MostBytesOfPart = 65536;

    private readonly ReadOnlySpan<byte> _bytes;
    private readonly long _firstBit;

    // Lengths of dimensions of which the first is the fastest; empty if the elements are in row-major order.
    private readonly ReadOnlySpan<long> _fortran;

    /// <summary>The elements of an item that has a value; good until its group is updated.</summary>
    public ElementList(Item item)
        : this(item.Type, item.RawBytes, firstBit: 0, item.Count) =>
        _fortran = item.Descriptor.IsFortranOrder && item.Shape.Rank > 1 ? item.Shape.Dimensions : [];

    private ElementList(ItemType type, ReadOnlySpan<byte> bytes, long firstBit, int count)
    {
        Type = type;
        Count = count;
        _bytes = bytes;
        _firstBit = firstBit;
    }

    /// <summary>Type of the elements.</summary>
    public ItemType Type { get; }

    /// <summary>Number of elements.</summary>
    public int Count { get; }

    /// <summary>Number of elements that are best read at once.</summary>
    public int PartLength => !_fortran.IsEmpty
        ? 1
        : (int)Math.Clamp(
            (long)MostBytesOfPart * BitsPerByte / Math.Max(Type.BitWidth, 1), 1, MostElementsOfPart);

    /// <summary>Some elements, at most <see cref="PartLength"/> or up to the end.</summary>
    public Array ReadPart(int first) => Read(first, Math.Min(PartLength, Count - first));

    /// <summary>One element.</summary>
    public object Read(int index) => Read(index, count: 1).GetValue(0)!;

    /// <summary>An element that is a time, as the number that is sent.</summary>
    public long ReadTime(int index)
    {
        long number = MemoryMarshal.Read<long>(BytesOf(index));
        return Type.IsNativeLayout ? number : BinaryPrimitives.ReverseEndianness(number);
    }

    /// <summary>The bytes of an element that is made of whole ones.</summary>
    public ReadOnlySpan<byte> BytesOf(int index) =>
        _bytes.Slice((int)(BitOf(index) / BitsPerByte), Type.BitWidth / BitsPerByte);

    /// <summary>The elements of a field of a record; one if the field is no array.</summary>
    public ElementList FieldOf(int index, ItemField field) =>
        new(field.Type, _bytes, BitOf(index) + field.BitOffset, field.Shape.FixedCount);

    private Array Read(int first, int count) =>
        ElementReader.ReadArray(Type, _bytes, BitOf(first), Type.BitWidth, count);

    private long BitOf(int index) => _firstBit + ((long)PositionOf(index) * Type.BitWidth);

    private int PositionOf(int index)
    {
        if (_fortran.IsEmpty)
        {
            return index;
        }

        int position = 0;
        int stride = Count;
        for (int dimension = _fortran.Length - 1; dimension >= 0; dimension--)
        {
            int length = (int)_fortran[dimension];
            (index, int along) = Math.DivRem(index, length);
            stride /= length;
            position += along * stride;
        }

        return position;
    }
}
