// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
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

    /// <summary>Joins a group, and gets only what arrives on its interface.</summary>
    public static int Join(Socket socket, UdpTarget target)
    {
        int error = Set(socket, Libc.SOL_SOCKET, Libc.SO_REUSEADDR, 1);
        if (error != 0)
        {
            return error;
        }

        return target.EndPoint.AddressFamily == AddressFamily.InterNetworkV6
            ? JoinV6(socket, target)
            : JoinV4(socket, target);
    }

    private static int JoinV4(Socket socket, UdpTarget target)
    {
        byte[] request =
        [
            .. target.EndPoint.Address.GetAddressBytes(),
            .. (target.InterfaceAddress ?? IPAddress.Any).GetAddressBytes(),
        ];
        int error = Set(socket, Libc.IPPROTO_IP, Libc.IP_ADD_MEMBERSHIP, request);

        // Else it would also get what arrives on interfaces where only others have joined the group.
        return error != 0 ? error : Set(socket, Libc.IPPROTO_IP, Libc.IP_MULTICAST_ALL, 0);
    }

    private static int JoinV6(Socket socket, UdpTarget target)
    {
        byte[] request =
            [.. target.EndPoint.Address.GetAddressBytes(), .. BitConverter.GetBytes(target.InterfaceIndex)];
        int error = Set(socket, Libc.IPPROTO_IPV6, Libc.IPV6_JOIN_GROUP, request);
        if (error == 0 && target.InterfaceIndex != 0)
        {
            // For the reason above. IPv6 has nothing better, and older kernels allow it to administrators only: without
            // it a socket may get more than it should, but never less.
            _ = Set(socket, Libc.SOL_SOCKET, Libc.SO_BINDTOIFINDEX, target.InterfaceIndex);
        }

        return error;
    }

    private static int Set(Socket socket, int level, int option, int value) =>
        Set(socket, level, option, BitConverter.GetBytes(value));

    private static int Set(Socket socket, int level, int option, ReadOnlySpan<byte> value)
    {
        fixed (byte* first = value)
        {
            return Libc.setsockopt((int)socket.Handle, level, option, first, (uint)value.Length) == 0
                ? 0
                : Marshal.GetLastPInvokeError();
        }
    }
}
