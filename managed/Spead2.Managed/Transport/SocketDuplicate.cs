// SPDX-License-Identifier: MIT

using System.Net.Sockets;
using System.Runtime.InteropServices;
using Spead2.Managed.Linux;
using Spead2.Managed.Windows;

namespace Spead2.Managed;

/// <summary>Duplicates sockets that users hand in, so that they still own theirs.</summary>
internal static class SocketDuplicate
{
    /// <exception cref="Spead2Exception">The operating system refuses.</exception>
    /// <exception cref="ObjectDisposedException">The socket has been disposed.</exception>
    public static Socket Of(Socket socket)
    {
        SafeSocketHandle handle = socket.SafeHandle;
        bool held = false;
        try
        {
            handle.DangerousAddRef(ref held);
            return OperatingSystem.IsWindows()
                ? WindowsSocket.Duplicate(handle.DangerousGetHandle())
                : OfDescriptor((int)handle.DangerousGetHandle());
        }
        finally
        {
            if (held)
            {
                handle.DangerousRelease();
            }
        }
    }

    /// <summary>Of a socket that is known by its file descriptor, on Windows by its SOCKET.</summary>
    /// <exception cref="Spead2Exception">The operating system refuses, or it is something else.</exception>
    public static Socket OfHandle(long handle)
    {
        if (OperatingSystem.IsWindows())
        {
            return WindowsSocket.Duplicate((nint)handle);
        }

        int fd = handle is < 0 or > int.MaxValue ? -1 : (int)handle;
        int error = OperatingSystem.IsLinux() ? LinuxSocket.Probe(fd) : 0;
        return error == 0
            ? OfDescriptor(fd)
            : throw StatusException.Os(Marshal.GetPInvokeErrorMessage(error), error);
    }

    private static Socket OfDescriptor(int fd)
    {
        int duplicate = OperatingSystem.IsLinux() ? Libc.fcntl(fd, Libc.F_DUPFD_CLOEXEC, 0) : Libc.dup(fd);
        if (duplicate < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            throw StatusException.Os(
                $"cannot duplicate the socket: {Marshal.GetPInvokeErrorMessage(error)}", error);
        }

        return new(new SafeSocketHandle(duplicate, ownsHandle: true));
    }
}
