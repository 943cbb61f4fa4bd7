// SPDX-License-Identifier: MIT

using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Spead2.Managed.Linux;

/// <summary>What the kernel counts of a socket.</summary>
internal static class SocketDrops
{
    /// <summary>Messages that were dropped since the socket was opened, modulo 2^32; null if the kernel does not say.</summary>
    public static uint? Read(Socket socket) => Read(socket, out _);

    /// <inheritdoc cref="Read(Socket)"/>
    /// <param name="socket">The socket.</param>
    /// <param name="isEmpty">Whether nothing waits in the socket.</param>
    public static uint? Read(Socket socket, out bool isEmpty)
    {
        isEmpty = false;
        Span<byte> info = stackalloc byte[Libc.SK_MEMINFO_VARS * sizeof(uint)];
        try
        {
            int length = socket.GetRawSocketOption(Libc.SOL_SOCKET, Libc.SO_MEMINFO, info);
            Span<uint> values = MemoryMarshal.Cast<byte, uint>(info);
            isEmpty = values[Libc.SK_MEMINFO_RMEM_ALLOC] == 0;
            return length > Libc.SK_MEMINFO_DROPS * sizeof(uint) ? values[Libc.SK_MEMINFO_DROPS] : null;
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
