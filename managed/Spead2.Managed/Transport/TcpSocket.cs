// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Spead2.Managed.Linux;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>A socket of a TCP source that has been opened.</summary>
/// <param name="Descriptor">The socket, which the caller closes.</param>
/// <param name="Progress">How far its connection is.</param>
/// <param name="Place">What is listened at or connected to, for messages.</param>
internal sealed record TcpSocket(int Descriptor, TcpProgress Progress, string Place)
{
    /// <summary>Opens a socket that listens or is being connected, or duplicates the user's.</summary>
    /// <param name="options">Valid options.</param>
    /// <param name="prefix">What comes before the names of options in messages.</param>
    /// <param name="log">Receives warnings.</param>
    /// <exception cref="Spead2Exception">For example the port is in use or the host name is unknown.</exception>
    public static TcpSocket Open(TcpSourceOptions options, string prefix, EngineLog log)
    {
        if (options.Socket.ToSocket() is { } existing)
        {
            return Adopt(existing, options.Reaccept);
        }

        string option = prefix.Length == 0 ? nameof(options.Host) : $"{prefix}host";
        IPAddress host = options.GivenHost is null
            ? IPAddress.Any
            : UdpTarget.Resolve(option, options.GivenHost, null, string.Empty);
        IPEndPoint address = new(host, options.Port);
        int error = LinuxTcpSocket.Open(address, out int fd);
        if (error != 0)
        {
            throw Failed(options, error, "open a socket for");
        }

        try
        {
            return Prepare(fd, address, options, log);
        }
        catch
        {
            _ = Libc.close(fd);
            throw;
        }
    }

    /// <summary>Whether a source can receive from a socket.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="listens">Whether it listens; else it is connected.</param>
    public static bool IsUsable(Socket socket, out bool listens)
    {
        int fd = (int)socket.Handle;
        listens = LinuxTcpSocket.Listens(fd);
        return socket.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6 &&
            socket.ProtocolType == ProtocolType.Tcp && (listens || LinuxTcpSocket.PeerOf(fd) is not null);
    }

    private static TcpSocket Prepare(int fd, IPEndPoint address, TcpSourceOptions options, EngineLog log)
    {
        if (options.BufferSize is { } size && LinuxTcpSocket.SetBuffer(fd, size) is int refused and not 0)
        {
            log.Write(
                MessageKind.Socket,
                LogLevel.Warning,
                (size, refused),
                static x => Text(
                    $"cannot set a socket buffer of {x.size} bytes: {Marshal.GetPInvokeErrorMessage(x.refused)}"));
        }

        if (options.Connect)
        {
            int failed = LinuxTcpSocket.Connect(fd, address);
            return failed == 0
                ? new(fd, TcpProgress.Connecting, NameOf(options.Port, options.GivenHost!))
                : throw Failed(options, failed, "connect to");
        }

        int error = LinuxTcpSocket.Bind(fd, address);
        if (error != 0)
        {
            throw Failed(options, error, "bind to");
        }

        error = LinuxTcpSocket.Listen(fd);
        return error == 0
            ? new(fd, TcpProgress.Listening, PlaceOf(fd, options.GivenHost))
            : throw Failed(options, error, "listen at");
    }

    /// <exception cref="Spead2Exception">The socket neither listens nor is connected.</exception>
    private static TcpSocket Adopt(Socket existing, bool reaccepts)
    {
        CheckUsable(existing, reaccepts);
        SafeSocketHandle handle = existing.SafeHandle;
        bool held = false;
        try
        {
            handle.DangerousAddRef(ref held);
            int socket = (int)handle.DangerousGetHandle();
            int error = LinuxTcpSocket.Duplicate(socket, out int fd);
            if (error == 0)
            {
                return new(
                    fd,
                    LinuxTcpSocket.Listens(fd) ? TcpProgress.Listening : TcpProgress.Connected,
                    PlaceOf(fd, host: null));
            }

            if (fd >= 0)
            {
                _ = Libc.close(fd);
            }

            throw StatusException.Os(
                $"cannot duplicate the socket: {Marshal.GetPInvokeErrorMessage(error)}", error);
        }
        finally
        {
            if (held)
            {
                handle.DangerousRelease();
            }
        }
    }

    /// <exception cref="Spead2Exception">The socket is not one for the source.</exception>
    private static void CheckUsable(Socket existing, bool reaccepts)
    {
        if (!IsUsable(existing, out bool listens))
        {
            throw StatusException.Argument("the socket is not one for TCP that listens or is connected");
        }

        if (reaccepts && !listens)
        {
            throw StatusException.Argument(
                "a source that reaccepts needs a socket that listens, but this one is connected and does not listen");
        }
    }

    private static string PlaceOf(int fd, string? host)
    {
        IPEndPoint? local = LinuxTcpSocket.LocalOf(fd);
        return NameOf(local?.Port ?? 0, host ?? local?.Address.ToString() ?? string.Empty);
    }

    private static string NameOf(int port, string host) => Text($"TCP port {port} of {host}");

    private static Spead2Exception Failed(TcpSourceOptions options, int error, string step) =>
        error == Libc.ENOMEM
            ? StatusException.NoMemory(Text($"TCP port {options.Port} of {options.GivenHost ?? "any address"}"))
            : StatusException.Os(
                Text(
                    $"cannot {step} TCP port {options.Port} of {options.GivenHost ?? "any address"}: {Marshal.GetPInvokeErrorMessage(error)}"),
                error);

    private static string Text(DefaultInterpolatedStringHandler text) =>
        string.Create(CultureInfo.InvariantCulture, ref text);
}
