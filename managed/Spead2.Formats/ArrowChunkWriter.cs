// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using Spead2.Chunks;

namespace Spead2.Formats;

/// <summary>Writes chunks as an Arrow IPC stream, of which each chunk is a record batch, and each of its heaps a row.</summary>
/// <remarks>
/// Columns are <c>chunk_id</c> (int64), <c>index</c> of the heap in the chunk (int32), and <c>data</c>, which is null for a heap
/// that is missing: lists of fixed size in lists, as those of <see cref="ArrowHeapWriter"/>. Threads: one at a time.
/// </remarks>
public sealed class ArrowChunkWriter : IDisposable
{
    private readonly ItemType _type;
    private readonly ItemType _stored;
    private readonly ItemShape _shape;
    private readonly Schema _schema;
    private readonly ArrowStreamWriter _writer;

    /// <summary>Begins a stream.</summary>
    /// <param name="stream">Where it is written.</param>
    /// <param name="type">Type of an element of a chunk's data, as from <see cref="ItemType.FromNumPy"/>.</param>
    /// <param name="shape">Shape of the elements of a heap, without a variable dimension.</param>
    /// <param name="options">As of <see cref="ArrowHeapWriter"/>.</param>
    /// <param name="leaveOpen">Whether the stream stays open when the writer is disposed.</param>
    /// <exception cref="ArgumentException">A dimension is variable.</exception>
    /// <exception cref="IOException">It cannot be written.</exception>
    public ArrowChunkWriter(
        Stream stream, ItemType type, ItemShape shape, IpcOptions? options = null, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(type);
        ArgumentNullException.ThrowIfNull(shape);
        if (shape.IsVariable)
        {
            throw new ArgumentException($"The heaps of a chunk are equally large; the shape {shape} has a variable dimension.", nameof(shape));
        }

        _type = type;
        _stored = StoredType.Of(type, isNative: true);
        _shape = shape;
        _schema = new(
            [
                new("chunk_id", Int64Type.Default, nullable: false),
                new("index", Int32Type.Default, nullable: false),
                new(
                    "data",
                    ArrowValue.TypeOf(_stored, shape.Dimensions),
                    nullable: true,
                    [new("dtype", $"{type}"), new("shape", $"{shape}")]),
            ],
            null);
        _writer = new(stream, _schema, leaveOpen, options ?? new());
        _writer.WriteStart();
    }

    /// <summary>Writes a chunk.</summary>
    /// <param name="chunk">The chunk; the caller disposes it.</param>
    /// <exception cref="ArgumentException">The data of the chunk is not a value of the shape for each heap.</exception>
    /// <exception cref="IOException">It cannot be written whole.</exception>
    /// <exception cref="ObjectDisposedException">The chunk or the writer has been disposed.</exception>
    public void Write(Chunk chunk)
    {
        ArgumentNullException.ThrowIfNull(chunk);
        ReadOnlySpan<byte> present = chunk.Present;
        ReadOnlySpan<byte> data = chunk.Data;
        long elements = (long)present.Length * _shape.FixedCount;
        if (elements * _type.BitWidth != data.Length * 8L)
        {
            throw new ArgumentException(
                $"The chunk has {data.Length} bytes for {present.Length} heaps, which are no {_type} {_shape} each.", nameof(chunk));
        }

        long[] ids = new long[present.Length];
        ids.AsSpan().Fill(chunk.Id);
        int[] indices = [.. Enumerable.Range(0, present.Length)];
        byte[] bits = new byte[(present.Length + 7) / 8];
        for (int i = 0; i < present.Length; i++)
        {
            bits[i / 8] |= (byte)(present[i] == 0 ? 0 : 1 << (i % 8));
        }

        ArrayData[] columns =
        [
            Column<long>(Int64Type.Default, ids),
            Column<int>(Int32Type.Default, indices),
            ArrowValue.Of(
                _stored,
                _shape.Dimensions,
                _shape.Dimensions,
                StoredValue.Converted(_type, _stored, data, (int)elements),
                present.Length,
                bits),
        ];
        using RecordBatch batch = new(_schema, columns.Select(ArrowArrayFactory.BuildArray), present.Length);
        _writer.WriteRecordBatch(batch);
    }

    /// <summary>Ends the stream.</summary>
    /// <exception cref="IOException">The end cannot be written.</exception>
    public void Dispose()
    {
        _writer.WriteEnd();
        _writer.Dispose();
    }

    private static ArrayData Column<T>(IArrowType type, ReadOnlySpan<T> values)
        where T : unmanaged =>
        new(type, values.Length, 0, 0, [ArrowBuffer.Empty, new(MemoryMarshal.AsBytes(values).ToArray())], []);
}
