// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Spead2.Send;
using Spead2.Tools.Items;
using Spead2.Tools.Output;
using Spead2.Tools.Send;

namespace Spead2.Tools.Commands;

/// <summary>The options of `spead2 send`.</summary>
internal sealed class SendCommand
{
    private const int LargestDatagram = 65507;
    private const int PacketSizeUnit = 8;
    private const double BytesPerGigabit = 1e9 / 8;

    private readonly Option<string> _udp = new("--udp")
    {
        HelpName = "HOST:PORT",
        Description = "Where to send to; an IPv6 address goes in brackets.",
        Required = true,
    };

    private readonly Option<long> _heaps = CommonOption.Heaps(byDefault: 1);

    private readonly Option<long> _heapSize = CommonOption.HeapSize();

    private readonly Option<bool> _items = new("--items")
    {
        Description = "Send items of several types with descriptors and known values instead of bytes: arrays of f4, "
            + "big-endian i2, 12-bit integers, complex numbers and booleans, a text, a record and an immediate. "
            + "'spead2 recv --items --verify' can check them; their descriptions say what the values are.",
    };

    private readonly Option<StreamPreset?> _preset = new("--preset")
    {
        HelpName = "NAME",
        Description = "Send heaps as telescopes do, with their identifiers, sizes and steps and without descriptors: "
            + string.Join(", ", StreamPreset.All.Select(preset => preset.Name))
            + ". The flavour is SPEAD-64-48, and each packet has all item pointers.",
        CustomParser = result =>
        {
            string name = result.Tokens[0].Value;
            StreamPreset? preset = StreamPreset.All.FirstOrDefault(preset => preset.Name == name);
            if (preset is null)
            {
                result.AddError(
                    $"--preset must be one of {string.Join(", ", StreamPreset.All.Select(preset => preset.Name))}, "
                    + $"not '{name}'.");
            }

            return preset;
        },
    };

    private readonly Option<string> _dialect = CommonOption.Dialect(
        "Break the rule of SPEAD that these senders break", "Each heap is one packet, as long as --packet-size "
        + "lets it be unless --heap-size or --preset says it. docs/dialects.md has them.");

    private readonly Option<long> _descriptorEvery = NumberOption.Whole(
        "--descriptor-every", "N", "With --items: send descriptors in every N-th heap; 0 in the first heap only.",
        0, 0, int.MaxValue);

    private readonly Option<long> _packetSize = NumberOption.Whole(
        "--packet-size", "BYTES", "Largest packet, rounded down to a multiple of 8.",
        PacketEncoder.DefaultMaxPacketSize, PacketEncoder.SmallestMaxPacketSize, LargestDatagram);

    private readonly Option<double> _rate = CommonOption.Rate(byDefault: 0);

    private readonly Option<long> _flavour = NumberOption.Whole(
        "--flavour", "A", "Heap address bits: 40 means SPEAD-64-40.",
        Flavour.DefaultAddressBits, Flavour.MinAddressBits, Flavour.MaxAddressBits);

    private readonly Option<bool> _noStop = new("--no-stop") { Description = "Send no stop item at the end." };

    private readonly Option<bool> _json = CommonOption.Json();

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var options = new SendCommand();
        var command = new Command("send", "Sends heaps of known content, which 'spead2 recv --verify' can check.");
        foreach (Option option in options.All)
        {
            command.Options.Add(option);
        }

        command.SetAction(parsed => new Sender(options.Read(parsed), terminal).Run());
        return command;
    }

    private IEnumerable<Option> All =>
    [
        _udp, _heaps, _heapSize, _items, _preset, _dialect, _descriptorEvery, _packetSize, _rate, _flavour, _noStop, _json,
    ];

    private SendSettings Read(ParseResult parsed)
    {
        StreamPreset? preset = parsed.GetValue(_preset);
        string? dialect = parsed.GetValue(_dialect);
        ThrowIfMisplaced(parsed, preset);
        int addressBits = preset is null ? (int)parsed.GetValue(_flavour) : PresetHeaps.AddressBits;
        int packetSize = (int)parsed.GetValue(_packetSize) / PacketSizeUnit * PacketSizeUnit;
        long heapSize = dialect is null || IsGiven(parsed, _heapSize)
            ? parsed.GetValue(_heapSize)
            : packetSize - SizeOfHead(dialect, items: 1);
        if (addressBits % 8 != 0)
        {
            throw new UserErrorException($"--flavour must be a multiple of 8, not {addressBits}.");
        }

        bool items = parsed.GetValue(_items);
        if (items && IsGiven(parsed, _heapSize))
        {
            throw new UserErrorException("--heap-size does not go with --items, whose heaps have a size of their own.");
        }

        if (!items && IsGiven(parsed, _descriptorEvery))
        {
            throw new UserErrorException("--descriptor-every goes with --items only.");
        }

        if (items && addressBits < ItemContent.LeastAddressBits)
        {
            throw new UserErrorException(
                $"--flavour {addressBits} has no room for the heaps of --items; "
                + $"at least {ItemContent.LeastAddressBits} will do.");
        }

        if (!items && preset is null && heapSize >> addressBits != 0)
        {
            throw new UserErrorException(
                $"--heap-size {heapSize} cannot be addressed with the {addressBits} bits of --flavour.");
        }

        if (HeapContent.DataId >> (63 - addressBits) != 0)
        {
            throw new UserErrorException(
                $"--flavour {addressBits} leaves too few bits for the item identifier 0x{HeapContent.DataId:x}; "
                + "at most 48 will do.");
        }

        var flavour = new Flavour(addressBits);
        PresetHeaps? presetHeaps = preset is null ? null : PresetHeaps.Of(preset);
        return new SendSettings
        {
            Destination = ReadDestination(parsed.GetRequiredValue(_udp)),
            Heaps = parsed.GetValue(_heaps),
            Source = presetHeaps is not null ? presetHeaps
                : items ? new ItemHeaps(flavour, (int)parsed.GetValue(_descriptorEvery))
                : new DataHeaps((int)heapSize, isHeapZero: dialect == "datagram-is-heap"),
            // The socket cuts bursts apart at this size, so it must be the one that packets really have.
            PacketSize = presetHeaps is not null && !IsGiven(parsed, _packetSize)
                ? SizeOfPacket(presetHeaps, dialect)
                : packetSize,
            BytesPerSecond = parsed.GetValue(_rate) * BytesPerGigabit,
            Flavour = flavour,
            Dialect = dialect,
            RepeatPointers = preset is not null,
            Stop = !parsed.GetValue(_noStop),
            Json = parsed.GetValue(_json),
        };
    }

    /// <summary>The size that a preset's packets have on the telescope.</summary>
    private static int SizeOfPacket(PresetHeaps heaps, string? dialect) =>
        SizeOfHead(dialect, heaps.ItemCount) + heaps.PacketPayload;

    /// <summary>Bytes of a packet in front of its payload.</summary>
    private static int SizeOfHead(string? dialect, int items)
    {
        int headerPointers = dialect switch
        {
            null or "datagram-is-heap" => 4,
            // Without the pointer to the payload.
            "ska-low-sps" => 1,
            _ => 2,
        };
        return PacketSizeUnit * (1 + headerPointers + items);
    }

    private void ThrowIfMisplaced(ParseResult parsed, StreamPreset? preset)
    {
        Option[] notWithPreset = [_items, _heapSize, _flavour];
        if (preset is not null && notWithPreset.FirstOrDefault(option => IsGiven(parsed, option)) is Option misplaced)
        {
            throw new UserErrorException($"{misplaced.Name} does not go with --preset, which says what is sent.");
        }

        if (parsed.GetValue(_dialect) is not null && parsed.GetValue(_items))
        {
            throw new UserErrorException("--items does not go with --dialect, whose heaps are one packet each.");
        }
    }

    private static bool IsGiven(ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };

    private static IPEndPoint ReadDestination(string text)
    {
        int colon = text.LastIndexOf(':');
        if (colon <= 0
            || !ushort.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
            || port == 0)
        {
            throw new UserErrorException($"--udp must be HOST:PORT with a port from 1 to 65535, not '{text}'.");
        }

        string host = text[..colon].Trim('[', ']');
        try
        {
            // A receiver that is not told otherwise listens on IPv4.
            IPAddress[] addresses = Dns.GetHostAddresses(host);
            IPAddress? address = Array.Find(addresses, a => a.AddressFamily == AddressFamily.InterNetwork)
                ?? addresses.FirstOrDefault();
            return new IPEndPoint(address ?? throw new UserErrorException($"'{host}' has no address."), port);
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            throw new UserErrorException($"'{host}' is no host name or address that is known here.");
        }
    }
}
