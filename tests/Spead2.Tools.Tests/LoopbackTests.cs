// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;

namespace Spead2.Tools.Tests;

/// <summary>Real processes that send to and receive from each other over loopback.</summary>
[TestFixture("native")]
[TestFixture("managed")]
public sealed class LoopbackTests(string engine)
{
    private const string Heaps = "50";

    // Gigabits per second at which nothing is lost even where the kernel grants little buffer.
    private const string SafeRate = "1";

    [TestCase("127.0.0.1", "40", "1472")]
    [TestCase("127.0.0.1", "48", "8872")]
    [TestCase("127.0.0.1", "40", "1001")]
    [TestCase("::1", "24", "9000")]
    public async Task Receiver_gets_the_heaps_of_a_sender(string host, string flavour, string packetSize)
    {
        if (host == "::1" && !Socket.OSSupportsIPv6)
        {
            Assert.Ignore("There is no IPv6 here.");
        }

        (CommandProcess receiver, int port) =
            await StartReceiverAsync(
                "--bind", host, "--json", "--verify", "--expect", Heaps, "--timeout", "20");
        using (receiver)
        {
            CommandResult sent = await CommandProcess.RunAsync(
                "send", "--udp", $"[{host}]:{port}".Replace("[127.0.0.1]", "127.0.0.1", StringComparison.Ordinal),
                "--heaps", Heaps, "--heap-size", "100003", "--packet-size", packetSize, "--rate", SafeRate,
                "--flavour", flavour, "--json");
            CommandResult received = await receiver.WaitAsync();

            Assert.That(sent.ExitCode, Is.Zero, sent.Error);
            Assert.That(sent.Number("heaps"), Is.EqualTo(50));
            Assert.That(received.ExitCode, Is.Zero, received.Output + received.Error);
            Assert.That(
                received.Heaps.Select(line => line[..line.IndexOf(",\"received\"", StringComparison.Ordinal)]),
                Is.EqualTo(Enumerable.Range(1, 50)
                    .Select(cnt => $"{{\"cnt\":{cnt},\"complete\":true,\"heap_length\":100003")));
            Assert.That(received.Heaps, Is.All.Contains($"\"flavour\":[4,64,{flavour}]"));
            Assert.That(received.Lines[^2], Is.EqualTo("""{"content":{"right":50,"wrong":0}}"""));
            Assert.That(received.Statistics["packets"], Is.EqualTo(sent.Number("packets")));
            Assert.That(received.Statistics["stop_heaps"], Is.EqualTo(1));
        }
    }

    [Test]
    public async Task Missing_heaps_give_exit_code_1()
    {
        (CommandProcess receiver, int port) = await StartReceiverAsync("--expect", "3");
        using (receiver)
        {
            await CommandProcess.RunAsync("send", "--udp", $"127.0.0.1:{port}", "--heaps", "2", "--heap-size", "10");
            CommandResult received = await receiver.WaitAsync();

            Assert.That(received.ExitCode, Is.EqualTo(1));
            Assert.That(received.Output, Does.Match(@"heaps complete +│ +2 ").And.Match(@"heaps lost +│ +1 "));
        }
    }

    [Test]
    public async Task Ctrl_C_ends_receiving_in_good_order_and_shows_the_statistics()
    {
        (CommandProcess receiver, int port) = await StartReceiverAsync("--json");
        using (receiver)
        {
            await CommandProcess.RunAsync(
                "send", "--udp", $"127.0.0.1:{port}", "--heaps", "2", "--heap-size", "100", "--no-stop");
            Assert.That(await receiver.ReadLineAsync(), Does.StartWith("""{"cnt":1,"""));
            Assert.That(await receiver.ReadLineAsync(), Does.StartWith("""{"cnt":2,"""));

            receiver.Interrupt();
            CommandResult received = await receiver.WaitAsync();

            Assert.That(received.ExitCode, Is.Zero, received.Error);
            Assert.That(received.Statistics["heaps"], Is.EqualTo(2));
        }
    }

    [Test]
    public async Task Receiving_stops_after_as_many_heaps_as_were_asked_for()
    {
        (CommandProcess receiver, int port) = await StartReceiverAsync("--json", "--heaps", "3");
        using (receiver)
        {
            await CommandProcess.RunAsync(
                "send", "--udp", $"127.0.0.1:{port}", "--heaps", "5", "--heap-size", "100", "--no-stop");
            CommandResult received = await receiver.WaitAsync();

            Assert.That(received.ExitCode, Is.Zero, received.Error);
            Assert.That(received.Heaps, Has.Length.EqualTo(3));
        }
    }

    [Test]
    public async Task Receiving_stops_when_nothing_arrives_for_the_timeout()
    {
        (CommandProcess receiver, _) = await StartReceiverAsync("--json", "--timeout", "0.1");
        using (receiver)
        {
            CommandResult received = await receiver.WaitAsync();

            Assert.That(received.ExitCode, Is.EqualTo(3), received.Error);
            Assert.That(received.Statistics["packets"], Is.Zero);
        }
    }

    [Test]
    public async Task Options_of_threads_memory_and_copy_receive_the_same_heaps()
    {
        (CommandProcess receiver, int port) = await StartReceiverAsync(
            "--udp", "127.0.0.1:0", "--threads", "2", "--affinity", "0,0", "--mem-pool", "--mem-upper", "200000",
            "--copy", "non-temporal", "--verify", "--expect", "20", "--summary");
        using (receiver)
        {
            await CommandProcess.RunAsync(
                "send", "--udp", $"127.0.0.1:{port}", "--heaps", "20", "--heap-size", "100000", "--rate", SafeRate);
            CommandResult received = await receiver.WaitAsync();

            Assert.That(received.ExitCode, Is.Zero, received.Output + received.Error);
            Assert.That(received.Output, Does.Not.Contain("heap 1:"));
        }
    }

    [Test]
    public async Task Each_heap_is_a_line_for_people()
    {
        (CommandProcess receiver, int port) = await StartReceiverAsync();
        using (receiver)
        {
            await CommandProcess.RunAsync("send", "--udp", $"127.0.0.1:{port}", "--heaps", "2", "--heap-size", "1024");
            CommandResult received = await receiver.WaitAsync();

            Assert.That(
                received.Lines[..2],
                Is.EqualTo(Enumerable.Range(1, 2)
                    .Select(cnt => $"heap {cnt}: complete, 1.0 KiB, SPEAD-64-40, 0x1000 (1.0 KiB)")));
        }
    }

    [Test]
    public async Task Statistics_are_printed_at_every_interval()
    {
        (CommandProcess receiver, int port) = await StartReceiverAsync("--json", "--interval", "0.05", "--summary");
        using (receiver)
        {
            // Some while nothing arrives, then those of the heaps.
            Assert.That(await receiver.ReadLineAsync(), Does.StartWith("""{"interval":{"seconds":0."""));
            Assert.That(await receiver.ReadLineAsync(), Does.Contain("\"complete\":0,").And.Contain("\"heaps\":0,"));
            await CommandProcess.RunAsync(
                "send", "--udp", $"127.0.0.1:{port}", "--heaps", "2", "--heap-size", "1024", "--no-stop");
            string? line;
            do
            {
                line = await receiver.ReadLineAsync();
            }
            while (line is not null && !line.Contains("\"complete\":2,", StringComparison.Ordinal));

            Assert.That(line, Does.Contain("\"stats\":{\"heaps\":2,"));
            receiver.Interrupt();
            CommandResult received = await receiver.WaitAsync();
            Assert.That(received.Output, Does.Contain(""","verdict":{"text":"2 of 2 heaps up to heap 2, none missing."""));
            Assert.That(received.Statistics["heaps"], Is.EqualTo(2));
        }
    }

    [Test]
    public async Task Packet_that_announces_an_enormous_heap_is_counted_and_the_heaps_after_it_arrive()
    {
        (CommandProcess receiver, int port) = await StartReceiverAsync("--json");
        using (receiver)
        {
            using (var attacker = new UdpClient())
            {
                byte[] announces281TB = Convert.FromHexString(
                    "5304020600000004"
                    + "8001000000000001" + "8002ffffffffffff" + "8003000000000000" + "8004000000000004"
                    + "61626364");
                await attacker.SendAsync(announces281TB, new IPEndPoint(IPAddress.Loopback, port));
            }

            await CommandProcess.RunAsync("send", "--udp", $"127.0.0.1:{port}", "--heaps", "2", "--heap-size", "5000");
            CommandResult received = await receiver.WaitAsync();

            Assert.That(received.ExitCode, Is.Zero, received.Error);
            Assert.That(received.Heaps, Has.Length.EqualTo(2));
            Assert.That(received.Statistics["too_large"], Is.EqualTo(1));
        }
    }

    [Test]
    public async Task Rate_of_a_sender_is_kept()
    {
        const double Rate = 0.4;

        CommandResult sent = await CommandProcess.RunAsync(
            "send", "--udp", $"127.0.0.1:{UnusedPort()}", "--heaps", "10", "--rate", "0.4", "--json");

        Assert.That(sent.ExitCode, Is.Zero, sent.Error);
        Assert.That(sent.Number("seconds"), Is.GreaterThan(0.95 * sent.Number("bytes") * 8 / (Rate * 1e9)));
    }

    [Test]
    public async Task Demo_shows_that_nothing_is_lost()
    {
        CommandResult demo = await CommandProcess.RunAsync(
            "demo", "--heaps", "20", "--rate", SafeRate, "--engine", engine);

        Assert.That(demo.ExitCode, Is.Zero, demo.Output + demo.Error);
        Assert.That(
            demo.Output,
            Does.Match(@"heaps complete +│ +20 ")
                .And.Match(@"heaps lost +│ +0 ")
                .And.Match(@"content right +│ +20 ")
                .And.Contain("20 of 20 heaps, none missing.").And.Match(@"heaps +│ +20 "));
    }

    private Task<(CommandProcess Receiver, int Port)> StartReceiverAsync(params string[] arguments) =>
        arguments.Contains("--udp")
            ? CommandProcess.StartReceiverOnAsync([.. arguments, "--engine", engine])
            : CommandProcess.StartReceiverAsync([.. arguments, "--engine", engine]);

    private static int UnusedPort()
    {
        using var socket = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.Client.LocalEndPoint!).Port;
    }
}
