// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net.Sockets;
using Spead2.Bindings;
using Spead2.Managed;
using Spead2.Send;

namespace Spead2.Aot;

/// <summary>Options of UDP writers: their rules, and what the engine makes of them.</summary>
internal static unsafe class UdpWriterReader
{
    /// <summary>What messages call the options.</summary>
    public static readonly UdpWriterNames Names = new(
        Options + ".",
        "destinations",
        "bind_host",
        "interface_address",
        "interface_index",
        "dscp",
        NameOf);

    private const string Options = nameof(sp2_udp_writer_options);
    private const int LargestPort = 65535;

    /// <summary>
    /// Options for the engine. If they have a socket, it is a duplicate of the caller's socket.
    /// </summary>
    /// <exception cref="Spead2Exception">A value breaks its rule.</exception>
    public static UdpWriterOptions Read(sp2_udp_writer_options* caller)
    {
        sp2_udp_writer_options options = Sized.Read(caller, Options);
        CheckNumbers(options);
        bool existing = (options.flags & (uint)sp2_udp_writer_flags.SP2_UDP_WRITER_EXISTING_SOCKET) != 0;
        UdpWriterOptions known = new()
        {
            BindHost = Utf8.TextUnlessEmpty(options.bind_host),
            TimeToLive = (int)options.ttl,
            InterfaceAddress = Utf8.TextUnlessEmpty(options.interface_address),
            InterfaceIndex = (int)Math.Min(options.interface_index, int.MaxValue),
            MulticastLoopback = (options.flags & (uint)sp2_udp_writer_flags.SP2_UDP_WRITER_NO_LOOP) == 0,
            Segmentation = (options.flags & (uint)sp2_udp_writer_flags.SP2_UDP_WRITER_NO_SEGMENTATION) == 0,
            Dscp = (int)options.dscp,
            BufferSize = options.buffer_size switch
            {
                0 => null,
                NativeMethods.SP2_UDP_BUFFER_SIZE_OS => 0,
                ulong size => (long)Math.Min(size, long.MaxValue),
            },
        };
        if (!existing && options.socket != 0)
        {
            throw Failure.Argument(
                $"{Options}.socket is {options.socket}, but flags lacks SP2_UDP_WRITER_EXISTING_SOCKET, without which it is " +
                "not used");
        }

        Socket? socket = existing ? UdpOptions.Duplicate(Options, options.socket) : null;
        known.Socket = socket;
        try
        {
            if (existing)
            {
                CheckUnused(known);
            }

            known.Destinations = ReadDestinations(options);
            CheckInterfaces(known);
            return known;
        }
        catch
        {
            socket?.Dispose();
            throw;
        }
    }

    private static void CheckNumbers(in sp2_udp_writer_options options)
    {
        const sp2_udp_writer_flags All = sp2_udp_writer_flags.SP2_UDP_WRITER_EXISTING_SOCKET |
            sp2_udp_writer_flags.SP2_UDP_WRITER_NO_SEGMENTATION | sp2_udp_writer_flags.SP2_UDP_WRITER_NO_LOOP;
        uint unknown = options.flags & ~(uint)All;
        if (unknown != 0)
        {
            throw Failure.UnknownFlags(Options, unknown);
        }

        if (options.destinations is null
            || options.destination_count is 0 or > NativeMethods.SP2_UDP_WRITER_MAX_DESTINATIONS)
        {
            throw Failure.Argument(
                $"{Options}.destination_count is {options.destination_count}; a writer has 1 to " +
                $"{NativeMethods.SP2_UDP_WRITER_MAX_DESTINATIONS} destinations");
        }

        if (options.ttl > UdpWriterOptions.LargestTimeToLive || options.dscp > UdpWriterOptions.LargestDscp)
        {
            throw Failure.Argument(
                $"{Options}.ttl is {options.ttl} and dscp {options.dscp}; they may be at most " +
                $"{UdpWriterOptions.LargestTimeToLive} and {UdpWriterOptions.LargestDscp}");
        }
    }

    private static UdpDestination[] ReadDestinations(in sp2_udp_writer_options options)
    {
        UdpDestination[] destinations = new UdpDestination[options.destination_count];
        for (int i = 0; i < destinations.Length; i++)
        {
            sp2_udp_destination destination = options.destinations[i];
            if (destination.host is null || destination.port is 0 or > LargestPort || destination.reserved != 0)
            {
                throw Failure.Argument(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Options}.destinations[{i}] needs a host and a port from 1 to {LargestPort} (it has {destination.port})"));
            }

            destinations[i] = new(Utf8.Text(destination.host), (int)destination.port);
        }

        return destinations;
    }

    /// <summary>A user-supplied socket is used as it is, so that nothing may be asked for.</summary>
    private static void CheckUnused(UdpWriterOptions options)
    {
        string? field = options.GroupOption is { } option ? NameOf(option)
            : options.BindHost is not null ? "bind_host"
            : options.Dscp != 0 ? "dscp"
            : options.BufferSize is not null ? "buffer_size"
            : null;
        if (field is not null)
        {
            throw Failure.Argument(
                $"{Options}.{field} is set, but an existing socket is used as it is; leave the field at its default");
        }
    }

    private static void CheckInterfaces(UdpWriterOptions options)
    {
        if (options.InterfaceIndex != 0 && options.InterfaceAddress is not null)
        {
            throw Failure.Argument(
                $"{Options}.interface_index and interface_address are both set, but only one of them may be: each of them " +
                "names the interface");
        }
    }

    private static string NameOf(string option) => option switch
    {
        nameof(UdpWriterOptions.TimeToLive) => "ttl",
        nameof(UdpWriterOptions.InterfaceIndex) => "interface_index",
        nameof(UdpWriterOptions.InterfaceAddress) => "interface_address",
        _ => "flags (SP2_UDP_WRITER_NO_LOOP)",
    };
}
