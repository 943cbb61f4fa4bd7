// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Spead2.Receive;
using Spead2.Tools.Items;
using Spead2.Tools.Network;
using Spead2.Tools.Output;
using Spead2.Tools.Receive;
using Spead2.Tools.Save;

namespace Spead2.Tools.Commands;

/// <summary>The options of `spead2 recv`.</summary>
internal sealed class RecvCommand
{
    private const string AutoDialect = "auto";

    // Seconds; a stream waits for at most 2^31 ms.
    private const double LongestTimeout = 2_000_000;

    // Longer than senders pause that are to be checked.
    private static readonly TimeSpan SilenceOfExpected = TimeSpan.FromSeconds(10);

    // Longer ones do not fit in a descriptor.
    private const long LongestText = 1 << 20;

    // Sizes of a memory pool, as in spead2's command.
    private const long DefaultLower = 16 << 10;
    private const long DefaultUpper = 32 << 20;
    private const long DefaultMaxFree = 12;
    private const long DefaultInitial = 8;

    private readonly Argument<string[]> _endpoints = new("ENDPOINT")
    {
        Description = "The same as --udp ENDPOINT.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<string[]> _udp = new("--udp")
    {
        HelpName = "ENDPOINT",
        Description = $"Receive from UDP; may be given several times. ENDPOINT is {Endpoint.Notation}: 7148, "
            + "10.0.0.1:7148, 239.2.1.150:7148 (a multicast group), 239.2.1.150+15:7148 (sixteen groups), "
            + "[ff12::5%eth1]:7148 (on that interface), 10.0.0.9@239.2.1.150:7148 (from that sender only). "
            + "Port 0 lets the system choose one.",
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly Option<string> _tcp = new("--tcp")
    {
        HelpName = "[HOST:]PORT",
        Description = "Receive from a TCP connection that is accepted there; port 0 lets the system choose one.",
    };

    private readonly Option<bool> _reaccept = new("--reaccept")
    {
        Description = "With --tcp: accept the next connection when one has ended, instead of ending.",
    };

    private readonly Option<string> _bind = new("--bind")
    {
        HelpName = "HOST",
        Description = "With --udp PORT: receive only on this host's address, or from this multicast group.",
    };

    private readonly Option<string> _interface = new("--interface")
    {
        HelpName = "NAME|ADDRESS",
        Description = "Join multicast groups on this interface, as in eth1 or 10.0.0.1, unless the endpoint has one.",
    };

    private readonly Option<long> _bufferSize = NumberOption.Whole(
        "--buffer-size", "BYTES", "Kernel socket buffer to ask for; 0 leaves it as it is, as with --tcp by default [default: 64 MiB]",
        null, 0);

    private readonly Option<long> _maxSize = NumberOption.Whole(
        "--max-size", "BYTES",
        $"Largest packet; with --udp at most {UdpSourceOptions.LargestDatagram}, with --tcp {TcpSourceOptions.DefaultMaxSize} by default.",
        UdpSourceOptions.DefaultMaxSize, 1, TcpSourceOptions.LargestPacket);

    private readonly Option<string> _file = new("--file")
    {
        HelpName = "FILE",
        Description = "Receive from a file of packets back to back.",
    };

    private readonly Option<string> _packets = new("--packets")
    {
        HelpName = "FILE",
        Description = "Receive from a file of datagrams, each behind its length (32 bits, little-endian).",
    };

    private readonly Option<string> _pcap = new("--pcap")
    {
        HelpName = "FILE",
        Description = "Receive the UDP datagrams in a capture of pcap or pcapng, as tcpdump and Wireshark write them.",
    };

    private readonly Option<string> _only = new("--only")
    {
        HelpName = "[ADDRESS:]PORT",
        Description = "With --pcap: use only datagrams to there, as in 239.2.1.150:7148; port 0 is every port.",
    };

    private readonly Option<bool> _outgoing = new("--outgoing")
    {
        Description = "With --pcap: use frames that the capturing host sent, too. Captures of all interfaces (tcpdump -i any) "
            + "may have a packet twice, sent and received.",
    };

    private readonly Option<string> _dialect = CommonOption.Dialect(
        "Read packets of senders that break a rule", "auto refuses them, and proposes a dialect for the first of them.",
        AutoDialect);

    private readonly Option<ReceiveEngine> _engine = CommonOption.Engine();

    private readonly Option<long> _threads = NumberOption.Whole(
        "--threads", "N", "Threads that receive packets; each socket belongs to one of them.", 1, 1, IoThreadPool.MaxThreads);

    private readonly Option<int[]> _affinity = new("--affinity")
    {
        HelpName = "CPU,CPU,…",
        Description = "Bind the threads to these processors, in turn.",
        CustomParser = ReadAffinity,
    };

    private readonly Option<bool> _memPool = new("--mem-pool")
    {
        Description = "Keep payload in a memory pool. By default memory is recycled by size.",
    };

    private readonly Option<long> _memLower = NumberOption.Whole(
        "--mem-lower", "BYTES", "With --mem-pool: smallest size that it serves.", DefaultLower, 0);

    private readonly Option<long> _memUpper = NumberOption.Whole(
        "--mem-upper", "BYTES", "With --mem-pool: largest size that it serves, and size of its blocks.", DefaultUpper, 1);

    private readonly Option<long> _memMaxFree = NumberOption.Whole(
        "--mem-max-free", "N", "With --mem-pool: most blocks that wait in it.", DefaultMaxFree, 0, int.MaxValue);

    private readonly Option<long> _memInitial = NumberOption.Whole(
        "--mem-initial", "N", "With --mem-pool: blocks to start with.", DefaultInitial, 0, int.MaxValue);

    private readonly Option<Choice<CopyMethod>> _copy = ChoiceOption.Create<CopyMethod>(
        "--copy",
        "METHOD",
        "How payload is copied: auto (by the heap's length), standard (through the caches) or non-temporal.",
        new("auto", CopyMethod.Auto),
        new("standard", CopyMethod.Standard),
        new("non-temporal", CopyMethod.NonTemporal));

    private readonly Option<bool> _verbose = new("--verbose")
    {
        Description = "Say of each packet and heap that is not used why it is not, at most some times a second.",
    };

    private readonly Option<Choice<SenderTracking>> _senders = ChoiceOption.Create<SenderTracking>(
        "--senders",
        "WHAT",
        "What is done with the senders of packets: record marks heaps with packets of several senders, separate assembles those of "
        + "each sender by themselves, none does not ask who they are.",
        new("record", SenderTracking.Record),
        new("separate", SenderTracking.Separate),
        new("none", SenderTracking.None));

    private readonly Option<double> _interval = NumberOption.Real(
        "--interval", "SECONDS", "With --json: print statistics so often; 0 prints them at the end only.", most: LongestTimeout);

    private readonly Option<long> _maxHeaps = NumberOption.Whole(
        "--max-heaps", "N", "Heaps under assembly at a time, per substream.",
        ReceiveStreamOptions.DefaultMaxHeaps, 1, ReceiveStreamOptions.MaxSlots);

    private readonly Option<long> _substreams = NumberOption.Whole(
        "--substreams", "N", "Substreams; heap cnt modulo N is the substream.",
        ReceiveStreamOptions.DefaultSubstreams, 1, ReceiveStreamOptions.MaxSlots);

    private readonly Option<long> _ringHeaps = NumberOption.Whole(
        "--ring-heaps", "N", "Finished heaps that may wait to be taken.",
        ReceiveStreamOptions.DefaultRingHeaps, 1, ReceiveStreamOptions.MaxSlots);

    private readonly Option<long> _maxHeapSize = NumberOption.Whole(
        "--max-heap-size", "BYTES", "Largest heap; packets of larger ones are refused.",
        ReceiveStreamOptions.DefaultMaxHeapSize, 1, ReceiveStreamOptions.LargestMaxHeapSize);

    private readonly Option<long> _maxUnsizedGap = NumberOption.Whole(
        "--max-unsized-gap", "BYTES", "Largest gap in a heap whose packets do not say how long it is.",
        ReceiveStreamOptions.DefaultMaxUnsizedGap, 1, long.MaxValue);

    private readonly Option<bool> _inOrder = new("--in-order")
    {
        Description = "Refuse packets of a heap that are out of order.",
    };

    private readonly Option<bool> _noUnsizedHeaps = new("--no-unsized-heaps")
    {
        Description = "Refuse packets without a heap length.",
    };

    private readonly Option<bool> _ignoreStopItem = new("--ignore-stop-item")
    {
        Description = "Go on after a stop item, and show its heap like any other.",
    };

    private readonly Option<bool> _incomplete = new("--incomplete") { Description = "Show incomplete heaps, too." };

    private readonly Option<long> _bugCompat = NumberOption.Whole(
        "--bug-compat", "MASK", "Bugs of PySPEAD 0.5.2 to be compatible with: the sum of 1, 2 and 4.",
        0, 0, (long)BugCompat.PySpead052);

    private readonly Option<long> _heaps = NumberOption.Whole("--heaps", "N", "Stop after N heaps.", null, 1);

    private readonly Option<double> _timeout = NumberOption.Real(
        "--timeout",
        "SECONDS",
        "Stop when no heap arrives for so long; 0 waits forever. Without it, --expect stops when packets have come, and none "
            + "for ten seconds: a stop item may have got lost.",
        most: LongestTimeout);

    private readonly Option<bool> _items = new("--items")
    {
        Description = "Interpret descriptors and values, and show a table of them for each heap. With --json each heap "
            + "gets \"values\":{NAME:{\"id\",\"shape\",\"type\",\"values\"}}: elements flattened in C order (a scalar or "
            + "text is a list of one), complex numbers as [re,im], records as arrays of their fields, NaN and "
            + "infinities as strings, raw bytes in hex. What cannot be interpreted is reported (\"failed\") with its bytes.",
    };

    private readonly Option<StreamPreset?> _preset = new("--preset")
    {
        HelpName = "NAME",
        Description = "--items for a stream that carries no descriptors: "
            + string.Join(", ", StreamPreset.All.Select(preset => preset.Name))
            + ". Axes that it leaves open are one unless they are given: fengine:channel=128. Missing heaps are counted by its "
            + "timestamp, for each source apart.",
        CustomParser = ReadPreset,
    };

    private readonly Option<long> _maxNameLength = NumberOption.Whole(
        "--max-name-length", "N", "Most characters of an item's name.",
        ItemDescriptor.DefaultMaxNameLength, 1, LongestText);

    private readonly Option<long> _maxTextLength = NumberOption.Whole(
        "--max-text-length", "N", "Most characters of an item's description or NumPy header.",
        ItemDescriptor.DefaultMaxTextLength, 1, LongestText);

    private readonly Option<string> _save = new("--save")
    {
        HelpName = "FOLDER",
        Description = "Save the values of heaps in files heaps-0001…, as --format says; a new descriptor begins further files, too.",
    };

    private readonly Option<SaveFormat> _format = new("--format")
    {
        HelpName = "FORMAT",
        Description = "With --save: npy (a file for each item), npz (one for each heap), arrow (an IPC stream) or hdf5 [default: npy]",
        CustomParser = ReadFormat,
    };

    private readonly Option<long> _rotateSize = NumberOption.Whole(
        "--rotate-size", "BYTES", "With --save: begin further files when there are so many bytes.", null, 1);

    private readonly Option<double> _rotateTime = NumberOption.Real(
        "--rotate-time", "SECONDS", "With --save: begin further files when they have so much time; 0: never.", most: LongestTimeout);

    private readonly Option<bool> _verify = new("--verify")
    {
        Description = "Compare heaps that arrive in full with what 'spead2 send' puts into them (with --items: 'spead2 send "
            + "--items'); exit code 1 if one differs.",
    };

    private readonly Option<long> _expect = NumberOption.Whole(
        "--expect", "N", "Exit code 1 unless exactly N heaps arrive in full.", null, 0);

    private readonly Option<bool> _failOnLoss = new("--fail-on-loss")
    {
        Description = "Exit code 1 if heaps or packets are known to be lost, 3 if no packet arrived, from a file, too.",
    };

    private readonly Option<long> _cntStep = NumberOption.Whole(
        "--cnt-step", "N", "How far the cnts of neighbouring heaps are apart, to tell what is missing; 0 learns it.",
        0, 0, ReceiveStreamOptions.LargestCntStep);

    private readonly Option<long> _countItem = ItemOption(
        "--count-item", "Count heaps by the value of this item, as 0x1600, not by their cnts; --cnt-step is its step then.");

    private readonly Option<long> _setItem = ItemOption(
        "--set-item", "Count heaps of each value of this item, for example an antenna, apart.");

    private readonly Option<string> _name = new("--name")
    {
        HelpName = "NAME",
        Description = "What `spead2 top` calls the stream.",
        DefaultValueFactory = _ => "recv",
    };

    private readonly Option<bool> _noPublish = new("--no-publish")
    {
        Description = "Do not let `spead2 top` and other programs of the user read the statistics.",
    };

    private readonly Option<bool> _summary = new("--summary") { Description = "Leave out single heaps." };

    private readonly Option<bool> _json = CommonOption.Json();

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var options = new RecvCommand();
        var command = new Command(
            "recv",
            "Receives a stream and shows its heaps and statistics. Example: spead2 recv 239.2.1.150+15:7148 --interface eth1")
        {
            options._endpoints,
        };
        foreach (Option option in options.All)
        {
            command.Options.Add(option);
        }

        command.SetAction(parsed => new Receiver(options.Read(parsed), terminal).Run());
        return command;
    }

    private IEnumerable<Option> All =>
    [
        _udp, _tcp, _reaccept, _bind, _interface, _bufferSize, _maxSize, _file, _packets, _pcap, _only, _outgoing, _dialect, _engine, _threads, _affinity, _memPool,
        _memLower, _memUpper, _memMaxFree, _memInitial, _copy, _senders, _maxHeaps, _substreams, _ringHeaps, _maxHeapSize,
        _maxUnsizedGap, _inOrder, _noUnsizedHeaps, _ignoreStopItem, _incomplete, _bugCompat, _heaps, _timeout, _items,
        _preset, _maxNameLength, _maxTextLength, _save, _format, _rotateSize, _rotateTime, _verify, _expect, _failOnLoss, _cntStep, _countItem, _setItem,
        _name, _noPublish,
        _summary, _verbose, _interval, _json,
    ];

    private ReceiveSettings Read(ParseResult parsed)
    {
        if (parsed.GetValue(_maxHeaps) * parsed.GetValue(_substreams) > ReceiveStreamOptions.MaxSlots)
        {
            throw new UserErrorException(
                $"--max-heaps times --substreams must be at most {ReceiveStreamOptions.MaxSlots}.");
        }

        double timeout = parsed.GetValue(_timeout);
        double interval = parsed.GetValue(_interval);
        if (interval > 0 && !parsed.GetValue(_json))
        {
            throw new UserErrorException("--interval goes with --json only.");
        }

        if (parsed.GetValue(_verify) && parsed.GetValue(_preset) is not null)
        {
            throw new UserErrorException(
                "--verify does not go with --preset: what 'spead2 send --preset' sends does not follow from the heap cnt. "
                + "--expect counts its heaps.");
        }

        return new ReceiveSettings
        {
            Source = ReadSource(parsed),
            Engine = parsed.GetRequiredValue(_engine),
            StreamOptions = ReadStreamOptions(parsed),
            Threads = (int)parsed.GetValue(_threads),
            Affinity = parsed.GetValue(_affinity) ?? [],
            MemoryPool = ReadMemoryPool(parsed),
            CopyMethod = parsed.GetRequiredValue(_copy).Value,
            Publish = !parsed.GetValue(_noPublish),
            Verbose = parsed.GetValue(_verbose),
            Interval = interval > 0 ? TimeSpan.FromSeconds(interval) : null,
            Heaps = Given(parsed, _heaps),
            Timeout = timeout > 0 ? TimeSpan.FromSeconds(timeout) : Timeout.InfiniteTimeSpan,
            Silence = IsGiven(parsed, _expect) && !IsGiven(parsed, _timeout) ? SilenceOfExpected : null,
            Dialect = parsed.GetValue(_dialect) is { } dialect ? Dialect.Find(dialect) : null,
            ProposeDialect = parsed.GetValue(_dialect) == AutoDialect,
            Items = parsed.GetValue(_items) || parsed.GetValue(_preset) is not null,
            ItemSettings = new ItemSettings
            {
                Preset = parsed.GetValue(_preset),
                MaxNameLength = (int)parsed.GetValue(_maxNameLength),
                MaxTextLength = (int)parsed.GetValue(_maxTextLength),
            },
            Save = ReadSave(parsed),
            Verify = parsed.GetValue(_verify),
            Expect = Given(parsed, _expect),
            FailOnLoss = parsed.GetValue(_failOnLoss),
            Json = parsed.GetValue(_json),
            SummaryOnly = parsed.GetValue(_summary),
        };
    }

    private static StreamPreset? ReadPreset(ArgumentResult result)
    {
        try
        {
            return StreamPreset.Parse(result.Tokens.Single().Value);
        }
        catch (ArgumentException exception)
        {
            result.AddError($"--preset: {exception.Message.Split(" (Parameter")[0]}");
            return null;
        }
    }

    private static Option<long> ItemOption(string name, string description) => new(name)
    {
        HelpName = "ID",
        Description = description,
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            bool isHex = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
            NumberStyles style = isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.None;
            if (!long.TryParse(isHex ? text[2..] : text, style, CultureInfo.InvariantCulture, out long id) ||
                id is < ReceiveStreamOptions.SmallestCountItem or > ReceiveStreamOptions.LargestCountItem)
            {
                result.AddError($"{name} must be the identifier of an item, for example 0x1600, not '{text}'.");
            }

            return id;
        },
    };

    private static int[] ReadAffinity(ArgumentResult result)
    {
        List<int> processors = [];
        foreach (string number in result.Tokens[0].Value.Split(','))
        {
            if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int processor))
            {
                result.AddError($"--affinity must be numbers of processors as in 2,3, not '{result.Tokens[0].Value}'.");
                return [];
            }

            processors.Add(processor);
        }

        return [.. processors];
    }

    private static SaveFormat? ReadFormat(ArgumentResult result)
    {
        string name = result.Tokens[0].Value;
        SaveFormat? format = SaveFormat.All.FirstOrDefault(format => format.Name == name);
        if (format is null)
        {
            result.AddError($"--format must be one of {string.Join(", ", SaveFormat.All.Select(format => format.Name))}, not '{name}'.");
        }

        return format;
    }

    private SaveSettings? ReadSave(ParseResult parsed)
    {
        if (parsed.GetValue(_save) is { } folder)
        {
            return new()
            {
                Folder = folder,
                Format = parsed.GetValue(_format) ?? SaveFormat.All[0],
                RotateSize = Given(parsed, _rotateSize),
                RotateTime = parsed.GetValue(_rotateTime) is > 0 and { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            };
        }

        Option[] goWithSave = [_format, _rotateSize, _rotateTime];
        return goWithSave.FirstOrDefault(option => IsGiven(parsed, option)) is { } misplaced
            ? throw new UserErrorException($"{misplaced.Name} goes with --save only.")
            : null;
    }

    private MemoryPoolOptions? ReadMemoryPool(ParseResult parsed)
    {
        if (parsed.GetValue(_memPool))
        {
            return new(
                parsed.GetValue(_memLower),
                parsed.GetValue(_memUpper),
                (int)parsed.GetValue(_memMaxFree),
                (int)parsed.GetValue(_memInitial));
        }

        Option[] goWithPool = [_memLower, _memUpper, _memMaxFree, _memInitial];
        return goWithPool.FirstOrDefault(option => IsGiven(parsed, option)) is Option misplaced
            ? throw new UserErrorException($"{misplaced.Name} goes with --mem-pool only.")
            : null;
    }

    private IPacketSource ReadSource(ParseResult parsed)
    {
        Endpoint[] endpoints =
        [
            .. (parsed.GetValue(_udp) ?? []).Select(text => Endpoint.Parse(text, _udp.Name)),
            .. (parsed.GetValue(_endpoints) ?? []).Select(ReadArgument),
        ];
        Option[] sources =
        [
            .. endpoints.Length > 0 ? (Option[])[_udp] : [],
            .. new Option[] { _tcp, _file, _packets, _pcap }.Where(option => IsGiven(parsed, option)),
        ];
        if (sources.Length != 1)
        {
            throw new UserErrorException("Give one of --udp, --tcp, --file, --packets and --pcap to say where the packets come from.");
        }

        if (parsed.GetValue(_reaccept) && sources[0] != _tcp)
        {
            throw new UserErrorException("--reaccept goes with --tcp only.");
        }

        if (sources[0] != _pcap &&
            new Option[] { _only, _outgoing }.FirstOrDefault(option => IsGiven(parsed, option)) is { } stray)
        {
            throw new UserErrorException($"{stray.Name} goes with --pcap only.");
        }

        if (sources[0] == _tcp)
        {
            return ReadTcp(parsed);
        }

        string? name = parsed.GetValue(_dialect);
        Dialect? dialect = name is null ? null : Dialect.Find(name);
        if (sources[0] == _udp)
        {
            return ReadUdp(parsed, endpoints, dialect);
        }

        Option[] goWithUdp = [_bind, _interface, _bufferSize, _maxSize];
        if (goWithUdp.FirstOrDefault(option => IsGiven(parsed, option)) is Option misplaced)
        {
            throw new UserErrorException($"{misplaced.Name} goes with --udp only.");
        }

        return sources[0] == _pcap ? ReadPcap(parsed, dialect)
            : sources[0] == _file
            ? new BufferSource(parsed.GetRequiredValue(_file), dialect, mayHaveDialect: name is not null)
            : new DatagramSource(parsed.GetRequiredValue(_packets), dialect);
    }

    /// <summary>An endpoint without an option.</summary>
    public static Endpoint ReadArgument(string text) => Endpoint.Parse(text, "The argument");

    private TcpSource ReadTcp(ParseResult parsed)
    {
        Option[] notForTcp = [_bind, _interface, _dialect];
        if (notForTcp.FirstOrDefault(option => IsGiven(parsed, option)) is Option misplaced)
        {
            throw new UserErrorException($"{misplaced.Name} does not go with --tcp.");
        }

        var endpoint = Endpoint.Parse(parsed.GetRequiredValue(_tcp), _tcp.Name);
        if (endpoint.IsGroup || endpoint.Count > 1 || endpoint.Senders.Count > 0)
        {
            throw new UserErrorException($"--tcp takes one address of this host, not '{endpoint.Text}'.");
        }

        return new(
            endpoint,
            new TcpSourceOptions
            {
                Reaccept = parsed.GetValue(_reaccept),
                BufferSize = Given(parsed, _bufferSize) is > 0 and { } bytes ? bytes : null,
                MaxSize = (int?)Given(parsed, _maxSize) ?? TcpSourceOptions.DefaultMaxSize,
            });
    }

    private PcapSource ReadPcap(ParseResult parsed, Dialect? dialect)
    {
        PcapSourceOptions options = new()
        {
            Path = parsed.GetRequiredValue(_pcap),
            Outgoing = parsed.GetValue(_outgoing),
            Dialect = dialect,
        };
        if (parsed.GetValue(_only) is { } only)
        {
            Endpoint endpoint = CaptureArguments.ReadAddress(only, _only.Name);
            options.Address = endpoint.Address?.ToString();
            options.Port = endpoint.Port;
        }

        if (options.Path.Length == 0)
        {
            throw new UserErrorException("--pcap needs the name of a file.");
        }

        return new(options);
    }

    private UdpSource ReadUdp(ParseResult parsed, Endpoint[] endpoints, Dialect? dialect)
    {
        if (parsed.GetValue(_bind) is not null && endpoints.FirstOrDefault(e => e.Host is not null) is { } bound)
        {
            throw new UserErrorException($"--bind goes with a port alone, not with '{bound.Text}'.");
        }

        if (parsed.GetValue(_maxSize) > UdpSourceOptions.LargestDatagram)
        {
            throw new UserErrorException($"--max-size must be at most {UdpSourceOptions.LargestDatagram} with --udp.");
        }

        bool anyGroup = endpoints.Any(endpoint => endpoint.IsGroup || (endpoint.Host is not null && endpoint.Address is null));
        if (parsed.GetValue(_interface) is not null && !anyGroup)
        {
            throw new UserErrorException("--interface goes with multicast groups only, as in --udp 239.2.1.150:7148.");
        }

        return new(
            endpoints,
            new UdpSettings
            {
                BindHost = parsed.GetValue(_bind),
                Interface = parsed.GetValue(_interface),
                BufferSize = Given(parsed, _bufferSize),
                MaxSize = (int)parsed.GetValue(_maxSize),
                Dialect = dialect,
            });
    }

    private string ReadName(ParseResult parsed)
    {
        string name = parsed.GetRequiredValue(_name);
        foreach (OptionFault fault in StreamName.Faults(name, "--name"))
        {
            throw new UserErrorException(fault.Message);
        }

        return name;
    }

    private ReceiveStreamOptions ReadStreamOptions(ParseResult parsed)
    {
        // What a preset knows of its stream counts its heaps, but for what is given.
        StreamPreset? preset = parsed.GetValue(_preset);
        long step = preset?.Step ?? 0;
        long countItem = preset is null or { TimeId: ItemId.HeapCnt } ? 0 : preset.TimeId;
        return new()
        {
            Name = ReadName(parsed),
            MaxHeaps = (int)parsed.GetValue(_maxHeaps),
            Substreams = (int)parsed.GetValue(_substreams),
            RingHeaps = (int)parsed.GetValue(_ringHeaps),
            MaxHeapSize = parsed.GetValue(_maxHeapSize),
            MaxUnsizedGap = parsed.GetValue(_maxUnsizedGap),
            Accounting = HeapAccounting.BySubstream,
            CntStep = Given(parsed, _cntStep) ?? step,
            Senders = parsed.GetRequiredValue(_senders).Value,
            CountItem = Given(parsed, _countItem) ?? countItem,
            SetItem = Given(parsed, _setItem) ?? preset?.SetId ?? 0,
            AllowOutOfOrder = !parsed.GetValue(_inOrder),
            AllowUnsizedHeaps = !parsed.GetValue(_noUnsizedHeaps),
            StopOnStopItem = !parsed.GetValue(_ignoreStopItem),
            ContiguousOnly = !parsed.GetValue(_incomplete),
            IncompleteKeepPayload = parsed.GetValue(_incomplete),
            IncompleteKeepPayloadRanges = parsed.GetValue(_incomplete),
            BugCompat = (BugCompat)parsed.GetValue(_bugCompat),
        };
    }

    /// <summary>The value of an option; null if it was not given.</summary>
    public static long? Given(ParseResult parsed, Option<long> option) =>
        IsGiven(parsed, option) ? parsed.GetValue(option) : null;

    /// <summary>Whether a user gave an option.</summary>
    public static bool IsGiven(ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };
}
