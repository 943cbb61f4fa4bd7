// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Spead2.Managed.Linux;

namespace Spead2.Managed;

/// <summary>A file that is read from its start to its end.</summary>
internal sealed class CaptureFile : IDisposable
{
    private readonly SafeFileHandle _handle;
    private readonly int _descriptor;

    private CaptureFile(SafeFileHandle handle, long length)
    {
        _handle = handle;
        Length = length;
        if (OperatingSystem.IsLinux())
        {
            _descriptor = (int)handle.DangerousGetHandle();
            OpenDescriptors.Add(_descriptor);
        }
    }

    /// <summary>Bytes that the file had when it was opened.</summary>
    public long Length { get; }

    /// <summary>Opens a regular file.</summary>
    /// <param name="path">Its name.</param>
    /// <param name="option">What messages call the name.</param>
    /// <exception cref="Spead2Exception">It cannot be opened, or is none.</exception>
    public static CaptureFile Open(string path, string option)
    {
        if (Directory.Exists(path))
        {
            throw NotRegular(path, option);
        }

        SafeFileHandle handle = OperatingSystem.IsLinux() ? OpenOnLinux(path) : OpenElsewhere(path);
        try
        {
            return new(handle, RandomAccess.GetLength(handle));
        }
        catch (NotSupportedException)
        {
            handle.Dispose();
            throw NotRegular(path, option);
        }
    }

    /// <summary>Reads what there is at a position; nothing at the end of the file.</summary>
    /// <exception cref="IOException">The operating system refuses.</exception>
    public int Read(Span<byte> bytes, long position) => RandomAccess.Read(_handle, bytes, position);

    public void Dispose()
    {
        if (OperatingSystem.IsLinux())
        {
            OpenDescriptors.Remove(_descriptor);
        }

        _handle.Dispose();
    }

    private static Spead2Exception NotRegular(string path, string option) =>
        StatusException.Argument($"{option} is \"{path}\", which is no regular file");

    /// <summary>Non-blocking, for a pipe without a writer would be waited for.</summary>
    private static SafeFileHandle OpenOnLinux(string path)
    {
        int fd = Libc.open(path, Libc.O_CLOEXEC | Libc.O_NONBLOCK);
        if (fd < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            throw StatusException.Os(
                $"cannot open the capture \"{path}\": {Marshal.GetPInvokeErrorMessage(error)}", error);
        }

        return new(fd, ownsHandle: true);
    }

    private static SafeFileHandle OpenElsewhere(string path)
    {
        try
        {
            return File.OpenHandle(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.SequentialScan);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw StatusException.Os($"cannot open the capture \"{path}\": {exception.Message}", exception.HResult & 0xffff);
        }
    }
}
