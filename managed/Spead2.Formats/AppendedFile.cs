// SPDX-License-Identifier: MIT

using Microsoft.Win32.SafeHandles;

namespace Spead2.Formats;

/// <summary>A new file that grows, and forgets what could not be written.</summary>
internal sealed class AppendedFile : IDisposable
{
    private readonly SafeFileHandle _handle;
    private long _committed;

    /// <summary>Makes a file, which must not be there yet.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public AppendedFile(string path) =>
        _handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read);

    /// <summary>Bytes so far.</summary>
    public long Length { get; private set; }

    /// <summary>Writes behind the end.</summary>
    /// <exception cref="IOException">Not all of it is written; <see cref="Rollback"/> removes the part.</exception>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        RandomAccess.Write(_handle, bytes, Length);
        Length += bytes.Length;
    }

    /// <summary>Replaces what is there.</summary>
    /// <exception cref="IOException">It is not written.</exception>
    public void Overwrite(long offset, ReadOnlySpan<byte> bytes) => RandomAccess.Write(_handle, bytes, offset);

    /// <summary>What has been written stays.</summary>
    public void Commit() => _committed = Length;

    /// <summary>Removes what was written since the last commit.</summary>
    public void Rollback()
    {
        RandomAccess.SetLength(_handle, _committed);
        Length = _committed;
    }

    /// <summary>Waits until the file is where it is kept, so that errors are known.</summary>
    /// <exception cref="IOException">It has not got there.</exception>
    public void Flush() => RandomAccess.FlushToDisk(_handle);

    public void Dispose() => _handle.Dispose();
}
