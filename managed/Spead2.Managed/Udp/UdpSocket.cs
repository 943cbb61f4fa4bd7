// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>Opens the sockets of UDP readers.</summary>
internal static class UdpSocket
{
    /// <summary>A socket that is bound as the options say, which must be valid; the caller owns it.</summary>
    /// <exception cref="Spead2Exception">For example the port is in use or the host name is unknown.</exception>
    public static Socket Open(UdpReaderOptions options, EngineLog log)
    {
        if (options.Socket is { } existing)
        {
            Socket duplicate = SocketDuplicate.Of(existing);
            return existing.LocalEndPoint is null ? Prepare(duplicate, UdpTarget.Of(options), options, log) : duplicate;
        }

        UdpTarget target = UdpTarget.Of(options);
        return Prepare(NewSocket(target, options), target, options, log);
    }

    /// <summary>What to call the place that a socket is for in messages.</summary>
    private static string HostOf(UdpReaderOptions options) => options.Group ?? options.BindHost ?? "any address";

    private static Socket NewSocket(UdpTarget target, UdpReaderOptions options)
    {
        try
        {
            return new(target.EndPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        }
        catch (SocketException exception)
        {
            throw Failed("open a socket for", options, exception);
        }
    }

    /// <summary>Everything between opening and using a socket, which is closed on failure.</summary>
    private static Socket Prepare(Socket socket, UdpTarget target, UdpReaderOptions options, EngineLog log)
    {
        string step = "use a socket for";
        try
        {
            if (target.EndPoint.AddressFamily == AddressFamily.InterNetworkV6)
            {
                // As sockets are on most systems: one that is bound to any address also receives IPv4.
                socket.DualMode = true;
            }

            SocketBuffer.Set(socket, options.BufferSize, log);
            if (target.IsGroup)
            {
                step = "join the multicast group at";
                Join(socket, target);
            }

            step = "bind to";
            socket.Bind(target.BindEndPoint);
            return socket;
        }
        catch (SocketException exception)
        {
            socket.Dispose();
            throw Failed(step, options, exception);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void Join(Socket socket, UdpTarget target)
    {
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        IPAddress group = target.EndPoint.Address;
        if (group.AddressFamily == AddressFamily.InterNetworkV6)
        {
            socket.SetSocketOption(
                SocketOptionLevel.IPv6,
                SocketOptionName.AddMembership,
                new IPv6MulticastOption(group, target.InterfaceIndex));
        }
        else
        {
            socket.SetSocketOption(
                SocketOptionLevel.IP,
                SocketOptionName.AddMembership,
                new MulticastOption(group, target.InterfaceAddress ?? IPAddress.Any));
        }
    }

    private static Spead2Exception Failed(string step, UdpReaderOptions options, SocketException exception) =>
        StatusException.Os(
            string.Create(
                CultureInfo.InvariantCulture,
                $"cannot {step} UDP port {options.Port} of {HostOf(options)}: {exception.Message}"),
            exception.NativeErrorCode);
}
