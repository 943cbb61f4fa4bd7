// SPDX-License-Identifier: MIT

using System.Net;
using System.Runtime.InteropServices;
using System.Text;

namespace Spead2.Managed.Linux;

/// <summary>
/// Names and indices of network interfaces. A socket is asked itself, so that the answer is of its network namespace.
/// Errors are errno, or 0.
/// </summary>
internal static unsafe class LinuxInterfaces
{
    // struct ifreq: a name, and room for what is asked, an int at its start.
    private const int NameSize = 16;
    private const int RequestSize = 40;

    // Of struct sockaddr_in and sockaddr_in6.
    private const int AddressOffset = 4;
    private const int AddressV6Offset = 8;

    /// <summary>Finds the index of an interface.</summary>
    public static int FindIndex(int socket, string name, out int index)
    {
        byte* request = stackalloc byte[RequestSize];
        index = 0;
        new Span<byte>(request, RequestSize).Clear();
        if (Encoding.UTF8.GetByteCount(name) >= NameSize)
        {
            return Libc.ENODEV;
        }

        Encoding.UTF8.GetBytes(name, new Span<byte>(request, NameSize));
        if (Libc.ioctl(socket, Libc.SIOCGIFINDEX, request) != 0)
        {
            return Marshal.GetLastPInvokeError();
        }

        index = *(int*)(request + NameSize);
        return 0;
    }

    /// <summary>The name of an interface; null if there is none.</summary>
    public static string? FindName(int socket, int index)
    {
        byte* request = stackalloc byte[RequestSize];
        new Span<byte>(request, RequestSize).Clear();
        *(int*)(request + NameSize) = index;
        return Libc.ioctl(socket, Libc.SIOCGIFNAME, request) == 0 ? Text(request) : null;
    }

    /// <summary>Whether there is an interface of this name, and it is up.</summary>
    public static bool IsUp(int socket, string name)
    {
        byte* request = stackalloc byte[RequestSize];
        new Span<byte>(request, RequestSize).Clear();
        Encoding.UTF8.GetBytes(name, new Span<byte>(request, NameSize));
        return Libc.ioctl(socket, Libc.SIOCGIFFLAGS, request) == 0 && (*(short*)(request + NameSize) & Libc.IFF_UP) != 0;
    }

    /// <summary>The index of the interface with an IPv4 address; 0 if there is none.</summary>
    public static int FindIndex(int socket, IPAddress address) =>
        FindName(address) is { } name && FindIndex(socket, name, out int index) == 0 ? index : 0;

    /// <summary>
    /// The name of the interface with an address, in the network namespace of the calling thread; null if there is none.
    /// </summary>
    public static string? FindName(IPAddress address)
    {
        Libc.InterfaceAddress* all;
        if (Libc.getifaddrs(&all) != 0)
        {
            return null;
        }

        string? name = null;
        for (Libc.InterfaceAddress* one = all; one is not null && name is null; one = one->Next)
        {
            if (one->Address is not null && BytesOf(one->Address).SequenceEqual(address.GetAddressBytes()))
            {
                // A second address may be labelled, as in "eth0:1".
                name = Text(one->Name).Split(':')[0];
            }
        }

        Libc.freeifaddrs(all);
        return name;
    }

    /// <summary>The address in a <c>struct sockaddr</c>; empty for other families.</summary>
    private static ReadOnlySpan<byte> BytesOf(byte* address) => *(ushort*)address switch
    {
        Libc.AF_INET => new(address + AddressOffset, sizeof(uint)),
        Libc.AF_INET6 => new(address + AddressV6Offset, 2 * sizeof(ulong)),
        _ => [],
    };

    private static string Text(byte* name) =>
        Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name));
}
