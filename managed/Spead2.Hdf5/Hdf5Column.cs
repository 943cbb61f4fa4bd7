// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using PureHDF;
using PureHDF.Filters;
using PureHDF.VOL.Native;
using Spead2.Formats;

namespace Spead2.Hdf5;

/// <summary>A dataset that grows by rows, chunk by chunk.</summary>
[RequiresDynamicCode("PureHDF makes code at run time.")]
[RequiresUnreferencedCode("PureHDF makes code at run time.")]
internal abstract class Hdf5Column
{
    // A chunk costs some microseconds, and is written whole however little is in it.
    private const int LargestChunk = 1 << 20;
    private const int MostRows = 1024;

    // The index of a dataset is written for all chunks that it may have, 14 bytes each.
    private const int MostChunks = 4096;
    private const int IndexEntry = 16;

    // The one that could not be written, the one in OneChunk, and the one that is being filled.
    private const int PendingChunks = 3;

    /// <summary>Where the dataset is in the file.</summary>
    public required string Path { get; init; }

    /// <summary>The dataset.</summary>
    public required H5Object Dataset { get; init; }

    /// <summary>Rows so far.</summary>
    public long Rows { get; protected set; }

    /// <summary>Bytes of the rows so far.</summary>
    public long Length => Rows * RowSize;

    /// <summary>Bytes that the end of the dataset may take.</summary>
    public long Reserve => ((long)PendingChunks * ChunkRows * RowSize) + (MostChunks * IndexEntry);

    protected int RowSize { get; init; }

    protected int ChunkRows { get; init; }

    /// <summary>Makes a dataset in a group.</summary>
    /// <param name="group">The group.</param>
    /// <param name="name">Its name there.</param>
    /// <param name="type">A stored type in native byte order, no record.</param>
    /// <param name="shape">Shape of a row.</param>
    /// <param name="path">Where it is in the file; null: as its name.</param>
    /// <param name="isElements">Whether a row is an element of values of variable length.</param>
    public static Hdf5Column Of(
        H5Group group, string name, ItemType type, long[] shape, string? path = null, bool isElements = false)
    {
        return type.Kind switch
        {
            // As h5py tags types that HDF5 has not got.
            _ when type.IsExtended => Opaque(),
            ItemKind.UnsignedInteger => type.BitWidth switch
            {
                8 => Make<byte>(),
                16 => Make<ushort>(),
                32 => Make<uint>(),
                _ => Make<ulong>(),
            },
            ItemKind.SignedInteger => type.BitWidth switch
            {
                8 => Make<sbyte>(),
                16 => Make<short>(),
                32 => Make<int>(),
                _ => Make<long>(),
            },
            ItemKind.FloatingPoint => type.BitWidth switch
            {
                16 => Make<Half>(),
                32 => Make<float>(),
                _ => Make<double>(),
            },
            ItemKind.Complex => type.BitWidth == 64 ? Make<Complex64>() : Make<Complex128>(),
            ItemKind.Boolean => Make<byte>(),
            ItemKind.DateTime or ItemKind.TimeSpan => Make<long>(),
            _ => Opaque(),
        };

        // h5py does not get along with complex ones of 2 x 80 bits.
        Hdf5Column Opaque() => Make<byte>(new(
            (uint)StoredType.SizeOf(type),
            type.Kind == ItemKind.Complex ? $"NUMPY:|V{StoredType.SizeOf(type)}" : $"NUMPY:{type}"));

        Hdf5Column Make<T>(H5OpaqueInfo? opaque = null)
            where T : unmanaged
        {
            int elementSize = StoredType.SizeOf(type);
            int count = (int)shape.Aggregate(1L, (product, length) => checked(product * length));
            int rowSize = checked(count * elementSize);
            int chunkRows = Math.Clamp(LargestChunk / rowSize, 1, isElements ? LargestChunk : MostRows);
            ulong[] extent = [(ulong)chunkRows * MostChunks, .. shape.Select(length => (ulong)length)];
            uint[] chunk = [(uint)chunkRows, .. shape.Select(length => (uint)length)];

            // With a filter, chunks get their place when they are written; this one is a checksum, which readers look at.
            H5DatasetCreation creation = new(new OneChunk(), [new H5Filter(Fletcher32Filter.Id)]);
            H5Dataset<T[]> dataset = new(extent, chunk, creation, opaque);
            group[name] = dataset;
            return new Hdf5Column<T>(dataset, shape, elementSize)
            {
                Path = path ?? name,
                Dataset = dataset,
                RowSize = rowSize,
                ChunkRows = chunkRows,
            };
        }
    }

    /// <summary>Whether there is room for rows.</summary>
    public bool HasRoom(int rows) => Rows + rows <= (long)ChunkRows * MostChunks;

    /// <summary>Appends rows.</summary>
    /// <exception cref="IOException">They cannot be written.</exception>
    public abstract void Append(H5NativeWriter writer, ReadOnlySpan<byte> rows);

    /// <summary>Appends rows of one field.</summary>
    /// <param name="writer">Writes chunks that are full.</param>
    /// <param name="elements">Elements with the field.</param>
    /// <param name="stride">Bytes of an element.</param>
    /// <param name="offset">Where the field begins in it.</param>
    /// <param name="rows">How many rows the elements make.</param>
    public void Append(H5NativeWriter writer, ReadOnlySpan<byte> elements, int stride, int offset, int rows)
    {
        int count = elements.Length / stride;
        int size = count == 0 ? 0 : rows * RowSize / count;
        if (size == stride)
        {
            Append(writer, elements);
            return;
        }

        byte[] field = new byte[count * size];
        for (int i = 0; i < count; i++)
        {
            elements.Slice((i * stride) + offset, size).CopyTo(field.AsSpan(i * size));
        }

        Append(writer, field);
    }

    /// <summary>Writes what is in memory.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public abstract void Flush(H5NativeWriter writer);

    /// <summary>As h5py has complex numbers.</summary>
    [StructLayout(LayoutKind.Sequential)]
    [SuppressMessage("Style", "IDE1006", Justification = "The names of h5py.")]
    private struct Complex64
    {
        public float r;
        public float i;
    }

    /// <inheritdoc cref="Complex64"/>
    [StructLayout(LayoutKind.Sequential)]
    [SuppressMessage("Style", "IDE1006", Justification = "The names of h5py.")]
    private struct Complex128
    {
        public double r;
        public double i;
    }

    /// <summary>Keeps a chunk until the next one begins; PureHDF's own cache keeps all until the file ends.</summary>
    private sealed class OneChunk : IWritingChunkCache
    {
        private Memory<byte> _chunk;
        private ulong? _index;
        private Action<ulong, Memory<byte>>? _write;

        public Memory<byte> GetChunk(ulong chunkIndex, Func<Memory<byte>> chunkAllocator, Action<ulong, Memory<byte>> chunkWriter)
        {
            if (_index != chunkIndex)
            {
                // This chunk's writer takes no other one, whatever index it is given.
                Flush(_write!);
                _chunk = chunkAllocator();
                _index = chunkIndex;
                _write = chunkWriter;
            }

            return _chunk;
        }

        public void Flush(Action<ulong, Memory<byte>>? chunkWriter)
        {
            if (_index is { } index)
            {
                chunkWriter!(index, _chunk);
                _index = null;
            }
        }
    }
}
