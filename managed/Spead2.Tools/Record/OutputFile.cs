// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Spead2.Managed.Linux;
using Spead2.Tools.CaptureFiles;

namespace Spead2.Tools.Record;

/// <summary>A file that is written from its beginning to its end, directly or through zstd.</summary>
internal abstract class OutputFile : IDisposable
{
    /// <summary>Bytes that were written, before they are compressed.</summary>
    public long Length { get; private set; }

    /// <summary>Makes a file, which must not be there yet; one whose name ends in .zst is compressed.</summary>
    /// <param name="path">Its name.</param>
    /// <param name="aligned">Whether memory and lengths of all writes are aligned, so that they can go past the page cache.</param>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static OutputFile Create(string path, bool aligned) => Compression.IsZstd(path)
        ? new ZstdFile(path)
        : new PlainFile(path, aligned);

    /// <summary>Writes bytes.</summary>
    /// <exception cref="IOException">They are not written. Of a plain file nothing of them is.</exception>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        WriteAll(bytes);
        Length += bytes.Length;
    }

    /// <summary>Ends the file.</summary>
    /// <exception cref="IOException">Something that was written has not got there.</exception>
    public abstract void Close();

    public abstract void Dispose();

    protected abstract void WriteAll(ReadOnlySpan<byte> bytes);

    private sealed class PlainFile : OutputFile
    {
        private readonly SafeFileHandle _handle;

        public PlainFile(string path, bool aligned)
        {
            _handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite);
            if (aligned && OperatingSystem.IsLinux())
            {
                // Not every file system can; others write through the page cache.
                int fd = (int)_handle.DangerousGetHandle();
                _ = Libc.fcntl(fd, Libc.F_SETFL, Libc.fcntl(fd, Libc.F_GETFL, 0) | Libc.O_DIRECT);
            }
        }

        public override void Close() => Dispose();

        public override void Dispose() => _handle.Dispose();

        protected override void WriteAll(ReadOnlySpan<byte> bytes)
        {
            try
            {
                RandomAccess.Write(_handle, bytes, Length);
            }
            catch (IOException)
            {
                // A part of it may be there.
                RandomAccess.SetLength(_handle, Length);
                throw;
            }
        }
    }

    private sealed class ZstdFile : OutputFile
    {
        private readonly Process _process;

        public ZstdFile(string path) => _process = Compression.StartZstd(path);

        public override void Close()
        {
            _process.StandardInput.Close();
            string error = _process.StandardError.ReadToEnd();
            _process.WaitForExit();
            if (_process.ExitCode != 0)
            {
                throw new IOException(error.Trim());
            }
        }

        public override void Dispose() => _process.Dispose();

        protected override void WriteAll(ReadOnlySpan<byte> bytes)
        {
            try
            {
                _process.StandardInput.BaseStream.Write(bytes);
            }
            catch (IOException)
            {
                // What zstd says is more than that the pipe is broken.
                Close();
                throw;
            }
        }
    }
}
