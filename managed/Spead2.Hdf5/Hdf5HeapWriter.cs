// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PureHDF;
using Spead2.Formats;

namespace Spead2.Hdf5;

/// <summary>Writes heaps into an HDF5 file: a dataset for each item, which grows by a row for each heap that has the item.</summary>
/// <remarks>
/// <para>
/// <c>heap_cnt</c> has the cnt of each heap; <c>heap_rows</c> has a row for each heap, with the number of the row of each item
/// or -1 if the heap had none, in the order of its attribute <c>items</c>. All numbers are in the byte order of this
/// machine, arrays in row-major order. A complex number is a compound of <c>r</c> and <c>i</c>, which h5py reads as complex; a
/// boolean is a byte; a time is a 64-bit number, whose unit is in the attribute <c>dtype</c>. Bytes, texts of NumPy, numbers of
/// 80 bits and integers of more than 64 are opaque, tagged so that h5py reads them as NumPy's types, complex ones of 80 bits as bytes. A record is a group
/// with a dataset for each field.
/// </para>
/// <para>
/// Items with a variable dimension, among them texts, have their elements behind each other in one dimension, and a second dataset,
/// <c>NAME.shape</c>, with the shape of each value. Names are escaped as those of files are.
/// </para>
/// <para>
/// The file can be read once the writer has been disposed, not before. It has room for 4,096 chunks of each dataset, which
/// have up to 1,024 rows or 1 MiB, and at least a row; <see cref="Fits"/> says when they are full. So that it can be ended when the disk is full, a second file beside it, with
/// the extension <c>.reserve</c>, keeps room until then.
/// </para>
/// <para>
/// Needs a just-in-time compiler: PureHDF, which encodes the file, makes code at run time, and fails in programs that were
/// compiled ahead of time (<see cref="RuntimeFeature.IsDynamicCodeSupported"/>).
/// </para>
/// </remarks>
[RequiresDynamicCode(NeedsJit)]
[RequiresUnreferencedCode(NeedsJit)]
public sealed class Hdf5HeapWriter : HeapWriter
{
    private const string NeedsJit = "PureHDF makes code at run time.";

    // The rows of items, beside FieldNames.HeapCnt.
    private const string HeapRows = "heap_rows";

    // For the headers of the file, which are written with the end.
    private const int ReserveOfHeaders = 1 << 20;

    private readonly Hdf5Column _cnts;
    private readonly Hdf5Column _rows;
    private readonly Hdf5Item[] _items;
    private readonly long[] _row;
    private readonly H5NativeWriter _writer;
    private readonly ReservedFile _file;

    /// <summary>Makes the file.</summary>
    /// <param name="path">Its name; it must not be there yet.</param>
    /// <param name="descriptors">The items, for example <see cref="HeapWriter.DescriptorsOf">those of a group</see>.</param>
    /// <exception cref="ArgumentException">Two items have one identifier.</exception>
    /// <exception cref="PlatformNotSupportedException">The program was compiled ahead of time.</exception>
    /// <exception cref="IOException">The file cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be made.</exception>
    public Hdf5HeapWriter(string path, IEnumerable<ItemDescriptor> descriptors)
        : base(descriptors)
    {
        if (!RuntimeFeature.IsDynamicCodeSupported)
        {
            throw new PlatformNotSupportedException("HDF5 files are written by PureHDF, which needs a just-in-time compiler.");
        }

        _row = new long[Descriptors.Count];
        H5File file = new();
        _cnts = Hdf5Column.Of(file, FieldNames.HeapCnt, ItemType.FromNumPy(Native("u8")), []);
        _items = [.. Descriptors.Select((descriptor, i) => new Hdf5Item(file, Named(i), descriptor))];
        _rows = Hdf5Column.Of(file, HeapRows, ItemType.FromNumPy(Native("i8")), [Math.Max(1, _items.Length)]);
        _rows.Dataset.Attributes["items"] = Names.DefaultIfEmpty("").ToArray();
        _file = new(path, ReserveOfHeaders + Columns.Sum(column => column.Reserve));
        try
        {
            _writer = file.BeginWrite(_file);
        }
        catch
        {
            _file.End();
            throw;
        }
    }

    /// <inheritdoc/>
    /// <remarks>Rows that are in memory until their chunk is full are counted.</remarks>
    public override long Length => Columns.Sum(column => column.Length);

    /// <inheritdoc/>
    public override bool Fits(IEnumerable<Item> items) =>
        _cnts.HasRoom(1) && _rows.HasRoom(1) && base.Fits(items) && items.All(item => _items[ColumnOf(item)].HasRoom(item));

    private protected override void WriteRow(ulong cnt, ReadOnlySpan<Item?> values)
    {
        if (_file.Failure is { } failure)
        {
            throw new IOException(failure.Message, failure);
        }

        _cnts.Append(_writer, MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in cnt)));
        for (int i = 0; i < values.Length; i++)
        {
            _row[i] = values[i] is { } item ? _items[i].Append(_writer, item) : -1;
        }

        _rows.Append(_writer, MemoryMarshal.AsBytes(_row.Length == 0 ? [-1L] : _row.AsSpan()));
    }

    private protected override void Close()
    {
        try
        {
            _file.Release();
            foreach (Hdf5Column column in Columns)
            {
                column.Flush(_writer);
            }

            _writer.Dispose();
            Hdf5Extent.Set(_file, Columns.ToDictionary(column => column.Path, column => (ulong)column.Rows));
            _file.FlushToDisk();
        }
        finally
        {
            _file.End();
        }
    }

    private IEnumerable<Hdf5Column> Columns => [_cnts, _rows, .. _items.SelectMany(item => item.Columns)];

    private string Named(int index) => Names[index] == HeapRows
        ? string.Create(CultureInfo.InvariantCulture, $"0x{Descriptors[index].Id:x}")
        : FieldNames.Escape(Names[index]);

    private static string Native(string type) => (BitConverter.IsLittleEndian ? "<" : ">") + type;
}
