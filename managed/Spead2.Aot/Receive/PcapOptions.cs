// SPDX-License-Identifier: MIT

using Spead2.Bindings;
using Spead2.Managed;
using Spead2.Receive;

namespace Spead2.Aot;

/// <summary>Options of sources of captures: their rules, and what the engine makes of them.</summary>
internal static unsafe class PcapOptions
{
    /// <summary>What messages call the name of the file.</summary>
    public const string Path = $"{Options}.{nameof(sp2_pcap_source_options.path)}";

    private const string Options = nameof(sp2_pcap_source_options);

    private const uint KnownFlags = (uint)sp2_pcap_flags.SP2_PCAP_OUTGOING;

    /// <summary>Options for the engine.</summary>
    /// <exception cref="Spead2Exception">A value breaks its rule.</exception>
    public static PcapSourceOptions Read(sp2_pcap_source_options* caller)
    {
        sp2_pcap_source_options options = Sized.Read(caller, Options);
        string? path = Utf8.TextUnlessEmpty(options.path);
        string? address = Utf8.TextUnlessEmpty(options.address);
        CheckValues(options, path);
        if (address is not null && PcapSourceOptions.ParseAddress(address) is null)
        {
            throw StatusException.Address(
                $"{Options}.address is \"{address}\", which is no IPv4 or IPv6 address");
        }

        return new()
        {
            Path = path,
            Address = address,
            Port = (int)options.port,
            Outgoing = (options.flags & (uint)sp2_pcap_flags.SP2_PCAP_OUTGOING) != 0,
            Dialect = Dialects.Read(options.dialect),
        };
    }

    private static void CheckValues(in sp2_pcap_source_options options, string? path)
    {
        if ((options.flags & ~KnownFlags) != 0)
        {
            throw Failure.UnknownFlags(Options, options.flags & ~KnownFlags);
        }

        if (options.reserved != 0)
        {
            throw Failure.Reserved(Options, options.reserved);
        }

        if (path is null)
        {
            throw Failure.Argument($"{Path} must be set, to say what to read");
        }

        if (options.port > ushort.MaxValue)
        {
            throw Failure.Argument($"{Options}.port is {options.port}, but ports end at {ushort.MaxValue}");
        }
    }
}
