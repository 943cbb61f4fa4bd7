// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.CommandLine.Parsing;
using Spead2.Tools.Network;
using Spead2.Tools.Output;
using Spead2.Tools.Record;

namespace Spead2.Tools.Commands;

/// <summary>The options of `spead2 record`.</summary>
internal sealed class RecordCommand
{
    private const double LongestTime = 1e9;

    // Enough of them that some can be filled while others are written.
    private const long LeastMemory = 4 * Chunk.Size;
    private const long DefaultMemory = 256 << 20;
    private const long LeastFile = 2 * Chunk.Size;

    private readonly Argument<string[]> _endpoints = new("ENDPOINT")
    {
        Description = $"What is recorded: {Endpoint.Notation}, as 'spead2 recv' has it.",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string> _output = new("--output")
    {
        HelpName = "FILE",
        Description = "The new file: pcap if its name ends in .pcap, else pcapng; .pcapng.zst and .pcap.zst are compressed by "
            + "the program zstd. Where there may be several files, night.pcapng means night-0001.pcapng and so on.",
        Required = true,
    };

    private readonly Option<string> _bind = new("--bind")
    {
        HelpName = "HOST",
        Description = "With a port alone: receive only on this host's address, or from this multicast group.",
    };

    private readonly Option<string> _interface = new("--interface")
    {
        HelpName = "NAME|ADDRESS",
        Description = "Join multicast groups on this interface, as in eth1 or 10.0.0.1, unless the endpoint has one.",
    };

    private readonly Option<long> _bufferSize = NumberOption.Whole(
        "--buffer-size", "BYTES", "Kernel socket buffer to ask for; 0 leaves it as it is [default: 64 MiB]", null, 0);

    private readonly Option<bool> _coalesce = new("--coalesce")
    {
        Description = "Let the kernel hand over datagrams in a row together (GRO), for higher rates. All of them then have one "
            + "time, that of the last or later.",
    };

    private readonly Option<long> _memory = NumberOption.Whole(
        "--memory", "BYTES", "Most memory for datagrams that wait for the disk, or are kept.", DefaultMemory, LeastMemory);

    private readonly Option<long> _rotateSize = NumberOption.Whole(
        "--rotate-size", "BYTES", "Begin another file before one has more.", null, LeastFile);

    private readonly Option<double> _rotateTime = NumberOption.Real(
        "--rotate-time", "SECONDS", "Begin another file when one has so much time; 0: never.", most: LongestTime);

    private readonly Option<double> _keep = NumberOption.Real(
        "--keep", "SECONDS",
        "Write nothing, but keep the latest of so much time in memory; SIGUSR1 or --trigger has it written into a new file.",
        most: LongestTime);

    private readonly Option<ItemTrigger?> _trigger = new("--trigger")
    {
        HelpName = "ID=VALUE",
        Description = "With --keep: write when this immediate item gets this value, as in 0x4101=1.",
        CustomParser = ReadTrigger,
    };

    private readonly Option<bool> _noIndex = new("--no-index")
    {
        Description = "Do not write FILE.index, which says of each heap when it arrived, and where it is.",
    };

    private readonly Option<double> _seconds = NumberOption.Real(
        "--seconds", "SECONDS", "Stop after so much time; 0: never.", most: LongestTime);

    private readonly Option<long> _count = NumberOption.Whole("--count", "N", "Stop after N datagrams.", null, 1);

    private readonly Option<bool> _json = CommonOption.Json();

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        RecordCommand options = new();
        Command command = new(
            "record",
            "Writes the datagrams that arrive into a capture, with their addresses and times, and says what was lost. "
            + "Example: spead2 record 239.2.1.150+15:7148 --interface eth1 --output night.pcapng")
        {
            options._endpoints,
            options._output,
            options._bind,
            options._interface,
            options._bufferSize,
            options._coalesce,
            options._memory,
            options._rotateSize,
            options._rotateTime,
            options._keep,
            options._trigger,
            options._noIndex,
            options._seconds,
            options._count,
            options._json,
        };
        command.SetAction(parsed =>
        {
            using Recorder recorder = new(options.Read(parsed), terminal);
            return recorder.Run();
        });
        return command;
    }

    private RecordSettings Read(ParseResult parsed)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new UserErrorException("spead2 record works on Linux only.");
        }

        Endpoint[] endpoints = [.. parsed.GetRequiredValue(_endpoints).Select(RecvCommand.ReadArgument)];
        TimeSpan? keep = Time(parsed, _keep);
        Option[] goWithFiles = [_rotateSize, _rotateTime];
        if (keep is not null && goWithFiles.FirstOrDefault(option => RecvCommand.IsGiven(parsed, option)) is { } misplaced)
        {
            throw new UserErrorException($"{misplaced.Name} does not go with --keep.");
        }

        if (keep is null && RecvCommand.IsGiven(parsed, _trigger))
        {
            throw new UserErrorException("--trigger goes with --keep only.");
        }

        if (parsed.GetValue(_bind) is not null && endpoints.FirstOrDefault(e => e.Host is not null) is { } bound)
        {
            throw new UserErrorException($"--bind goes with a port alone, not with '{bound.Text}'.");
        }

        return new()
        {
            Endpoints = endpoints,
            Udp = new()
            {
                BindHost = parsed.GetValue(_bind),
                Interface = parsed.GetValue(_interface),
                BufferSize = RecvCommand.Given(parsed, _bufferSize),
            },
            Coalesce = parsed.GetValue(_coalesce),
            Path = parsed.GetRequiredValue(_output),
            Index = !parsed.GetValue(_noIndex),
            Memory = parsed.GetValue(_memory),
            RotateSize = RecvCommand.Given(parsed, _rotateSize),
            RotateTime = Time(parsed, _rotateTime),
            Keep = keep,
            Trigger = parsed.GetValue(_trigger),
            Time = Time(parsed, _seconds),
            Datagrams = RecvCommand.Given(parsed, _count),
            Json = parsed.GetValue(_json),
        };
    }

    private static TimeSpan? Time(ParseResult parsed, Option<double> option) =>
        parsed.GetValue(option) is > 0 and { } seconds ? TimeSpan.FromSeconds(seconds) : null;

    private static ItemTrigger? ReadTrigger(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        string[] parts = text.Split('=');
        if (parts.Length == 2 && NumberOption.TryReadNumber(parts[0], out ulong id) && NumberOption.TryReadNumber(parts[1], out ulong value))
        {
            return new(id, value);
        }

        result.AddError($"--trigger must be an item and its value, as in 0x4101=1, not '{text}'.");
        return null;
    }
}
