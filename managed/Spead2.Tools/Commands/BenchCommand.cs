// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Spead2.Send;
using Spead2.Tools.Bench;
using Spead2.Tools.Network;
using Spead2.Tools.Output;
using Spead2.Tools.Receive;

namespace Spead2.Tools.Commands;

/// <summary>The options of `spead2 bench`.</summary>
internal sealed class BenchCommand
{
    private const string Form = "HOST:PORT with a port from 1 to 65535";
    private const int DefaultPacketSize = 9200;
    private const int LargestDatagram = 65507;
    private const int PacketSizeUnit = 8;
    private const double MostPassSeconds = 3600;
    private const int MostPasses = 1000;
    private const int DefaultPasses = 5;
    private const double DefaultPrecision = 0.02;
    private const double LeastPrecision = 0.001;
    private const int DefaultAgentPort = 21000;

    private readonly Option<long> _heapSize = CommonOption.HeapSize();

    private readonly Option<long> _packetSize = NumberOption.Whole(
        "--packet-size", "BYTES", "Largest packet, rounded down to a multiple of 8.",
        DefaultPacketSize, PacketEncoder.SmallestMaxPacketSize, LargestDatagram);

    private readonly Option<double> _seconds = NumberOption.Real(
        "--seconds", "SECONDS", "How long a pass takes.", 1, 0.01, MostPassSeconds);

    private readonly Option<long> _passes = NumberOption.Whole(
        "--passes", "N", "Passes without loss that a rate needs.", DefaultPasses, 1, MostPasses);

    private readonly Option<double> _precision = NumberOption.Real(
        "--precision", "PART", "How close the search comes to the rate.", DefaultPrecision, LeastPrecision, 1);

    private readonly Option<bool> _pace = new("--pace")
    {
        Description = "Space single packets instead of bursts, which takes processor time.",
    };

    private readonly Option<long> _buffer = NumberOption.Whole(
        "--buffer-size", "BYTES", "Socket buffer that the agent asks for.", new AgentOptions().Buffer, 0);

    private readonly Option<long> _maxHeaps = NumberOption.Whole(
        "--max-heaps", "N", "Heaps that the agent has under assembly.", new AgentOptions().ConcurrentHeaps, 1);

    private readonly Option<long> _ringHeaps = NumberOption.Whole(
        "--ring-heaps", "N", "Heaps that wait for the agent's consumer.", new AgentOptions().RingHeaps, 1);

    private readonly Option<bool> _noPool = new("--no-mem-pool")
    {
        Description = "Let the agent recycle memory instead of using a memory pool.",
    };

    private readonly Option<bool> _nonTemporal = new("--non-temporal")
    {
        Description = "Let the agent use the non-temporal copy.",
    };

    private readonly Option<string?> _plot = new("--plot")
    {
        HelpName = "FILE.svg",
        Description = "Draw the search: heaps lost by rate.",
    };

    private readonly Option<ReceiveEngine> _engine = CommonOption.Engine("sends and receives");
    private readonly Option<bool> _json = CommonOption.Json();
    private readonly Terminal _terminal;

    private BenchCommand(Terminal terminal)
    {
        _terminal = terminal;
    }

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        BenchCommand bench = new(terminal);
        return bench.WithSearch(new Command(
            "bench",
            "Searches the highest rate that is received without loss: over loopback, or with an agent on another host. "
            + "Example: spead2 bench --heap-size 65536")
        {
            bench.CreateAgent(),
            bench.CreateMaster(),
            bench.CreateMemory(),
        }, (parsed, cancellation) => bench.RunLocalAsync(parsed, cancellation));
    }

    private Command CreateAgent()
    {
        Argument<string> listen = new("ENDPOINT")
        {
            Description = "Where to listen, as in 21000 or 10.0.0.2:21000; port 0 lets the system choose.",
            DefaultValueFactory = _ => DefaultAgentPort.ToString(CultureInfo.InvariantCulture),
        };
        Option<ReceiveEngine> engine = CommonOption.Engine();
        Option<bool> attached = new(BenchAgent.AttachedOption) { Hidden = true };
        Command command = new(
            "agent",
            "Receives what masters send, those of spead2_bench, too; for networks whose hosts are trusted. "
            + "Example: spead2 bench agent 10.0.0.2:21000")
        {
            listen,
            engine,
            attached,
        };
        command.SetAction((parsed, _) =>
        {
            Endpoint endpoint = Endpoint.Parse(parsed.GetRequiredValue(listen), "ENDPOINT");
            IPAddress host = endpoint.Host is null ? IPAddress.Any : LookUp(endpoint);
            return new BenchAgent(host, endpoint.Port, parsed.GetRequiredValue(engine), parsed.GetValue(attached), _terminal)
                .RunAsync();
        });
        return command;
    }

    private Command CreateMaster()
    {
        Argument<string> agent = new("AGENT")
        {
            HelpName = "HOST:PORT",
            Description = "Where the agent listens.",
        };
        Option<Choice<Protocol>> protocol = ChoiceOption.Create<Protocol>(
            "--protocol",
            "NAME",
            "What the agent understands: own (spead2 bench agent), text (spead2_bench in C++) or json (in Python).",
            new("own", Protocol.Own),
            new("text", Protocol.Text),
            new("json", Protocol.Json));
        Option<string?> multicast = new("--multicast")
        {
            HelpName = "GROUP:PORT",
            Description = "Send to this group, which the agent joins.",
        };
        Option<long> ttl = NumberOption.Whole(
            "--ttl", "HOPS", "Hops of packets to the group; 0: the system's.", 0, 0, UdpWriterOptions.LargestTimeToLive);
        Command command = new(
            "master", "Searches with an agent on another host. Example: spead2 bench master 10.0.0.2:21000 --plot rates.svg")
        {
            agent,
            protocol,
            multicast,
            ttl,
        };
        return WithSearch(command, (parsed, cancellation) =>
        {
            string name = parsed.GetRequiredValue(agent);
            Endpoint endpoint = Endpoint.Parse(name, "AGENT", Form);
            if (endpoint.Host is null || endpoint.Port == 0)
            {
                throw new UserErrorException($"AGENT '{name}' is no agent: it is {Form}.");
            }

            BenchSettings settings = Read(parsed) with
            {
                Protocol = parsed.GetRequiredValue(protocol).Value,
                TimeToLive = (int)parsed.GetValue(ttl),
            };
            if (parsed.GetValue(multicast) is { } group)
            {
                if (Endpoint.Parse(group, "--multicast") is not { IsGroup: true, Count: 1, Port: not 0 })
                {
                    throw new UserErrorException($"--multicast '{group}' is no group: it is as 239.2.1.150:7148.");
                }

                settings = settings with { Agent = settings.Agent with { Multicast = [group] } };
            }

            return new BenchRun(settings, new IPEndPoint(LookUp(endpoint), endpoint.Port), name, _terminal)
                .RunAsync(cancellation);
        });
    }

    private Command CreateMemory()
    {
        Command command = new(
            "memory", "Measures receiving from memory, without a network, beside plain copies of the same packets.")
        {
            _heapSize,
            _packetSize,
            _passes,
            _engine,
            _json,
        };
        command.SetAction((parsed, _) => RunAsync(cancellation =>
            new MemoryBench(Read(parsed), _terminal).RunAsync(cancellation)));
        return command;
    }

    private Command WithSearch(Command command, Func<ParseResult, CancellationToken, Task<int>> run)
    {
        foreach (Option option in (Option[])
                 [
                     _heapSize, _packetSize, _seconds, _passes, _precision, _pace, _buffer, _maxHeaps, _ringHeaps, _noPool,
                     _nonTemporal, _plot, _engine, _json,
                 ])
        {
            command.Options.Add(option);
        }

        command.SetAction((parsed, _) => RunAsync(cancellation => run(parsed, cancellation)));
        return command;
    }

    private async Task<int> RunLocalAsync(ParseResult parsed, CancellationToken cancellation)
    {
        BenchSettings settings = Read(parsed);
        await using LocalAgent agent = new(settings.Engine.Name, _terminal);
        IPEndPoint endpoint = await agent.WaitAsync();
        return await new BenchRun(settings, endpoint, endpoint.ToString(), _terminal).RunAsync(cancellation);
    }

    private BenchSettings Read(ParseResult parsed)
    {
        int packetSize = (int)parsed.GetValue(_packetSize) / PacketSizeUnit * PacketSizeUnit;
        long heapSize = parsed.GetValue(_heapSize);
        AgentOptions byDefault = new();
        return new BenchSettings
        {
            HeapSize = (int)heapSize,
            PacketSize = packetSize,
            Engine = parsed.GetRequiredValue(_engine),
            Protocol = Protocol.Own,
            Agent = byDefault with
            {
                Packet = packetSize,
                Buffer = parsed.GetValue(_buffer),
                ConcurrentHeaps = parsed.GetValue(_maxHeaps),
                RingHeaps = parsed.GetValue(_ringHeaps),
                MemoryPool = !parsed.GetValue(_noPool),
                MemoryLower = heapSize,
                MemoryUpper = heapSize + SpareOfPool,
                NonTemporal = parsed.GetValue(_nonTemporal),
            },
            Pace = parsed.GetValue(_pace),
            PassTime = TimeSpan.FromSeconds(parsed.GetValue(_seconds)),
            Passes = (int)parsed.GetValue(_passes),
            Precision = parsed.GetValue(_precision),
            Plot = parsed.GetValue(_plot),
            Json = parsed.GetValue(_json),
        };
    }

    // As the masters of spead2 have it: the pool's blocks have room for a descriptor.
    private const long SpareOfPool = 1024;

    private static async Task<int> RunAsync(Func<CancellationToken, Task<int>> run)
    {
        using var cancellation = new CancellationTokenSource();
        using var interrupt = new Interrupt(cancellation.Cancel);
        try
        {
            return await run(cancellation.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or UserErrorException && cancellation.IsCancellationRequested)
        {
            // Ctrl-C in a terminal goes to the agent, too, so that it may have ended first.
            throw new UserErrorException("The search was interrupted: nothing is known of the rate.");
        }
        catch (ArgumentException e)
        {
            throw new UserErrorException(CommandNames.In(Readable.Sentence(e.Message.Split(" (Parameter")[0])));
        }
    }

    private static IPAddress LookUp(Endpoint endpoint)
    {
        try
        {
            return endpoint.Address ?? Dns.GetHostAddresses(endpoint.Host!, AddressFamily.InterNetwork)[0];
        }
        catch (Exception e) when (e is SocketException or IndexOutOfRangeException)
        {
            throw new UserErrorException($"'{endpoint.Host}' is no host name or address that is known here.");
        }
    }
}
