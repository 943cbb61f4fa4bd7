// SPDX-License-Identifier: MIT

using System.Net.Sockets;
using Spead2.Bindings;
using Spead2.Managed;
using Spead2.Receive;

namespace Spead2.Aot;

/// <summary>Options of TCP sources: their rules, and what the engine makes of them.</summary>
internal static unsafe class TcpOptions
{
    /// <summary>What messages have before the names of options.</summary>
    public const string Prefix = Options + ".";

    private const string Options = nameof(sp2_tcp_source_options);

    private const uint KnownFlags = (uint)(sp2_tcp_flags.SP2_TCP_EXISTING_SOCKET | sp2_tcp_flags.SP2_TCP_CONNECT |
        sp2_tcp_flags.SP2_TCP_REACCEPT);

    /// <summary>
    /// Options for the engine. If they have a socket, it is a duplicate of the caller's socket.
    /// </summary>
    /// <exception cref="Spead2Exception">A value breaks its rule.</exception>
    public static TcpSourceOptions Read(sp2_tcp_source_options* caller)
    {
        sp2_tcp_source_options options = Sized.Read(caller, Options);
        string? host = Utf8.TextUnlessEmpty(options.host);
        CheckValues(options);
        CheckConnect(options, host);
        return new()
        {
            Port = (int)options.port,
            Host = host,
            Connect = Has(options, sp2_tcp_flags.SP2_TCP_CONNECT),
            Reaccept = Has(options, sp2_tcp_flags.SP2_TCP_REACCEPT),
            Socket = Has(options, sp2_tcp_flags.SP2_TCP_EXISTING_SOCKET) ? ReadSocket(options, host) : null,
            MaxSize = options.max_size == 0 ? TcpSourceOptions.DefaultMaxSize : (int)options.max_size,
            BufferSize = options.buffer_size == 0 ? null : (long)Math.Min(options.buffer_size, long.MaxValue),
        };
    }

    private static bool Has(in sp2_tcp_source_options options, sp2_tcp_flags flag) => (options.flags & (uint)flag) != 0;

    private static void CheckValues(in sp2_tcp_source_options options)
    {
        if ((options.flags & ~KnownFlags) != 0)
        {
            throw Failure.UnknownFlags(Options, options.flags & ~KnownFlags);
        }

        if (options.port > ushort.MaxValue)
        {
            throw Failure.Argument($"{Options}.port is {options.port}, but ports end at {ushort.MaxValue}");
        }

        if (options.max_size > TcpSourceOptions.LargestPacket)
        {
            throw Failure.Argument(
                $"{Options}.max_size is {options.max_size}, but must be at most {TcpSourceOptions.LargestPacket}");
        }

        if (options.socket != 0 && !Has(options, sp2_tcp_flags.SP2_TCP_EXISTING_SOCKET))
        {
            throw Failure.Argument(
                $"{Options}.socket is {options.socket}, but flags lacks SP2_TCP_EXISTING_SOCKET, without which it is " +
                "not used");
        }
    }

    private static void CheckConnect(in sp2_tcp_source_options options, string? host)
    {
        if (!Has(options, sp2_tcp_flags.SP2_TCP_CONNECT))
        {
            return;
        }

        string? other = Has(options, sp2_tcp_flags.SP2_TCP_REACCEPT) ? nameof(sp2_tcp_flags.SP2_TCP_REACCEPT)
            : Has(options, sp2_tcp_flags.SP2_TCP_EXISTING_SOCKET) ? nameof(sp2_tcp_flags.SP2_TCP_EXISTING_SOCKET)
            : null;
        if (other is not null)
        {
            throw Failure.Argument(
                $"{Options}.flags has SP2_TCP_CONNECT and {other}, but only one of them may be set");
        }

        if (host is null || options.port == 0)
        {
            throw Failure.Argument(
                $"{Options}.{(host is null ? "host" : "port")} must be set with SP2_TCP_CONNECT, to say what to connect to");
        }
    }

    /// <summary>A user's socket is used as it is, so that nothing may be asked for.</summary>
    private static Socket ReadSocket(in sp2_tcp_source_options options, string? host)
    {
        string? field = host is not null ? "host" : options.port != 0 ? "port" : options.buffer_size != 0 ? "buffer_size" : null;
        if (field is not null)
        {
            throw Failure.Argument(
                $"{Options}.{field} must be left at its default with SP2_TCP_EXISTING_SOCKET: the socket is used as it is");
        }

        TcpSource.ThrowIfUnsupported();
        Socket socket = UdpOptions.DuplicateAny(Options, options.socket);
        try
        {
            CheckSocket(socket, options);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void CheckSocket(Socket socket, in sp2_tcp_source_options options)
    {
        if (!TcpSocket.IsUsable(socket, out bool listens))
        {
            throw Failure.Argument(
                $"{Options}.socket is {options.socket}, which is a socket, but not one for TCP that listens or is connected");
        }

        if (!listens && Has(options, sp2_tcp_flags.SP2_TCP_REACCEPT))
        {
            throw Failure.Argument(
                $"{Options}.flags has SP2_TCP_REACCEPT, but socket is connected and does not listen");
        }
    }
}
