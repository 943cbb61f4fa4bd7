// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Spead2.Formats;

/// <summary>An <c>.npy</c> file that grows by its first dimension. How long that is is written when it ends.</summary>
internal sealed class NpyFile : IDisposable
{
    // The longest number of rows, so that the header need not grow.
    private const string LongestRows = "9223372036854775807";

    private readonly AppendedFile _file;
    private readonly ItemType _type;
    private readonly string _rowShape;
    private readonly int _headerLength;
    private readonly long _rowLength;

    /// <summary>Makes a file, which must not be there yet.</summary>
    /// <param name="path">Its name.</param>
    /// <param name="type">A type that NumPy has.</param>
    /// <param name="rowShape">Shape of each row.</param>
    /// <exception cref="IOException">It cannot be made.</exception>
    public NpyFile(string path, ItemType type, ItemShape rowShape)
    {
        _type = type;
        _rowShape = string.Concat(rowShape.Select(length => string.Create(CultureInfo.InvariantCulture, $"{length}, ")));
        _rowLength = (long)rowShape.FixedCount * StoredType.SizeOf(type);
        _file = new(path);
        try
        {
            byte[] header = Header(LongestRows, length: 0);
            _headerLength = header.Length;
            _file.Append(header);
            _file.Commit();
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Bytes so far.</summary>
    public long Length => _file.Length;

    /// <summary>Rows so far.</summary>
    public long Rows => _rowLength == 0 ? 0 : (_file.Length - _headerLength) / _rowLength;

    /// <inheritdoc cref="AppendedFile.Append"/>
    public void Append(ReadOnlySpan<byte> rows) => _file.Append(rows);

    /// <inheritdoc cref="AppendedFile.Commit"/>
    public void Commit() => _file.Commit();

    /// <inheritdoc cref="AppendedFile.Rollback"/>
    public void Rollback() => _file.Rollback();

    /// <summary>Writes how many rows there are, and waits until the file is where it is kept.</summary>
    /// <exception cref="IOException">Something has not got there.</exception>
    public void Close()
    {
        _file.Overwrite(0, Header(Rows.ToString(CultureInfo.InvariantCulture), _headerLength));
        _file.Flush();
    }

    public void Dispose() => _file.Dispose();

    private byte[] Header(string rows, int length) =>
        NpyHeader.Write(_type, $"({rows}, {_rowShape})", isFortranOrder: false, length);
}
