// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>What threads wait with and sockets are read with.</summary>
internal enum IoBackend
{
    /// <summary>Sockets of .NET, on every operating system.</summary>
    Sockets,

    /// <summary>epoll and recvmmsg of Linux.</summary>
    Epoll,
}
