// SPDX-License-Identifier: MIT

using Microsoft.Win32.SafeHandles;

namespace Spead2.Hdf5;

/// <summary>
/// A new file that can be ended when the disk is full: a second one beside it keeps as much room as the end takes. PureHDF cannot
/// write a chunk a second time, so a write that fails is repeated here, in that room.
/// </summary>
internal sealed class ReservedFile : Stream
{
    // PureHDF writes indices number by number.
    private const int BufferSize = 1 << 16;

    private readonly SafeFileHandle _file;
    private readonly FileStream _reserve;
    private readonly byte[] _buffer = new byte[BufferSize];
    private long _bufferStart;
    private int _fill;

    /// <summary>Makes the file, and the one that keeps room.</summary>
    /// <param name="path">Its name; it must not be there yet.</param>
    /// <param name="reserve">Bytes that are kept.</param>
    /// <exception cref="IOException">They cannot be made.</exception>
    public ReservedFile(string path, long reserve)
    {
        _reserve = new(path + ".reserve", new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            PreallocationSize = reserve,
            Options = FileOptions.DeleteOnClose,
        });
        try
        {
            _file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read);
        }
        catch
        {
            _reserve.Dispose();
            throw;
        }
    }

    /// <summary>Why the room that was kept is in use, so that nothing but the end fits any more; null: it is not.</summary>
    public IOException? Failure { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => true;

    public override long Length => Math.Max(RandomAccess.GetLength(_file), _bufferStart + _fill);

    public override long Position { get; set; }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (Position != _bufferStart + _fill || _fill + buffer.Length > BufferSize)
        {
            Flush();
            _bufferStart = Position;
        }

        if (buffer.Length > BufferSize)
        {
            WriteThrough(buffer, Position);
            _bufferStart = Position + buffer.Length;
        }
        else
        {
            buffer.CopyTo(_buffer.AsSpan(_fill));
            _fill += buffer.Length;
        }

        Position += buffer.Length;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        Flush();
        int count = RandomAccess.Read(_file, buffer, Position);
        Position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) => Position = offset + origin switch
    {
        SeekOrigin.Begin => 0,
        SeekOrigin.Current => Position,
        _ => Length,
    };

    public override void SetLength(long value)
    {
        Flush();
        RandomAccess.SetLength(_file, value);
    }

    public override void Flush()
    {
        WriteThrough(_buffer.AsSpan(0, _fill), _bufferStart);
        _bufferStart += _fill;
        _fill = 0;
    }

    /// <summary>Waits until the file is where it is kept.</summary>
    /// <exception cref="IOException">It has not got there.</exception>
    public void FlushToDisk()
    {
        Flush();
        RandomAccess.FlushToDisk(_file);
    }

    /// <summary>Frees the room that is kept.</summary>
    public void Release() => _reserve.Dispose();

    /// <summary>Closes the files. PureHDF disposes streams that it is given, when there is still something to be written.</summary>
    public void End()
    {
        _reserve.Dispose();
        _file.Dispose();
    }

    private void WriteThrough(ReadOnlySpan<byte> bytes, long offset)
    {
        try
        {
            RandomAccess.Write(_file, bytes, offset);
        }
        catch (IOException exception) when (Failure is null)
        {
            Failure = exception;
            Release();
            RandomAccess.Write(_file, bytes, offset);
        }
    }
}
