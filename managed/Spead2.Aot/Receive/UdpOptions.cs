// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using Spead2.Bindings;
using Spead2.Managed;
using Spead2.Receive;

namespace Spead2.Aot;

/// <summary>Options of UDP sources: their rules, and what the engine makes of them.</summary>
internal static unsafe class UdpOptions
{
    /// <summary>What messages call the options.</summary>
    public static readonly UdpFieldNames Names = new(
        Options + ".",
        "bind_host",
        "group",
        "interface_address",
        "interface_index",
        "interface_name",
        "senders",
        "socket");

    private const string Options = nameof(sp2_udp_source_options);

    /// <summary>
    /// Options for the engine. If they have a socket, it is a duplicate of the caller's socket.
    /// </summary>
    /// <exception cref="Spead2Exception">A value breaks its rule.</exception>
    public static UdpSourceOptions Read(sp2_udp_source_options* caller)
    {
        sp2_udp_source_options options = Sized.Read(caller, Options);
        string? bindHost = Utf8.TextUnlessEmpty(options.bind_host);
        string? interfaceAddress = Utf8.TextUnlessEmpty(options.interface_address);
        string? interfaceName = Utf8.TextUnlessEmpty(options.interface_name);
        string? group = options.group is null ? null : Utf8.Text(options.group);
        CheckValues(options);
        Dialect? dialect = Dialects.Read(options.dialect);
        string[] senders = ReadSenders(options);
        CheckForm(bindHost, group, interfaceAddress, interfaceName, options);
        Socket? socket = null;
        if ((options.flags & (uint)sp2_udp_flags.SP2_UDP_EXISTING_SOCKET) != 0)
        {
            socket = Duplicate(Options, options.socket);
            try
            {
                CheckBound(socket, options, bindHost, group);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        return new()
        {
            Port = (int)options.port,
            BindHost = bindHost,
            Group = group,
            InterfaceAddress = interfaceAddress,
            InterfaceIndex = (int)Math.Min(options.interface_index, int.MaxValue),
            InterfaceName = interfaceName,
            Senders = senders,
            Socket = socket,
            Dialect = dialect,
            MaxSize = options.max_size == 0 ? UdpSourceOptions.DefaultMaxSize : (int)options.max_size,
            BufferSize = options.buffer_size switch
            {
                0 => null,
                NativeMethods.SP2_UDP_BUFFER_SIZE_OS => 0,
                ulong size => (long)Math.Min(size, long.MaxValue),
            },
        };
    }

    private static void CheckValues(in sp2_udp_source_options options)
    {
        uint unknown = options.flags & ~(uint)sp2_udp_flags.SP2_UDP_EXISTING_SOCKET;
        if (unknown != 0)
        {
            throw Failure.UnknownFlags(Options, unknown);
        }

        if (options.port > ushort.MaxValue)
        {
            throw Failure.Argument($"{Options}.port is {options.port}, but ports end at {ushort.MaxValue}");
        }

        if (options.max_size > UdpSourceOptions.LargestDatagram)
        {
            throw Failure.Argument(
                $"{Options}.max_size is {options.max_size}, but a datagram has at most " +
                $"{UdpSourceOptions.LargestDatagram} bytes");
        }

        if (options.socket != 0 && (options.flags & (uint)sp2_udp_flags.SP2_UDP_EXISTING_SOCKET) == 0)
        {
            throw Failure.Argument(
                $"{Options}.socket is {options.socket}, but flags lacks SP2_UDP_EXISTING_SOCKET, without which it is " +
                "not used");
        }
    }

    private static string[] ReadSenders(in sp2_udp_source_options options)
    {
        if (options.sender_count != 0 != options.senders is not null)
        {
            throw Failure.Argument(
                $"{Options}.sender_count is {options.sender_count}, but senders is " +
                $"{(options.senders is null ? "NULL" : "set")}; set both or none of them");
        }

        string[] senders = new string[options.sender_count];
        for (int i = 0; i < senders.Length; i++)
        {
            sbyte* sender = options.senders[i];
            senders[i] = Utf8.TextUnlessEmpty(sender) ?? throw Failure.Argument(
                $"{Options}.senders[{i}] is {(sender is null ? "NULL" : "an empty string")}; it must be the host name or " +
                "address of a sender");
        }

        return senders;
    }

    /// <summary>Of the two forms, options must be one.</summary>
    private static void CheckForm(
        string? bindHost,
        string? group,
        string? interfaceAddress,
        string? interfaceName,
        in sp2_udp_source_options options)
    {
        if (group is null)
        {
            CheckNoGroup(interfaceAddress, interfaceName, options);
            return;
        }

        if (group.Length == 0)
        {
            throw Failure.Argument($"{Options}.group is an empty string; it must be a multicast group, or NULL");
        }

        if (bindHost is not null)
        {
            throw Failure.Argument(
                $"{Options}.bind_host is \"{bindHost}\" and group is \"{group}\", but only one of them may be set: a " +
                "group is what is bound to");
        }

        string[] ways =
        [
            .. interfaceName is null ? (string[])[] : ["interface_name"],
            .. interfaceAddress is null ? (string[])[] : ["interface_address"],
            .. options.interface_index == 0 ? (string[])[] : ["interface_index"],
        ];
        if (ways.Length > 1)
        {
            throw Failure.Argument(
                $"{Options}.{ways[0]} and {ways[1]} are both set, but only one of them may be: each of them names the " +
                "interface");
        }
    }

    /// <summary>What only a group can have must not be set without one.</summary>
    private static void CheckNoGroup(
        string? interfaceAddress, string? interfaceName, in sp2_udp_source_options options)
    {
        (string Field, string Value)? asked =
            interfaceAddress is not null ? ("interface_address", interfaceAddress)
            : interfaceName is not null ? ("interface_name", interfaceName)
            : options.interface_index != 0 ? ("interface_index", $"{options.interface_index}")
            : null;
        if (asked is { } wrong)
        {
            throw Failure.Argument(
                $"{Options}.{wrong.Field} is \"{wrong.Value}\", but there is no group to join on it; set group, or use " +
                "bind_host to receive what is sent to one address");
        }

        if (options.sender_count != 0)
        {
            throw Failure.Argument(
                $"{Options}.sender_count is {options.sender_count}, but there is no group to join for these senders; set " +
                "group");
        }
    }

    /// <summary>A duplicate of a user-supplied UDP socket.</summary>
    /// <exception cref="Spead2Exception">It is none.</exception>
    public static Socket Duplicate(string options, long value)
    {
        Socket socket = DuplicateAny(options, value);
        if (socket.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6 &&
            socket.SocketType == SocketType.Dgram && socket.ProtocolType == ProtocolType.Udp)
        {
            return socket;
        }

        socket.Dispose();
        throw Failure.Argument(
            $"{options}.socket is {value}, which is a socket, but not one for UDP over IPv4 or IPv6");
    }

    /// <summary>A duplicate of a user-supplied socket of any kind.</summary>
    /// <exception cref="Spead2Exception">It is none.</exception>
    public static Socket DuplicateAny(string options, long value)
    {
        try
        {
            return SocketDuplicate.OfHandle(value);
        }
        catch (Spead2Exception exception)
        {
            throw StatusException.Argument(
                $"{options}.socket is {value}, which is no open socket: {exception.Message}", exception.OsCode);
        }
    }

    /// <summary>A socket that is bound is used as it is, so that nothing may be asked for.</summary>
    private static void CheckBound(Socket socket, in sp2_udp_source_options options, string? bindHost, string? group)
    {
        if (!UdpSocket.IsBound(socket))
        {
            return;
        }

        int port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        (string Field, string Value)? asked =
            bindHost is not null ? ("bind_host", bindHost)
            : group is not null ? ("group", group)
            : options.buffer_size != 0 ? ("buffer_size", $"{options.buffer_size}")
            : options.port != 0 && options.port != port ? ("port", $"{options.port}")
            : null;
        if (asked is { } wrong)
        {
            throw Failure.Argument(
                $"{Options}.{wrong.Field} is {wrong.Value}, but the socket is bound to port {port} already and used as " +
                "it is; leave the field at its default, or hand in a socket that is not bound");
        }
    }
}
