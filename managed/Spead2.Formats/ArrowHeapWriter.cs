// SPDX-License-Identifier: MIT

using System.Globalization;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;

namespace Spead2.Formats;

/// <summary>Writes heaps as an Arrow IPC stream, of which each heap is a record batch of one row.</summary>
/// <remarks>
/// <para>
/// The first column is the heap's cnt (<c>heap_cnt</c>, uint64), then there is one for each item, null where the heap has not
/// got it. Arrays are lists in lists, of fixed size but for a variable dimension, in row-major order; a complex number is a list
/// of two floats, a record a struct, a text a string, bytes and integers of more than 64 bits binary of fixed size. The
/// metadata of a column says what the item is: <c>spead_id</c>, <c>description</c>, <c>dtype</c> and <c>shape</c>.
/// </para>
/// <para>
/// Readers are <c>pyarrow.ipc.open_stream</c>, <c>ArrowStreamReader</c> and those of other languages. A stream that is cut short
/// behind a heap can be read up to there.
/// </para>
/// </remarks>
public sealed class ArrowHeapWriter : HeapWriter
{
    private readonly Stream _stream;
    private readonly bool _leaveOpen;
    private readonly MemoryStream _message = new();
    private readonly Schema _schema;
    private readonly ItemType[] _types;
    private readonly ArrowStreamWriter _writer;
    private readonly long _start;
    private long _length;
    private bool _hasFailed;
    private bool _isBroken;

    /// <summary>Begins a stream.</summary>
    /// <param name="stream">
    /// Where it is written. If it can seek, what could not be written whole is cut off; a <see cref="FileStream"/> must have no
    /// buffer for that.
    /// </param>
    /// <param name="descriptors">The items, for example <see cref="HeapWriter.DescriptorsOf">those of a group</see>.</param>
    /// <param name="options">
    /// Options of the Arrow library; null: plain, which every reader takes. For compression reference
    /// <c>Apache.Arrow.Compression</c>, and set <see cref="IpcOptions.CompressionCodec"/> and
    /// <see cref="IpcOptions.CompressionCodecFactory"/>; readers need the codec, too.
    /// </param>
    /// <param name="leaveOpen">Whether the stream stays open when the writer is disposed.</param>
    /// <exception cref="ArgumentException">Two items have one identifier.</exception>
    /// <exception cref="IOException">It cannot be written.</exception>
    public ArrowHeapWriter(
        Stream stream, IEnumerable<ItemDescriptor> descriptors, IpcOptions? options = null, bool leaveOpen = false)
        : base(descriptors)
    {
        ArgumentNullException.ThrowIfNull(stream);
        _stream = stream;
        _start = stream.CanSeek ? stream.Position : 0;
        _leaveOpen = leaveOpen;
        _types = [.. Descriptors.Select(descriptor => StoredType.Of(descriptor.Type, isNative: true))];
        _schema = new([new(FieldNames.HeapCnt, UInt64Type.Default, nullable: false), .. Descriptors.Select(FieldOf)], null);
        _writer = new(_message, _schema, leaveOpen: true, options ?? new());
        _writer.WriteStart();
        Send();
    }

    /// <inheritdoc/>
    public override long Length => _length;

    private protected override void WriteRow(ulong cnt, ReadOnlySpan<Item?> values)
    {
        if (_isBroken)
        {
            throw new IOException("The stream ends in the middle of a heap that could not be written.");
        }

        List<ArrayData> columns =
        [
            new(UInt64Type.Default, 1, 0, 0, [ArrowBuffer.Empty, new(BitConverter.GetBytes(cnt))], []),
        ];
        for (int i = 0; i < values.Length; i++)
        {
            columns.Add(Column(Descriptors[i], _types[i], values[i]));
        }

        using RecordBatch batch = new(_schema, columns.Select(ArrowArrayFactory.BuildArray), length: 1);
        _writer.WriteRecordBatch(batch);
        Send();
    }

    private protected override void Close()
    {
        try
        {
            // Readers do without the mark of the end, which might not fit either.
            if (!_hasFailed)
            {
                _writer.WriteEnd();
                Send();
            }

            _stream.Flush();
            (_stream as FileStream)?.Flush(flushToDisk: true);
        }
        finally
        {
            _writer.Dispose();
            if (!_leaveOpen)
            {
                _stream.Dispose();
            }
        }
    }

    private static ArrayData Column(ItemDescriptor descriptor, ItemType stored, Item? item)
    {
        if (descriptor.IsText)
        {
            return ArrowValue.Text(item?.ToText());
        }

        ReadOnlySpan<long> dimensions = descriptor.Shape.Dimensions;
        return item is null
            ? ArrowValue.Missing(stored, dimensions)
            : ArrowValue.Of(
                stored, dimensions, StoredValue.ShapeOf(item).Dimensions, StoredValue.InRows(item, stored), values: 1);
    }

    private Field FieldOf(ItemDescriptor descriptor, int index) => new(
        Names[index],
        descriptor.IsText ? StringType.Default : ArrowValue.TypeOf(_types[index], descriptor.Shape.Dimensions),
        nullable: true,
        [
            new("spead_id", string.Create(CultureInfo.InvariantCulture, $"0x{descriptor.Id:x}")),
            new("description", descriptor.Description),
            new("dtype", $"{descriptor.Type}"),
            new("shape", $"{descriptor.Shape}"),
        ]);

    /// <summary>Writes the message whole, or as little of it as can be.</summary>
    private void Send()
    {
        ReadOnlySpan<byte> message = _message.GetBuffer().AsSpan(0, (int)_message.Length);
        try
        {
            _stream.Write(message);
            _stream.Flush();
            _length += message.Length;
        }
        catch (IOException)
        {
            _hasFailed = true;
            _isBroken = !TryCut();
            throw;
        }
        finally
        {
            _message.SetLength(0);
        }
    }

    private bool TryCut()
    {
        try
        {
            if (_stream.CanSeek)
            {
                _stream.SetLength(_start + _length);
                _stream.Position = _start + _length;
                return true;
            }
        }
        catch (IOException)
        {
        }

        return false;
    }
}
