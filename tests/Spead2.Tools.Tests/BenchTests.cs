// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Managed;
using Spead2.Receive;
using Spead2.Send;
using Spead2.Testing.Engines;
using Spead2.Tools.Bench;

namespace Spead2.Tools.Tests;

/// <summary>
/// `spead2 bench`: what is said between masters and agents is held to what was recorded of spead2_bench (spec: A12.1).
/// </summary>
[TestFixture("native")]
[TestFixture("managed")]
public sealed class BenchTests(string engine)
{
    private const int HeapSize = 1_000_000;

    // As the master of `spead2_bench master 127.0.0.1:21001 --heap-size 1000000` writes it.
    private static readonly string[] StartOfText =
    [
        "start", "multicast = ", "tcp = 0", "pyspead = 0", "bind = ", "packet = 9200", "buffer = 8388608",
        "concurrent-heaps = 4", "substreams = 1", "ring-heaps = 4", "mem-pool = 1", "mem-lower = 1000000",
        "mem-upper = 1001024", "mem-max-free = 12", "mem-initial = 8", "ring = 0", "memcpy-nt = 0", "end_config",
    ];

    [Test]
    public async Task Agent_answers_masters_that_speak_lines_of_text()
    {
        (CommandProcess agent, int port) = await StartAgentAsync();
        using (agent)
        {
            using LineConnection master = Connect(port);
            await master.WriteAsync(StartOfText, Deadline);
            Assert.That(await master.ReadLineAsync(Deadline), Is.EqualTo("ready"));
            await SendHeapsAsync(port, 3);
            await master.WriteAsync(["stop"], Deadline);
            Assert.That(await master.ReadLineAsync(Deadline), Is.EqualTo("3"));
        }
    }

    [Test]
    public async Task Agent_takes_options_of_other_versions_and_leaves_out_those_it_does_not_know()
    {
        (CommandProcess agent, int port) = await StartAgentAsync();
        using (agent)
        {
            using LineConnection master = Connect(port);
            await master.WriteAsync(
                [
                    "stop", "dance", "start", "# a comment", "", "packet=9200 # a comment", "ibv = 1", "ibv-vector = 0",
                    "shiny-new-option = 1", "buffer = large", "ring-heaps", "end_config",
                ],
                Deadline);
            Assert.That(await master.ReadLineAsync(Deadline), Is.EqualTo("ready"));
            await master.WriteAsync(["start", "end_config"], Deadline);
            await SendHeapsAsync(port, 2);
            await master.WriteAsync(["stop"], Deadline);
            Assert.That(await master.ReadLineAsync(Deadline), Is.EqualTo("2"));
            await master.WriteAsync(["exit"], Deadline);
            Assert.That(await master.ReadLineAsync(Deadline), Is.Null);
            agent.Interrupt();
            CommandResult result = await agent.WaitAsync();
            Assert.That(result.ExitCode, Is.Zero, result.Error);
            Assert.That(result.Error.Split('\n').Skip(1).SkipLast(1), Is.EqualTo((string[])
            [
                "The master ends a pass, but none is running.",
                "The master says 'dance', which is no command.",
                "An option of the master is left out: there is no option shiny-new-option.",
                "An option of the master is left out: buffer cannot be 'large'.",
                "An option of the master is left out: 'ring-heaps' is no option: those are NAME = VALUE.",
                "The master starts a pass, but one is running.",
            ]));
        }
    }

    [Test]
    public async Task Agent_answers_masters_that_speak_JSON()
    {
        (CommandProcess agent, int port) = await StartAgentAsync();
        using (agent)
        {
            using LineConnection master = Connect(port);
            await master.WriteAsync(
                [
                    """
                    {"cmd": "start", "args": {"endpoint": "127.0.0.1:21001", "multicast": null, "rate_method": "AUTO"},
                    """.Trim() + """
                     "protocol": {"tcp": false, "pyspead": false}, "receiver": {"buffer": 8388608, "bind": null,
                    """.Trim() + """
                     "threads": 1, "affinity": null, "memcpy_nt": false, "concurrent_heaps": 4, "substreams": 1,
                    """.Trim() + """
                     "ring_heaps": 4, "mem_pool": true, "mem_lower": 1000000, "mem_upper": 1001024, "mem_max_free": 12,
                    """.Trim() + """
                     "mem_initial": 8, "packet": 9200}}
                    """.Trim(),
                ],
                Deadline);
            Assert.That(await master.ReadLineAsync(Deadline), Is.EqualTo("ready"));
            await SendHeapsAsync(port, 3);
            await master.WriteAsync(["""{"cmd": "stop"}"""], Deadline);
            Assert.That(await master.ReadLineAsync(Deadline), Is.EqualTo("""{"received_heaps":3}"""));
            await master.WriteAsync(["""{"cmd": "exit"}"""], Deadline);
            Assert.That(await master.ReadLineAsync(Deadline), Is.Null);
        }
    }

    [Test]
    public async Task Agent_serves_the_next_master_after_one_that_was_wrong_or_is_gone()
    {
        (CommandProcess agent, int port) = await StartAgentAsync();
        using (agent)
        {
            foreach (string[] lines in (string[][])
                     [
                         ["{\"cmd\": \"start\", "], ["{\"cmd\": \"start\", \"receiver\": {\"packet\": \"many\"}}"], [new string('x', 70_000)],
                     ])
            {
                using LineConnection wrong = Connect(port);
                await wrong.WriteAsync(lines, Deadline);
                Assert.That(await IsClosedAsync(wrong), lines[0][..10]);
            }

            using (LineConnection gone = Connect(port))
            {
                await gone.WriteAsync(StartOfText, Deadline);
                Assert.That(await gone.ReadLineAsync(Deadline), Is.EqualTo("ready"));
            }

            using LineConnection refused = Connect(port);
            await refused.WriteAsync(["start", "tcp = 1", "end_config"], Deadline);
            Assert.That(await refused.ReadLineAsync(Deadline), Is.EqualTo("error: TCP is not measured; UDP is."));
            await refused.WriteAsync(["start", "substreams = 0", "end_config"], Deadline);
            Assert.That(await refused.ReadLineAsync(Deadline), Does.StartWith("error: "));
            await refused.WriteAsync(["""{"cmd":"start","protocol":{"tcp":true}}"""], Deadline);
            Assert.That(await refused.ReadLineAsync(Deadline), Is.EqualTo("""{"error":"TCP is not measured; UDP is."}"""));
            await refused.WriteAsync(StartOfText, Deadline);
            Assert.That(await refused.ReadLineAsync(Deadline), Is.EqualTo("ready"));
        }
    }

    [Test]
    public async Task Heap_that_lacks_a_packet_is_not_counted_and_its_pass_ends_without_a_stop_heap()
    {
        (CommandProcess agent, int port) = await StartAgentAsync();
        using (agent)
        {
            using LineConnection master = Connect(port);
            await master.WriteAsync(["""{"cmd":"start","spead2_bench":1,"receiver":{}}"""], Deadline);
            Assert.That(await master.ReadLineAsync(Deadline), Is.EqualTo($$"""{"ready":true,"port":{{port}}}"""));
            await SendHeapsAsync(port, 8, drop: packet => packet == 5, stop: false);
            await master.WriteAsync(["""{"cmd":"stop"}"""], Deadline);
            using JsonDocument answer = JsonDocument.Parse((await master.ReadLineAsync(Deadline))!);
            PassReport report = PassReport.Read(answer.RootElement);
            Assert.That(report.Heaps, Is.EqualTo(7));
            Assert.That(report.Loss["packets_missing"], Is.EqualTo(1));
            Assert.That(report.Latencies, Is.Empty);
            Assert.That(report.Cpu, Is.GreaterThan(TimeSpan.Zero));
        }
    }

    [TestCase("text", 0x1234)]
    [TestCase("json", 0x1000)]
    public async Task Master_speaks_to_agents_of_other_tools(string protocol, long itemId)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        Task<CommandResult> master = InProcess.RunAsync(
            "bench", "master", $"127.0.0.1:{port}", "--protocol", protocol, "--heap-size", $"{HeapSize}", "--engine", engine,
            "--passes", "1", "--seconds", "0.05", "--precision", "1", "--json");
        for (int pass = 0; pass < 2; pass++)
        {
            using LineConnection connection = new(await listener.AcceptSocketAsync());
            await CheckStartAsync(connection, protocol);
            using var stream = new ManagedReceiveStream(
                new ReceiveStreamOptions { MaxHeaps = 64, RingHeaps = 4096 }, NullLogger.Instance);
            stream.Add(new UdpSourceOptions { Port = port, BindHost = "127.0.0.1", BufferSize = 8 << 20 });
            await connection.WriteAsync(["ready"], Deadline);
            Task<int> received = ReadHeapsAsync(stream, protocol, itemId);
            Assert.That(await connection.ReadLineAsync(Deadline), Is.EqualTo(protocol == "text" ? "stop" : """{"cmd":"stop"}"""));

            // A heap may be lost where there is little buffer: the answer is as if none had been.
            stream.Stop();
            Assert.That(await received, Is.GreaterThan(0));
            await connection.WriteAsync([protocol == "text" ? "1000000" : """{"received_heaps": 1000000}"""], Deadline);
            Assert.That(await connection.ReadLineAsync(Deadline), Is.Null);
        }

        CommandResult result = await master;
        Assert.That(result.ExitCode, Is.Zero, result.Error);
        Assert.That(result.Lines, Has.Length.EqualTo(2));
        Assert.That(result.Lines[1], Does.Contain("\"limited_by_sender\":true").And.Contain("Sustainable rate: at least "));
    }

    [Test]
    public async Task Search_over_loopback_says_what_it_tried_and_found()
    {
        string plot = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"bench-{engine}.svg");
        CommandResult result = await CommandProcess.RunAsync(
            "bench", "--engine", engine, "--heap-size", "65536", "--seconds", "0.02", "--passes", "1", "--precision", "0.5",
            "--plot", plot, "--json");

        using JsonDocument last = JsonDocument.Parse(result.Lines[^1]);
        JsonElement found = last.RootElement.GetProperty("result");
        bool any = found.GetProperty("gigabits_per_second").ValueKind == JsonValueKind.Number;
        Assert.That(result.ExitCode, Is.EqualTo(any ? 0 : 1), result.Error);
        foreach (string line in result.Lines[..^1])
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement step = document.RootElement.GetProperty("step");
            Assert.That(step.GetProperty("receiver_cpu_seconds_per_gigabyte").GetDouble(), Is.GreaterThan(0));
            Assert.That(step.GetProperty("sender_cpu_seconds_per_gigabyte").GetDouble(), Is.GreaterThan(0));
            if (step.GetProperty("asked_gigabits_per_second").GetDouble() > 0)
            {
                Assert.That(step.GetProperty("latency_nanoseconds").GetProperty("max").GetDouble(), Is.GreaterThan(0));
            }
        }

        var picture = System.Xml.Linq.XDocument.Load(plot);
        Assert.That(
            picture.Root!.Elements().Count(element => element.Name.LocalName == "circle"), Is.EqualTo(result.Lines.Length - 1));
    }

    [Test]
    public async Task Table_of_rates_fits_on_80_columns()
    {
        CommandResult result = await CommandProcess.RunAsync(
            "bench", "--engine", engine, "--heap-size", "65536", "--seconds", "0.02", "--passes", "1", "--precision", "1");

        IEnumerable<string> table = result.Output.Split('\n').SkipWhile(line => !line.StartsWith('╭')).TakeWhile(line => !line.StartsWith('╰'));
        Assert.That(table.Count(), Is.GreaterThan(3), result.Output);
        Assert.That(table.Select(line => line.Length), Is.All.AtMost(80), result.Output);
        Assert.That(table.ElementAt(1), Does.Contain("CPU s/GB"));
    }

    [Test]
    public async Task Interrupted_search_says_so_and_leaves_no_agent()
    {
        using CommandProcess search = CommandProcess.Start("bench", "--engine", engine, "--heap-size", "65536", "--seconds", "3600");
        int agent = AgentOf(search);
        search.InterruptAll();
        CommandResult result = await search.WaitAsync();

        Assert.That(result.ExitCode, Is.EqualTo(2), result.Error);
        Assert.That(result.Error, Does.EndWith("The search was interrupted: nothing is known of the rate.\n"));
        Assert.That(CommandProcess.IsRunning(agent), Is.False);
    }

    [Test]
    public void Killed_search_leaves_no_agent()
    {
        using CommandProcess search = CommandProcess.Start("bench", "--engine", engine, "--heap-size", "65536", "--seconds", "3600");
        int agent = AgentOf(search);
        search.Kill();

        Poll.Until(() => !CommandProcess.IsRunning(agent), "the agent has ended");
    }

    [Test]
    public async Task Memory_is_measured_beside_plain_copies()
    {
        CommandResult json = await InProcess.RunAsync("bench", "memory", "--engine", engine, "--passes", "1", "--json");
        CommandResult table = await InProcess.RunAsync("bench", "memory", "--engine", engine, "--passes", "1");

        using JsonDocument document = JsonDocument.Parse(json.Output);
        Assert.That(document.RootElement.GetProperty("heaps").GetInt64(), Is.EqualTo(256));
        Assert.That(document.RootElement.GetProperty("times_memcpy").GetProperty("median").GetDouble(), Is.GreaterThan(0));
        Assert.That(table.Output, Does.Contain("times memcpy").And.Contain(" Gb/s of packets."));
    }

    [Test]
    public async Task What_cannot_be_measured_is_said()
    {
        int port;
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            port = ((IPEndPoint)free.LocalEndpoint).Port;
        }

        await RefusesAsync($"There is no agent at 127.0.0.1:{port}: ", "master", $"127.0.0.1:{port}");
        using var taken = new TcpListener(IPAddress.Loopback, port);
        taken.Start();
        await RefusesAsync($"The agent cannot listen on 127.0.0.1 port {port}: ", "agent", $"127.0.0.1:{port}");
        await CheckRefusedPortAsync();
        await RefusesAsync("AGENT '21000' is no agent: ", "master", "21000");
        await RefusesAsync("--protocol must be one of own, text, json, not 'xml'.", "master", "127.0.0.1:1", "--protocol", "xml");
        await RefusesAsync("--multicast '127.0.0.1:7148' is no group: ", "master", "127.0.0.1:1", "--multicast", "127.0.0.1:7148");
        await RefusesAsync("'no.such.host.invalid' is no host name ", "master", "no.such.host.invalid:21000");
    }

    // Nobody waits for so long, so that a conversation that has stalled fails.
    private static CancellationToken Deadline => new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token;

    private static async Task<bool> IsClosedAsync(LineConnection connection)
    {
        try
        {
            return await connection.ReadLineAsync(Deadline) is null;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // What had not been read was thrown away.
            return true;
        }
    }

    private static async Task RefusesAsync(string message, params string[] arguments)
    {
        CommandResult result = await InProcess.RunAsync(["bench", .. arguments]);

        Assert.That(result.ExitCode, Is.EqualTo(2), result.Error);
        Assert.That(result.Error, Does.StartWith(message));
        Assert.That(result.Output, Is.Empty);
    }

    /// <summary>The port of UDP is in use where the agent has that of TCP: the master says what the agent says.</summary>
    private async Task CheckRefusedPortAsync()
    {
        (CommandProcess agent, int port) = await StartAgentAsync();
        using (agent)
        using (UdpClient udp = new(new IPEndPoint(IPAddress.Loopback, port)))
        {
            await RefusesAsync(
                $"The agent at 127.0.0.1:{port} does not begin: cannot bind to UDP port {port} of 127.0.0.1: ",
                "master", $"127.0.0.1:{port}");
        }
    }

    private static async Task CheckStartAsync(LineConnection connection, string protocol)
    {
        if (protocol == "text")
        {
            foreach (string expected in StartOfText)
            {
                Assert.That(await connection.ReadLineAsync(Deadline), Is.EqualTo(expected));
            }

            return;
        }

        using JsonDocument start = JsonDocument.Parse((await connection.ReadLineAsync(Deadline))!);
        JsonElement receiver = start.RootElement.GetProperty("receiver");
        Assert.That(start.RootElement.GetProperty("cmd").GetString(), Is.EqualTo("start"));
        Assert.That(start.RootElement.GetProperty("protocol").GetProperty("tcp").GetBoolean(), Is.False);
        Assert.That(receiver.GetProperty("mem_upper").GetInt64(), Is.EqualTo(HeapSize + 1024));
        Assert.That(receiver.GetProperty("packet").GetInt64(), Is.EqualTo(9200));
    }

    private static async Task<int> ReadHeapsAsync(ManagedReceiveStream stream, string protocol, long itemId)
    {
        int count = 0;
        await foreach (Heap heap in stream.ReadAllAsync())
        {
            using (heap)
            {
                bool describes = heap.Items.Any(item => item.Id == ItemId.Descriptor);
                Assert.That(describes, Is.EqualTo(protocol == "json" && heap.Cnt == 1), $"heap {heap.Cnt}");
                Assert.That(heap.Items.Single(item => item.Id == itemId).Length, Is.EqualTo(HeapSize));
                Assert.That(heap.Flavour.AddressBits, Is.EqualTo(40));
            }

            count++;
        }

        return count;
    }

    private static LineConnection Connect(int port)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(IPAddress.Loopback, port);
        return new LineConnection(socket);
    }

    private static async Task SendHeapsAsync(int port, int heaps, Func<int, bool>? drop = null, bool stop = true)
    {
        int packet = 0;
        using UdpClient socket = new();
        await using ManagedSendStream stream = new(new SendStreamOptions { MaxPacketSize = 9200, Rate = 125_000_000 });
        stream.Add(new FunctionWriterOptions((_, bytes) =>
        {
            if (drop?.Invoke(packet++) != true)
            {
                socket.Client.SendTo(bytes, new IPEndPoint(IPAddress.Loopback, port));
            }
        }));
        HeapToSend heap = new();
        heap.AddItem(0x1234, new byte[HeapSize], allowImmediate: false);
        for (int i = 0; i < heaps; i++)
        {
            (await stream.SendAsync(heap)).ThrowIfFailed();
        }

        if (stop)
        {
            HeapToSend end = new();
            end.AddEnd();
            (await stream.SendAsync(end)).ThrowIfFailed();
        }
    }

    /// <summary>The agent of a search, which listens.</summary>
    private static int AgentOf(CommandProcess search)
    {
        int agent = 0;
        Poll.Until(() => search.Children() is [int child] && (agent = child) > 0 && CommandProcess.HasTcp(child), "an agent listens");
        return agent;
    }

    private Task<(CommandProcess Receiver, int Port)> StartAgentAsync() => CommandProcess.StartListeningAsync(
        "dotnet", Path.Combine(AppContext.BaseDirectory, "Spead2.Tools.dll"), "bench", "agent", "127.0.0.1:0", "--engine", engine);
}
