// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Spead2.Formats;

/// <summary>
/// Writes heaps into a folder of <c>.npy</c> files, one for each item, which grow by a row for each heap that has the item.
/// </summary>
/// <remarks>
/// <para>
/// <c>heap_cnt.npy</c> has a record for each heap: its cnt (<c>heap_cnt</c>), and for each item the number of the row with its
/// value, or -1 if the heap had none. Rows are in row-major order, of the type that
/// <see cref="NumPyExtensions.WriteNpy"/> writes.
/// </para>
/// <para>
/// Items with a variable dimension, among them texts, have their elements behind each other in one dimension, and a second
/// file, <c>NAME.shape.npy</c>, with the shape of each value. Characters that may mean something in a path are written as
/// <c>%</c> and two digits.
/// </para>
/// </remarks>
public sealed class NpyHeapWriter : HeapWriter
{
    private readonly Column[] _columns;
    private readonly NpyFile _index;
    private readonly long[] _indexRow;

    /// <summary>Makes the files.</summary>
    /// <param name="folder">The folder; it is made if it is not there. None of the files may be there.</param>
    /// <param name="descriptors">The items, for example <see cref="HeapWriter.DescriptorsOf">those of a group</see>.</param>
    /// <exception cref="ArgumentException">Two items have one identifier.</exception>
    /// <exception cref="IOException">A file cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be made.</exception>
    public NpyHeapWriter(string folder, IEnumerable<ItemDescriptor> descriptors)
        : base(descriptors)
    {
        Directory.CreateDirectory(folder);
        List<Column> columns = [];
        try
        {
            for (int i = 0; i < Descriptors.Count; i++)
            {
                columns.Add(new(Path.Combine(folder, FieldNames.Escape(Names[i])), Descriptors[i]));
            }

            _index = new(
                Path.Combine(folder, $"{FieldNames.HeapCnt}.npy"), StoredType.OfIndex(Names), ItemShape.Scalar);
        }
        catch
        {
            columns.ForEach(column => column.Dispose());
            throw;
        }

        _columns = [.. columns];
        _indexRow = new long[_columns.Length + 1];
    }

    /// <inheritdoc/>
    public override long Length => _index.Length + _columns.Sum(column => column.Length);

    private protected override void WriteRow(ulong cnt, ReadOnlySpan<Item?> values)
    {
        try
        {
            _indexRow[0] = unchecked((long)cnt);
            for (int i = 0; i < values.Length; i++)
            {
                _indexRow[i + 1] = values[i] is { } item ? _columns[i].Append(item) : -1;
            }

            _index.Append(MemoryMarshal.AsBytes(_indexRow.AsSpan()));
        }
        catch
        {
            Array.ForEach(_columns, column => column.Rollback());
            _index.Rollback();
            throw;
        }

        Array.ForEach(_columns, column => column.Commit());
        _index.Commit();
    }

    private protected override void Close()
    {
        try
        {
            Array.ForEach(_columns, column => column.Close());
            _index.Close();
        }
        finally
        {
            Array.ForEach(_columns, column => column.Dispose());
            _index.Dispose();
        }
    }

    /// <summary>The files of an item.</summary>
    private sealed class Column : IDisposable
    {
        private readonly ItemType _type;
        private readonly NpyFile _values;
        private readonly NpyFile? _shapes;
        private long _rows;
        private long _committedRows;

        public Column(string path, ItemDescriptor descriptor)
        {
            _type = StoredType.Of(descriptor.Type, isNative: false);
            bool hasRows = HasRows(descriptor);
            _values = new($"{path}.npy", _type, hasRows ? descriptor.Shape : ItemShape.Scalar);
            try
            {
                _shapes = hasRows
                    ? null
                    : new($"{path}{FieldNames.ShapeSuffix}.npy", ItemType.FromNumPy("<i8"), new(descriptor.Shape.Rank));
            }
            catch
            {
                _values.Dispose();
                throw;
            }
        }

        public long Length => _values.Length + (_shapes?.Length ?? 0);

        /// <summary>Appends a value, and says which row it is.</summary>
        public long Append(Item item)
        {
            _values.Append(StoredValue.InRows(item, _type));
            if (_shapes is not null)
            {
                ReadOnlySpan<long> shape = StoredValue.ShapeOf(item).Dimensions;
                byte[] bytes = new byte[shape.Length * sizeof(long)];
                for (int i = 0; i < shape.Length; i++)
                {
                    BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(i * sizeof(long)), shape[i]);
                }

                _shapes.Append(bytes);
            }

            return _rows++;
        }

        public void Commit()
        {
            _values.Commit();
            _shapes?.Commit();
            _committedRows = _rows;
        }

        public void Rollback()
        {
            _values.Rollback();
            _shapes?.Rollback();
            _rows = _committedRows;
        }

        public void Close()
        {
            _values.Close();
            _shapes?.Close();
        }

        public void Dispose()
        {
            _values.Dispose();
            _shapes?.Dispose();
        }
    }
}
