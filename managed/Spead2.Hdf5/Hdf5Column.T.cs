// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using PureHDF;
using PureHDF.Selections;

namespace Spead2.Hdf5;

/// <summary>A dataset with elements of a .NET type.</summary>
/// <typeparam name="T">As PureHDF takes elements; bytes of opaque ones.</typeparam>
[RequiresDynamicCode("PureHDF makes code at run time.")]
[RequiresUnreferencedCode("PureHDF makes code at run time.")]
internal sealed class Hdf5Column<T>(H5Dataset<T[]> dataset, long[] shape, int elementSize) : Hdf5Column
    where T : unmanaged
{
    private T[]? _chunk;
    private long _chunkStart;
    private int _fill;

    public override void Append(H5NativeWriter writer, ReadOnlySpan<byte> rows)
    {
        _chunk ??= new T[ChunkRows * RowSize / Marshal.SizeOf<T>()];
        while (!rows.IsEmpty)
        {
            if (_fill == ChunkRows)
            {
                Flush(writer);
                _chunkStart += _fill;
                _fill = 0;
            }

            int count = Math.Min(rows.Length / RowSize, ChunkRows - _fill);
            rows[..(count * RowSize)].CopyTo(MemoryMarshal.AsBytes(_chunk.AsSpan())[(_fill * RowSize)..]);
            rows = rows[(count * RowSize)..];
            _fill += count;
            Rows += count;
        }
    }

    public override void Flush(H5NativeWriter writer)
    {
        if (_fill == 0)
        {
            return;
        }

        ulong[] starts = [(ulong)_chunkStart, .. shape.Select(_ => 0UL)];
        ulong[] blocks = [(ulong)_fill, .. shape.Select(length => (ulong)length)];
        ulong elements = (ulong)_fill * (ulong)(RowSize / elementSize);
        writer.Write(
            dataset,
            _chunk!,
            memorySelection: new HyperslabSelection(0, elements),
            fileSelection: new HyperslabSelection(starts.Length, starts, blocks));
    }
}
