// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using Spead2.Testing.Engines;

namespace Spead2.Tools.Tests;

/// <summary>`spead2 recv --tcp` says why nothing arrives by what is known of connections, not of datagrams.</summary>
[TestFixture("native")]
[TestFixture("managed")]
[Platform("Linux")]
public sealed class TcpSilenceTests(string engine)
{
    // A packet of 64 bytes.
    private static readonly byte[] Packet = Convert.FromHexString(
        "5304030500000005800001000000000180000200000000108000030000000000800004000000001000100000000000" +
        "00000102030405060708090a0b0c0d0e0f");

    [Test]
    public async Task Nobody_who_connects_is_said()
    {
        (CommandProcess receiver, int port) = await StartAsync("0.3");
        using (receiver)
        {
            await AssertExplainedAsync(
                receiver, $"Nobody has connected to TCP port {port}", $"nc -vz 127.0.0.1 {port} (on the sender)", ".");
        }
    }

    [Test]
    public async Task Connection_without_a_byte_is_said()
    {
        (CommandProcess receiver, int port) = await StartAsync("20");
        using (receiver)
        {
            string sender = await SendAsync(port, []);

            await AssertExplainedAsync(
                receiver,
                $"A connection was made, but not a byte has come from {sender}",
                $"ss -tnpo dport = :{port} (on the sender)",
                ".");
        }
    }

    [Test]
    public async Task Bytes_that_are_no_packet_are_said()
    {
        (CommandProcess receiver, int port) = await StartAsync("20");
        using (receiver)
        {
            string sender = await SendAsync(port, new byte[2048]);

            CommandResult result = await AssertExplainedAsync(
                receiver,
                $"2.0 KiB have come from {sender} by 1 connection, but no whole SPEAD packet is among them.",
                $"tcpdump -c 5 -Xni any tcp port {port}",
                ": bytes did, but no packet that can be used is among them.");
            Assert.That(result.Error, Does.Contain("The first bytes refused as malformed_magic"));
        }
    }

    [Test]
    public async Task Packets_that_are_too_large_are_said()
    {
        (CommandProcess receiver, int port) = await StartAsync("20", "--max-size", "60");
        using (receiver)
        {
            await SendAsync(port, Packet);

            await AssertExplainedAsync(
                receiver,
                "but all packets were larger than --max-size, 60 bytes.",
                $"spead2 recv --tcp {port} --max-size 16777216",
                ": bytes did, but no packet that can be used is among them.");
        }
    }

    [Test]
    public async Task Connection_that_brings_nothing_is_said_after_a_while()
    {
        (CommandProcess receiver, int port) = await StartAsync("4");
        using (receiver)
        using (Socket sender = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            await sender.ConnectAsync(IPAddress.Loopback, port);
            await sender.SendAsync(new byte[10]);

            CommandResult result = await receiver.WaitAsync();
            Assert.That(result.Error, Does.Contain($"No packet has arrived on TCP 127.0.0.1 port {port} for 3 s."));
            Assert.That(result.Error.Split("10 bytes have come from"), Has.Length.EqualTo(2), result.Error);
        }
    }

    [Test]
    public void Loopback_that_is_down_is_named() => NetworkNamespace.Run(() =>
    {
        NetworkNamespace.Ip("link set lo down");
        (CommandProcess receiver, _) = StartAsync("0.3").GetAwaiter().GetResult();
        using (receiver)
        {
            AssertExplainedAsync(receiver, "lo is down", "ip link set lo up", ".").GetAwaiter().GetResult();
        }
    });

    [Test]
    public void Sender_of_datagrams_is_named() => NetworkNamespace.Run(() =>
    {
        (CommandProcess receiver, int port) = StartAsync("0.5").GetAwaiter().GetResult();
        using (receiver)
        using (Socket sender = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp))
        {
            sender.SendTo(Packet, new IPEndPoint(IPAddress.Loopback, port));

            AssertExplainedAsync(receiver, "Does the sender send by UDP?", $"spead2 recv {port}", ".").GetAwaiter().GetResult();
        }
    });

    private static async Task<string> SendAsync(int port, byte[] bytes)
    {
        using Socket sender = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await sender.ConnectAsync(IPAddress.Loopback, port);
        if (bytes.Length > 0)
        {
            await sender.SendAsync(bytes);
        }

        return $"{sender.LocalEndPoint}";
    }

    private static async Task<CommandResult> AssertExplainedAsync(
        CommandProcess receiver, string cause, string cure, string verdictEnd)
    {
        CommandResult result = await receiver.WaitAsync();
        Assert.That(result.Error, Does.Contain(cause).And.Contain($"Cure: {cure}"));
        Assert.That(result.Error, Does.Not.Contain("tcpdump -c 5 -ni").And.Not.Contain("The kernel has dropped no datagram"));
        Assert.That(
            result.Lines[^1], Does.Match(@"^No packet arrived on TCP 127\.0\.0\.1 port \d+").And.EndsWith(verdictEnd));
        Assert.That(result.ExitCode, Is.EqualTo(3));
        return result;
    }

    private Task<(CommandProcess Receiver, int Port)> StartAsync(string timeout, params string[] arguments) =>
        CommandProcess.StartReceiverOnAsync(
            ["--tcp", "127.0.0.1:0", "--timeout", timeout, "--engine", engine, .. arguments]);
}
