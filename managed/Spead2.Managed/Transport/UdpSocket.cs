// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Spead2.Managed.Linux;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>Opens the sockets of UDP sources.</summary>
internal sealed class UdpSocket
{
    // ENOMEM of Unix systems.
    private const int NoMemory = 12;

    private readonly UdpSourceOptions _options;
    private readonly UdpFieldNames _names;
    private readonly EngineLog _log;
    private UdpTarget _target;
    private PortShare _share;
    private bool _shares;

    private UdpSocket(UdpSourceOptions options, UdpTarget target, UdpFieldNames names, EngineLog log)
    {
        _options = options;
        _target = target;
        _names = names;
        _log = log;
    }

    /// <summary>A socket that is bound as the options say, which must be valid; the caller owns it.</summary>
    /// <param name="options">Options.</param>
    /// <param name="names">What messages call the options.</param>
    /// <param name="log">Receives warnings.</param>
    /// <param name="target">What it is for; null if it was bound before.</param>
    /// <exception cref="Spead2Exception">For example the port is in use or the host name is unknown.</exception>
    public static Socket Open(UdpSourceOptions options, UdpFieldNames names, EngineLog log, out UdpTarget? target) =>
        Open(options, names, log, default, out target, out _);

    /// <inheritdoc cref="Open(UdpSourceOptions, UdpFieldNames, EngineLog, out UdpTarget?)"/>
    /// <param name="options">Options.</param>
    /// <param name="names">What messages call the options.</param>
    /// <param name="log">Receives warnings.</param>
    /// <param name="share">The sockets that are to share the port.</param>
    /// <param name="target">What it is for; null if it was bound before.</param>
    /// <param name="shares">Whether the others can be opened, too.</param>
    public static Socket Open(
        UdpSourceOptions options,
        UdpFieldNames names,
        EngineLog log,
        PortShare share,
        out UdpTarget? target,
        out bool shares)
    {
        target = null;
        shares = false;
        UdpSocket socket;
        if (options.Socket.ToSocket() is not { } existing)
        {
            socket = new(options, UdpTarget.Of(options, null, names), names, log) { _share = share };
            Socket opened = socket.Prepare(socket.New());
            target = socket._target;
            shares = socket._shares;
            return opened;
        }

        Socket duplicate = SocketDuplicate.Of(existing);
        if (IsBound(existing))
        {
            return duplicate;
        }

        try
        {
            socket = new(options, UdpTarget.Of(options, existing.AddressFamily, names), names, log);
        }
        catch
        {
            duplicate.Dispose();
            throw;
        }

        socket.Prepare(duplicate);
        target = socket._target;
        return duplicate;
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
            if (_target.IsV6)
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
            if (_share.Members != 0)
            {
                Share(socket);
            }

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

    /// <summary>
    /// Lets other sockets share the port, before it is bound. Only the first of several may fail: it is the only one then.
    /// </summary>
    private void Share(Socket socket)
    {
        if (OperatingSystem.IsLinux())
        {
            _shares = _target.IsGroup
                ? PortFilter.TryFilter(socket, _share.Members, _share.Member)
                : PortFilter.TryShare(socket);
        }

        if (_shares && _target.IsGroup)
        {
            _target = _target with { Members = _share.Members, Member = _share.Member };
        }

        if (_share.Port != 0)
        {
            _target = _target with { EndPoint = new(_target.EndPoint.Address, _share.Port) };
        }

        if (!_shares && _share.Member != 0)
        {
            throw StatusException.Os(
                Text($"cannot share UDP port {_options.Port} of {Host}"), Marshal.GetLastPInvokeError());
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
            JoinOnLinux(socket);
            return;
        }

        if (_target.IsInterfaceNamed || _target.Senders.Count != 0)
        {
            string option = _target.IsInterfaceNamed ? _names.InterfaceName : _names.Senders;
            throw new Spead2Exception(
                $"{_names.Prefix}{option} is not supported by the managed port on this operating system",
                Spead2Status.NotSupported);
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

    [SupportedOSPlatform("linux")]
    private void JoinOnLinux(Socket socket)
    {
        int error = LinuxGroup.FindInterface(socket, ref _target);
        error = error != 0 ? error : LinuxGroup.Join(socket, _target);
        if (error == 0)
        {
            return;
        }

        string advice = error != Libc.ENOBUFS ? string.Empty
            : _target.Senders.Count == 0 ? "; the limit is `sysctl net.ipv4.igmp_max_memberships`"
            : _target.IsV6 ? "; the limit of senders is `sysctl net.ipv6.mld_max_msf`"
            : "; the limit of senders is `sysctl net.ipv4.igmp_max_msf`";
        string reason = error == Libc.EADDRINUSE
            ? "its owner has joined it there already, and for certain senders only"
            : Marshal.GetPInvokeErrorMessage(error);
        throw FailedToJoin(reason + advice, error);
    }

    private void JoinPortably(Socket socket)
    {
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        if (_target.IsV6)
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
                _target.InterfaceIndex != 0
                    ? new MulticastOption(_target.EndPoint.Address, _target.InterfaceIndex)
                    : new MulticastOption(_target.EndPoint.Address, _target.InterfaceAddress ?? IPAddress.Any));
        }
    }

    private Spead2Exception FailedToJoin(string error, int osCode) => StatusException.Os(
        Text(
            $"cannot join the multicast group {Host} on the interface {_target.GivenInterface ?? "that the system chooses"}: {error}"),
        osCode);

    private Spead2Exception Failed(string step, SocketException exception) =>
        exception.NativeErrorCode == NoMemory && !OperatingSystem.IsWindows()
            ? StatusException.NoMemory(Text($"UDP port {_options.Port} of {Host}"))
            : StatusException.Os(
                Text($"cannot {step} UDP port {_options.Port} of {Host}: {exception.Message}"),
                exception.NativeErrorCode);

    private static string Text(DefaultInterpolatedStringHandler text) =>
        string.Create(CultureInfo.InvariantCulture, ref text);
}
