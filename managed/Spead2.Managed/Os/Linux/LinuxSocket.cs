// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Spead2.Managed.Linux;

/// <summary>
/// What .NET's sockets do not do, or say another number for when it fails. All give errno, or 0.
/// </summary>
internal static unsafe class LinuxSocket
{
    /// <summary>Looks whether a file descriptor is that of a socket.</summary>
    public static int Probe(int fd)
    {
        int type;
        uint length = sizeof(int);
        return Libc.getsockopt(fd, Libc.SOL_SOCKET, Libc.SO_TYPE, &type, &length) == 0
            ? 0
            : Marshal.GetLastPInvokeError();
    }
}
