// SPDX-License-Identifier: MIT

using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Spead2.Managed.Windows;

/// <summary>Duplicates sockets on Windows.</summary>
[SupportedOSPlatform("windows")]
internal static unsafe partial class WindowsSocket
{
    // Bytes of WSAPROTOCOL_INFOW.
    private const int ProtocolInformationSize = 628;

    /// <exception cref="Spead2Exception">The operating system refuses.</exception>
    public static Socket Duplicate(nint socket)
    {
        byte[] information = new byte[ProtocolInformationSize];
        int result;
        fixed (byte* first = information)
        {
            result = WSADuplicateSocketW(socket, (uint)Environment.ProcessId, first);
        }

        if (result != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            throw StatusException.Os(
                $"cannot duplicate the socket: {Marshal.GetPInvokeErrorMessage(error)}", error);
        }

        return new(new SocketInformation { ProtocolInformation = information });
    }

    [LibraryImport("ws2_32", SetLastError = true)]
    private static partial int WSADuplicateSocketW(nint socket, uint process, byte* information);
}
