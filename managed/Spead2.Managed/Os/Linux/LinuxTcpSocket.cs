// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Spead2.Managed.Linux;

/// <summary>TCP sockets by their descriptors, which never wait. All steps give errno, or 0.</summary>
internal static unsafe class LinuxTcpSocket
{
    // Connections that wait to be accepted; the kernel refuses to keep more.
    private const int Backlog = 16;

    // struct sockaddr_in6, the longer of the two.
    private const int AddressSize = 28;

    /// <summary>What became of an attempt that does not wait.</summary>
    internal enum Outcome
    {
        Done,

        /// <summary>Nothing is there yet.</summary>
        Nothing,

        /// <summary>An error of one connection that had not been accepted.</summary>
        Hiccup,

        /// <summary>An error that goes away: of memory, of descriptors.</summary>
        Shortage,

        /// <summary>An error for good.</summary>
        Failed,
    }

    /// <summary>Opens a socket for an address.</summary>
    public static int Open(IPEndPoint address, out int fd)
    {
        int family = address.AddressFamily == AddressFamily.InterNetworkV6 ? Libc.AF_INET6 : Libc.AF_INET;
        fd = Libc.socket(family, Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK, Libc.IPPROTO_TCP);
        return fd >= 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    /// <summary>Sets the socket's buffer; before a connection is made: it says how much may be on its way.</summary>
    public static int SetBuffer(int fd, long size) =>
        SetOption(fd, Libc.SO_RCVBUF, (int)Math.Min(size, int.MaxValue / 2));

    /// <summary>Binds the socket.</summary>
    public static int Bind(int fd, IPEndPoint address)
    {
        // So that a port can be listened at whose last connections the kernel still remembers.
        int error = SetOption(fd, Libc.SO_REUSEADDR, 1);
        if (error != 0)
        {
            return error;
        }

        SocketAddress name = address.Serialize();
        fixed (byte* bytes = name.Buffer.Span)
        {
            return Libc.bind(fd, bytes, (uint)name.Size) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>Has a bound socket listen.</summary>
    public static int Listen(int fd) => Libc.listen(fd, Backlog) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Begins to connect.</summary>
    public static int Connect(int fd, IPEndPoint address)
    {
        SocketAddress name = address.Serialize();
        fixed (byte* bytes = name.Buffer.Span)
        {
            int error = Libc.connect(fd, bytes, (uint)name.Size) == 0 ? 0 : Marshal.GetLastPInvokeError();
            return error is Libc.EINPROGRESS or Libc.EINTR ? 0 : error;
        }
    }

    /// <summary>A duplicate of a socket, which does not wait for connections.</summary>
    public static int Duplicate(int socket, out int fd)
    {
        fd = Libc.fcntl(socket, Libc.F_DUPFD_CLOEXEC, 0);
        if (fd < 0)
        {
            return Marshal.GetLastPInvokeError();
        }

        int flags = Libc.fcntl(fd, Libc.F_GETFL, 0);
        return !Listens(fd) || Libc.fcntl(fd, Libc.F_SETFL, flags | Libc.O_NONBLOCK) == 0
            ? 0
            : Marshal.GetLastPInvokeError();
    }

    /// <summary>Whether a socket listens.</summary>
    public static bool Listens(int fd)
    {
        int listens = 0;
        uint length = sizeof(int);
        return Libc.getsockopt(fd, Libc.SOL_SOCKET, Libc.SO_ACCEPTCONN, &listens, &length) == 0 && listens == 1;
    }

    /// <summary>Where a socket is bound; null if it says nothing.</summary>
    public static IPEndPoint? LocalOf(int fd) => EndPointOf(fd, isPeer: false);

    /// <summary>The other end of a connection; null if there is none.</summary>
    public static IPEndPoint? PeerOf(int fd) => EndPointOf(fd, isPeer: true);

    /// <summary>Takes the next connection.</summary>
    public static Outcome Accept(int listener, out int connection, out int error)
    {
        do
        {
            connection = Libc.accept4(listener, null, null, Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK);
            error = connection >= 0 ? 0 : Marshal.GetLastPInvokeError();
        }
        while (error == Libc.EINTR);
        return error switch
        {
            0 => Outcome.Done,

            // Of these the system says that they are the connection's, and that accept is to be called again.
            Libc.ECONNABORTED or Libc.EPERM or Libc.EPROTO or Libc.ENETDOWN or Libc.ENETUNREACH or Libc.EHOSTDOWN
                or Libc.EHOSTUNREACH or Libc.ENONET or Libc.ETIMEDOUT => Outcome.Hiccup,
            _ => OutcomeOf(error),
        };
    }

    /// <summary>Whether a connection has been made, or has failed.</summary>
    public static Outcome FinishConnect(int fd, out int error)
    {
        int value = 0;
        uint length = sizeof(int);
        error = Libc.getsockopt(fd, Libc.SOL_SOCKET, Libc.SO_ERROR, &value, &length) == 0
            ? value
            : Marshal.GetLastPInvokeError();
        return error != 0 ? Outcome.Failed : PeerOf(fd) is not null ? Outcome.Done : Outcome.Nothing;
    }

    /// <summary>Takes bytes that have arrived; none, and it is done: the peer has closed.</summary>
    public static Outcome Receive(int fd, byte* bytes, int room, out int received, out int error)
    {
        nint count;
        do
        {
            count = Libc.recv(fd, bytes, (nuint)room, Libc.MSG_DONTWAIT);
            error = count >= 0 ? 0 : Marshal.GetLastPInvokeError();
        }
        while (error == Libc.EINTR);
        received = (int)Math.Max(count, 0);
        return error == 0 ? Outcome.Done : OutcomeOf(error);
    }

    private static Outcome OutcomeOf(int error) => error switch
    {
        Libc.EAGAIN => Outcome.Nothing,
        Libc.EMFILE or Libc.ENFILE or Libc.ENOBUFS or Libc.ENOMEM => Outcome.Shortage,
        _ => Outcome.Failed,
    };

    private static int SetOption(int fd, int option, int value) =>
        Libc.setsockopt(fd, Libc.SOL_SOCKET, option, &value, sizeof(int)) == 0 ? 0 : Marshal.GetLastPInvokeError();

    private static IPEndPoint? EndPointOf(int fd, bool isPeer)
    {
        byte* bytes = stackalloc byte[AddressSize];
        uint length = AddressSize;
        int result = isPeer ? Libc.getpeername(fd, bytes, &length) : Libc.getsockname(fd, bytes, &length);
        AddressFamily family = *(ushort*)bytes == Libc.AF_INET6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
        if (result != 0)
        {
            return null;
        }

        SocketAddress name = new(family, (int)length);
        new ReadOnlySpan<byte>(bytes, (int)length).CopyTo(name.Buffer.Span);
        IPAddress any = family == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any;
        return (IPEndPoint)new IPEndPoint(any, 0).Create(name);
    }
}
