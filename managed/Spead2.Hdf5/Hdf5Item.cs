// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;
using PureHDF;
using Spead2.Formats;

namespace Spead2.Hdf5;

/// <summary>The datasets of an item: one, or one for each field of a record; and one of shapes, where they differ.</summary>
[RequiresDynamicCode("PureHDF makes code at run time.")]
[RequiresUnreferencedCode("PureHDF makes code at run time.")]
internal sealed class Hdf5Item
{
    private const int BitsPerByte = 8;

    private readonly ItemType _type;
    private readonly List<(Hdf5Column Column, int Offset)> _fields = [];
    private readonly Hdf5Column? _shapes;

    /// <summary>Adds them to a group.</summary>
    public Hdf5Item(H5Group group, string name, ItemDescriptor descriptor)
    {
        _type = StoredType.Of(descriptor.Type, isNative: true);
        bool hasRows = HeapWriter.HasRows(descriptor);
        H5Object stored = Add(group, name, name, _type, hasRows ? [.. descriptor.Shape] : [], offset: 0, !hasRows);
        stored.Attributes["spead_id"] = string.Create(CultureInfo.InvariantCulture, $"0x{descriptor.Id:x}");
        stored.Attributes["name"] = descriptor.Name;
        stored.Attributes["description"] = descriptor.Description;
        stored.Attributes["dtype"] = $"{descriptor.Type}";
        stored.Attributes["shape"] = $"{descriptor.Shape}";
        if (!hasRows)
        {
            _shapes = Hdf5Column.Of(group, name + FieldNames.ShapeSuffix, ItemType.FromNumPy("<i8"), [Math.Max(1, descriptor.Shape.Rank)]);
        }
    }

    /// <summary>All of them.</summary>
    public IEnumerable<Hdf5Column> Columns =>
        _fields.Select(part => part.Column).Concat(_shapes is null ? [] : [_shapes]);

    /// <summary>Whether there is room for a value.</summary>
    public bool HasRoom(Item item)
    {
        int rows = RowsOf(item);
        return _fields.TrueForAll(field => field.Column.HasRoom(rows)) && _shapes?.HasRoom(1) != false;
    }

    /// <summary>Appends a value, and says which row it is.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public long Append(H5NativeWriter writer, Item item)
    {
        ReadOnlySpan<byte> bytes = StoredValue.InRows(item, _type);
        int rows = RowsOf(item);
        long row = _shapes?.Rows ?? _fields[0].Column.Rows;
        int size = StoredType.SizeOf(_type);
        foreach ((Hdf5Column column, int offset) in _fields)
        {
            column.Append(writer, bytes, size, offset, rows);
        }

        if (_shapes is not null)
        {
            ReadOnlySpan<long> shape = StoredValue.ShapeOf(item).Dimensions;
            _shapes.Append(writer, MemoryMarshal.AsBytes(shape));
        }

        return row;
    }

    // Of a variable shape each element is a row.
    private int RowsOf(Item item) => _shapes is null ? 1 : item.HasValue ? item.Count : item.RawBytes.Length;

    private H5Object Add(H5Group group, string path, string name, ItemType type, long[] shape, int offset, bool isElements)
    {
        if (type.Kind != ItemKind.Record)
        {
            Hdf5Column column = Hdf5Column.Of(group, name, type, shape, path, isElements);
            _fields.Add((column, offset));
            return column.Dataset;
        }

        H5Group record = [];
        group[name] = record;
        foreach (ItemField field in type.Fields)
        {
            string key = FieldNames.Escape(field.Name);
            Add(record, $"{path}/{key}", key, field.Type, [.. shape, .. field.Shape], offset + (field.BitOffset / BitsPerByte), isElements);
        }

        return record;
    }
}
