// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Spead2.Managed.Linux;

/// <summary>Joins multicast groups, so that a socket receives nothing else. Errors are errno, or 0.</summary>
internal static unsafe class LinuxGroup
{
    // struct group_source_req: the index of an interface, and two addresses with room for any.
    private const int GroupOffset = 8;
    private const int SourceOffset = GroupOffset + 128;
    private const int SourceRequestSize = SourceOffset + 128;

    /// <summary>Completes a target: index and name of the interface, where the system tells them.</summary>
    public static int FindInterface(Socket socket, ref UdpTarget target)
    {
        int fd = (int)socket.Handle;
        int index = target.InterfaceIndex;
        if (target.IsInterfaceNamed)
        {
            int error = LinuxInterfaces.FindIndex(fd, target.InterfaceName!, out index);
            if (error != 0)
            {
                return error;
            }
        }
        else if (target.InterfaceAddress is { } address && !address.Equals(IPAddress.Any))
        {
            index = LinuxInterfaces.FindIndex(fd, address);
        }

        if (index != 0)
        {
            target = target.On(index, LinuxInterfaces.FindName(fd, index) ?? target.InterfaceName);
        }

        return 0;
    }

    /// <summary>Joins the group of a target that is complete, and gets only what it asks for.</summary>
    public static int Join(Socket socket, UdpTarget target)
    {
        int fd = (int)socket.Handle;
        int error = target.Members != 0 && !PortFilter.TryFilter(socket, target.Members, target.Member)
            ? Marshal.GetLastPInvokeError()
            : Set(fd, Libc.SOL_SOCKET, Libc.SO_REUSEADDR, 1);
        if (error == 0)
        {
            error = KeepOthersOut(fd, target);
        }

        return error != 0 ? error : JoinAgain(fd, target);
    }

    /// <summary>Joins the group once more, on a socket that is prepared for it.</summary>
    public static int JoinAgain(int fd, UdpTarget target) =>
        target.Senders.Count != 0 ? JoinSenders(fd, target)
        : target.IsV6 ? Set(fd, Libc.IPPROTO_IPV6, Libc.IPV6_JOIN_GROUP, RequestV6(target, target.InterfaceIndex))
        : Set(fd, Libc.IPPROTO_IP, Libc.IP_ADD_MEMBERSHIP, RequestV4(target));

    /// <summary>Drops what is left of the membership on an interface that has this index, or had it.</summary>
    public static void Leave(int fd, UdpTarget target, int index) => _ = target.IsV6
        ? Set(fd, Libc.IPPROTO_IPV6, Libc.IPV6_LEAVE_GROUP, RequestV6(target, index))
        : Set(fd, Libc.IPPROTO_IP, Libc.IP_DROP_MEMBERSHIP, RequestV4(target.EndPoint.Address, IPAddress.Any, index));

    /// <summary>
    /// Else a socket would also get what arrives where only others have joined the group, from any sender. For IPv6 only
    /// being bound to the interface does all of that, which kernels before 5.7 allow to administrators only: without it a
    /// socket may get more than it should, but never less.
    /// </summary>
    private static int KeepOthersOut(int fd, UdpTarget target)
    {
        if (!target.IsV6)
        {
            return Set(fd, Libc.IPPROTO_IP, Libc.IP_MULTICAST_ALL, 0);
        }

        _ = Set(fd, Libc.IPPROTO_IPV6, Libc.IPV6_MULTICAST_ALL, 0);
        if (target.InterfaceIndex != 0)
        {
            _ = Set(fd, Libc.SOL_SOCKET, Libc.SO_BINDTOIFINDEX, target.InterfaceIndex);
        }

        return 0;
    }

    /// <summary>One join for each sender: beside one for every sender they would not hold.</summary>
    private static int JoinSenders(int fd, UdpTarget target)
    {
        int level = target.IsV6 ? Libc.IPPROTO_IPV6 : Libc.IPPROTO_IP;
        byte[] request = new byte[SourceRequestSize];
        BitConverter.TryWriteBytes(request, target.InterfaceIndex);
        WriteAddress(target.EndPoint, request.AsSpan(GroupOffset));
        foreach (IPAddress sender in target.Senders)
        {
            WriteAddress(new IPEndPoint(sender, 0), request.AsSpan(SourceOffset));
            int error = Set(fd, level, Libc.MCAST_JOIN_SOURCE_GROUP, request);
            if (error != 0)
            {
                return error;
            }
        }

        return 0;
    }

    /// <summary>struct ip_mreqn</summary>
    private static byte[] RequestV4(IPAddress group, IPAddress address, int index) =>
        [.. group.GetAddressBytes(), .. address.GetAddressBytes(), .. BitConverter.GetBytes(index)];

    private static byte[] RequestV4(UdpTarget target) =>
        RequestV4(target.EndPoint.Address, target.InterfaceAddress ?? IPAddress.Any, target.InterfaceIndex);

    /// <summary>struct ipv6_mreq</summary>
    private static byte[] RequestV6(UdpTarget target, int index) =>
        [.. target.EndPoint.Address.GetAddressBytes(), .. BitConverter.GetBytes(index)];

    private static void WriteAddress(IPEndPoint endPoint, Span<byte> bytes)
    {
        SocketAddress address = endPoint.Serialize();
        address.Buffer.Span[..address.Size].CopyTo(bytes);
    }

    private static int Set(int fd, int level, int option, int value) => Set(fd, level, option, BitConverter.GetBytes(value));

    private static int Set(int fd, int level, int option, ReadOnlySpan<byte> value)
    {
        fixed (byte* first = value)
        {
            return Libc.setsockopt(fd, level, option, first, (uint)value.Length) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
    }
}
