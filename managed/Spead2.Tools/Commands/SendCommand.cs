// SPDX-License-Identifier: MIT

using System.CommandLine;
using Spead2.Receive;
using Spead2.Send;
using Spead2.Tools.Items;
using Spead2.Tools.Output;
using Spead2.Tools.Receive;
using Spead2.Tools.Send;

namespace Spead2.Tools.Commands;

/// <summary>The options of `spead2 send`.</summary>
internal sealed class SendCommand
{
    private const int LargestDatagram = 65507;
    /// <summary>Most packets that may overtake another one.</summary>
    public const int MostReordered = 1000;


    // Heaps that are sent at a time unless the user says otherwise: enough of them to fill calls of the system.
    private const long BytesAtATime = 1 << 20;
    private const long LeastHeapsAtATime = SendStreamOptions.DefaultMaxHeaps;
    private const long MostHeapsAtATime = 1024;
    private const int PacketSizeUnit = 8;
    private const double BytesPerGigabit = 1e9 / 8;

    private readonly Option<string[]> _udp = new("--udp")
    {
        HelpName = "HOST:PORT",
        Description = "Where to send to, as in 10.0.0.2:7148, [::1]:7148, 239.2.1.150+15:7148 (sixteen groups) or "
            + "[ff12::5%eth1]:7148 (on that interface). May be given several times: heaps take turns.",
        Required = true,
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly Option<string> _bind = new("--bind")
    {
        HelpName = "HOST",
        Description = "Send from this address of this host.",
    };

    private readonly Option<string> _interface = new("--interface")
    {
        HelpName = "NAME|ADDRESS|INDEX",
        Description = "Send to multicast groups on this interface, unless the endpoint has one.",
    };

    private readonly Option<long> _ttl = NumberOption.Whole(
        "--ttl", "HOPS", "Hops of packets to multicast groups; 0: the system's.",
        0, 0, UdpWriterOptions.LargestTimeToLive);

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

    private readonly Option<long> _antenna = NumberOption.Whole(
        "--antenna", "N", "With --preset fengine: send the heaps of this antenna only, with the heap cnts they have among all, "
            + "for several senders at a time.",
        null, 0, FEngineHeaps.Antennas - 1);

    private readonly Option<string> _dialect = CommonOption.Dialect(
        "Break the rule of SPEAD that these senders break", "Each heap is one packet, as long as --packet-size "
        + "lets it be unless --heap-size, --items or --preset says it. docs/dialects.md has them.");

    private readonly Option<long> _descriptorEvery = NumberOption.Whole(
        "--descriptor-every", "N", "With --items: send descriptors in every N-th heap; 0 in the first heap only.",
        0, 0, int.MaxValue);

    private readonly Option<long> _packetSize = NumberOption.Whole(
        "--packet-size", "BYTES", "Largest packet, rounded down to a multiple of 8.",
        PacketEncoder.DefaultMaxPacketSize, PacketEncoder.SmallestMaxPacketSize, LargestDatagram);

    private readonly Option<double> _rate = CommonOption.Rate(byDefault: 0);

    private readonly Option<long> _burst = NumberOption.Whole(
        "--burst", "BYTES", "With --rate: bytes that go out back to back.", SendStreamOptions.DefaultBurstSize, 1);

    private readonly Option<bool> _pace = new("--pace")
    {
        Description = "With --rate: send a few packets at a time instead of bursts, which takes processor time.",
    };

    private readonly Option<long> _maxHeaps = NumberOption.Whole(
        "--max-heaps", "N", "Heaps that are sent at a time [default: as many as are 1 MiB, at least 4]",
        null, 1, SendStreamOptions.LargestMaxHeaps);

    private readonly Option<bool> _repeatPointers = new("--repeat-pointers")
    {
        Description = "Put all item pointers of a heap into each of its packets, as --preset does.",
    };

    private readonly Option<ReceiveEngine> _engine = CommonOption.Engine("sends");

    private readonly Option<double> _drop = NumberOption.Part("--drop", "Lose packets on purpose: this part, as in 0.1%.");

    private readonly Option<double> _duplicate = NumberOption.Part("--duplicate", "Send packets twice: this part, as in 0.1%.");

    private readonly Option<long> _reorder = NumberOption.Whole(
        "--reorder", "N", "Mix packets: up to N overtake another one.", 0, 0, MostReordered);

    private readonly Option<long> _seed = NumberOption.Whole(
        "--seed", "N", "Which packets --drop, --duplicate and --reorder choose: the same for the same number.",
        1, 0, int.MaxValue);

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

        command.SetAction((parsed, _) => new Sender(options.Read(parsed), terminal).RunAsync());
        return command;
    }

    private IEnumerable<Option> All =>
    [
        _udp, _bind, _interface, _ttl, _heaps, _heapSize, _items, _preset, _antenna, _dialect, _descriptorEvery, _packetSize,
        _repeatPointers, _flavour, _rate, _burst, _pace, _maxHeaps, _drop, _duplicate, _reorder, _seed, _noStop, _engine,
        _json,
    ];

    private SendSettings Read(ParseResult parsed)
    {
        StreamPreset? preset = parsed.GetValue(_preset);
        string? dialect = parsed.GetValue(_dialect);
        ThrowIfMisplaced(parsed, preset);
        int addressBits = preset is null ? (int)parsed.GetValue(_flavour) : PresetHeaps.AddressBits;
        bool items = parsed.GetValue(_items);
        int packetSize = items && dialect is not null && !IsGiven(parsed, _packetSize)
            ? UdpSourceOptions.DefaultMaxSize
            : (int)parsed.GetValue(_packetSize) / PacketSizeUnit * PacketSizeUnit;
        long heapSize = dialect is null || IsGiven(parsed, _heapSize)
            ? parsed.GetValue(_heapSize)
            : packetSize - SizeOfHead(dialect, items: 1);
        if (addressBits % 8 != 0)
        {
            throw new UserErrorException($"--flavour must be a multiple of 8, not {addressBits}.");
        }

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
        PresetHeaps? presetHeaps = preset is null ? null : PresetHeaps.Of(
            preset, IsGiven(parsed, _antenna) ? (int)parsed.GetValue(_antenna) : null);
        int maxHeaps = IsGiven(parsed, _maxHeaps)
            ? (int)parsed.GetValue(_maxHeaps)
            : (int)Math.Clamp(BytesAtATime / (presetHeaps?.PacketPayload ?? heapSize), LeastHeapsAtATime, MostHeapsAtATime);
        Destinations destinations = new(
            parsed.GetRequiredValue(_udp),
            (int)parsed.GetValue(_ttl),
            parsed.GetValue(_interface),
            parsed.GetValue(_bind));
        return new SendSettings
        {
            Destinations = destinations,
            Heaps = parsed.GetValue(_heaps),
            Source = presetHeaps is not null ? presetHeaps
                : items ? new ItemHeaps(
                    flavour,
                    (int)parsed.GetValue(_descriptorEvery),
                    destinations.Count,
                    isHeapZero: dialect == "datagram-is-heap")
                : new DataHeaps((int)heapSize, maxHeaps, isHeapZero: dialect == "datagram-is-heap"),
            Stream = new()
            {
                MaxHeaps = maxHeaps,
                MaxPacketSize = presetHeaps is not null && !IsGiven(parsed, _packetSize)
                    ? SizeOfPacket(presetHeaps, dialect)
                    : packetSize,
                Rate = parsed.GetValue(_rate) * BytesPerGigabit,
                BurstSize = parsed.GetValue(_burst),
                Pacing = parsed.GetValue(_pace) ? Pacing.Packets : Pacing.Bursts,
                Flavour = flavour,
                Dialect = DialectOf(dialect),
                RepeatPointers = preset is not null || parsed.GetValue(_repeatPointers),
            },
            Engine = parsed.GetRequiredValue(_engine),
            Faults = ReadFaults(parsed),
            Stop = !parsed.GetValue(_noStop),
            Json = parsed.GetValue(_json),
        };
    }

    private PacketFaults? ReadFaults(ParseResult parsed)
    {
        double drop = parsed.GetValue(_drop);
        double duplicate = parsed.GetValue(_duplicate);
        int reorder = (int)parsed.GetValue(_reorder);
        return drop == 0 && duplicate == 0 && reorder == 0
            ? null
            : new PacketFaults(drop, duplicate, reorder, (int)parsed.GetValue(_seed));
    }

    private static SendDialect DialectOf(string? name) => name switch
    {
        null => SendDialect.None,
        "ska-low-sps" => SendDialect.SkaLowSps,
        "ska-low-antenna-buffer" => SendDialect.SkaLowAntennaBuffer,
        "pyspead" => SendDialect.PySpead,
        _ => SendDialect.DatagramIsHeap,
    };

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

        if (IsGiven(parsed, _antenna) && preset?.Name != StreamPreset.FEngine.Name)
        {
            throw new UserErrorException("--antenna goes with --preset fengine only.");
        }

        if (parsed.GetValue(_dialect) == "ska-low-sps" && parsed.GetValue(_items))
        {
            throw new UserErrorException("--items does not go with --dialect ska-low-sps, whose heaps have one item.");
        }
    }

    private static bool IsGiven(ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };
}
