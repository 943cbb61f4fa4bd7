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

    /// <summary>The index of the interface with an IPv4 address; 0 if there is none.</summary>
    public static int FindIndex(int socket, IPAddress address)
    {
        Libc.InterfaceAddress* all;
        if (Libc.getifaddrs(&all) != 0)
        {
            return 0;
        }

        string? name = null;
        for (Libc.InterfaceAddress* one = all; one is not null && name is null; one = one->Next)
        {
            if (one->Address is not null && *(ushort*)one->Address == Libc.AF_INET &&
                new IPAddress(new ReadOnlySpan<byte>(one->Address + sizeof(uint), sizeof(uint))).Equals(address))
            {
                // A second address may be labelled, as in "eth0:1".
                name = Text(one->Name).Split(':')[0];
            }
        }

        Libc.freeifaddrs(all);
        return name is not null && FindIndex(socket, name, out int index) == 0 ? index : 0;
    }

    private static string Text(byte* name) =>
        Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name));
}
