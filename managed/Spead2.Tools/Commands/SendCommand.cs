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
        _udp, _heaps, _heapSize, _items, _descriptorEvery, _packetSize, _rate, _flavour, _noStop, _json,
    ];

    private SendSettings Read(ParseResult parsed)
    {
        int addressBits = (int)parsed.GetValue(_flavour);
        long heapSize = parsed.GetValue(_heapSize);
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

        if (!items && heapSize >> addressBits != 0)
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
        return new SendSettings
        {
            Destination = ReadDestination(parsed.GetRequiredValue(_udp)),
            Heaps = parsed.GetValue(_heaps),
            Source = items
                ? new ItemHeaps(flavour, (int)parsed.GetValue(_descriptorEvery))
                : new DataHeaps((int)heapSize),
            // The socket cuts bursts apart at this size, so it must be the one that packets really have.
            PacketSize = (int)parsed.GetValue(_packetSize) / PacketSizeUnit * PacketSizeUnit,
            BytesPerSecond = parsed.GetValue(_rate) * BytesPerGigabit,
            Flavour = flavour,
            Stop = !parsed.GetValue(_noStop),
            Json = parsed.GetValue(_json),
        };
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
