// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Spead2.Managed.Linux;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>Opens the sockets of UDP readers.</summary>
internal sealed class UdpSocket
{
    // ENOMEM of Unix systems.
    private const int NoMemory = 12;

    private readonly UdpSourceOptions _options;
    private readonly UdpTarget _target;
    private readonly EngineLog _log;

    private UdpSocket(UdpSourceOptions options, UdpTarget target, EngineLog log)
    {
        _options = options;
        _target = target;
        _log = log;
    }

    /// <summary>A socket that is bound as the options say, which must be valid; the caller owns it.</summary>
    /// <exception cref="Spead2Exception">For example the port is in use or the host name is unknown.</exception>
    public static Socket Open(UdpSourceOptions options, UdpFieldNames names, EngineLog log)
    {
        if (options.Socket.ToSocket() is not { } existing)
        {
            UdpSocket socket = new(options, UdpTarget.Of(options, null, names), log);
            return socket.Prepare(socket.New());
        }

        Socket duplicate = SocketDuplicate.Of(existing);
        try
        {
            return IsBound(existing)
                ? duplicate
                : new UdpSocket(options, UdpTarget.Of(options, existing.AddressFamily, names), log).Prepare(duplicate);
        }
        catch
        {
            duplicate.Dispose();
            throw;
        }
    }

    /// <summary>Whether a socket has a port.</summary>
    public static bool IsBound(Socket socket) => socket.LocalEndPoint is IPEndPoint { Port: not 0 };

    /// <summary>What to call the place that the socket is for in messages.</summary>
    private string Host => _options.Group ?? _options.GivenBindHost ?? "any address";

    private Socket New()
    {
        try
        {
            Socket socket = new(_target.EndPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            if (_target.EndPoint.AddressFamily == AddressFamily.InterNetworkV6)
            {
                // As sockets are on most systems: one that is bound to any address also receives IPv4.
                socket.DualMode = true;
            }

            return socket;
        }
        catch (SocketException exception)
        {
            throw Failed("open a socket for", exception);
        }
    }

    /// <summary>Everything between opening and using a socket, which is closed on failure.</summary>
    private Socket Prepare(Socket socket)
    {
        try
        {
            SocketBuffer.Set(socket, _options.BufferSize, _log);
            if (_target.IsGroup)
            {
                Join(socket);
            }

            Bind(socket);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private void Bind(Socket socket)
    {
        try
        {
            socket.Bind(_target.BindEndPoint);
        }
        catch (SocketException exception)
        {
            throw Failed("bind to", exception);
        }
    }

    private void Join(Socket socket)
    {
        if (OperatingSystem.IsLinux())
        {
            int error = LinuxSocket.Join(socket, _target);
            if (error != 0)
            {
                throw FailedToJoin(Marshal.GetPInvokeErrorMessage(error), error);
            }

            return;
        }

        try
        {
            JoinPortably(socket);
        }
        catch (SocketException exception)
        {
            throw FailedToJoin(exception.Message, exception.NativeErrorCode);
        }
    }

    private void JoinPortably(Socket socket)
    {
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        if (_target.EndPoint.AddressFamily == AddressFamily.InterNetworkV6)
        {
            socket.SetSocketOption(
                SocketOptionLevel.IPv6,
                SocketOptionName.AddMembership,
                new IPv6MulticastOption(_target.EndPoint.Address, _target.InterfaceIndex));
        }
        else
        {
            socket.SetSocketOption(
                SocketOptionLevel.IP,
                SocketOptionName.AddMembership,
                new MulticastOption(_target.EndPoint.Address, _target.InterfaceAddress ?? IPAddress.Any));
        }
    }

    private Spead2Exception FailedToJoin(string error, int osCode) => StatusException.Os(
        Text($"cannot join the multicast group {Host} on the interface {Interface()}: {error}"), osCode);

    private string Interface() =>
        _target.InterfaceIndex != 0 ? _target.InterfaceIndex.ToString(CultureInfo.InvariantCulture)
        : _target.InterfaceAddress is null ? "that the system chooses"
        : _target.InterfaceAddress.ToString();

    private Spead2Exception Failed(string step, SocketException exception) =>
        exception.NativeErrorCode == NoMemory && !OperatingSystem.IsWindows()
            ? StatusException.NoMemory(Text($"UDP port {_options.Port} of {Host}"))
            : StatusException.Os(
                Text($"cannot {step} UDP port {_options.Port} of {Host}: {exception.Message}"),
                exception.NativeErrorCode);

    private static string Text(DefaultInterpolatedStringHandler text) =>
        string.Create(CultureInfo.InvariantCulture, ref text);
}
