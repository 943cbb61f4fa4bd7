// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using Spead2.Testing.Engines;

// Tests in parallel are those that wait, not those that work: as many as wait the longest.
[assembly: LevelOfParallelism(12)]

namespace Spead2.Tools.Tests;

/// <summary>`spead2 recv` says why nothing arrives, with the command that cures it, in networks of their own.</summary>
/// <remarks>Most wait until the command has looked at the interfaces; they wait together.</remarks>
[Parallelizable(ParallelScope.All)]
[TestFixture("native")]
[TestFixture("managed")]
public sealed class SilenceTests(string engine)
{
    private const string Group = "239.255.77.1";
    private const string Endpoint = $"{Group}%near0:7148";
    private const string Neighbour = "10.77.0.9";
    private const string Stranger = "10.77.1.9";

    // Longer than it takes until the command looks at what reaches the interfaces, and for how long it does.
    private const string UntilItLooks = "6";

    private static readonly byte[] Packet = PacketFile.Encode(1, new byte[100])[0];

    [Test]
    public void No_packet_at_all_is_said_with_how_to_look_for_them() => NetworkNamespace.Run(() =>
    {
        using CommandProcess receiver = Start(Endpoint, "0.3");

        AssertExplained(End(receiver), "no SPEAD packet, has reached this machine", "tcpdump -c 5 -ni near0 udp port 7148");
    });

    [Test]
    public void Nobody_who_sends_is_seen_at_the_interfaces() => NetworkNamespace.Run(() =>
    {
        using CommandProcess receiver = Start(Endpoint, UntilItLooks);

        AssertExplained(
            End(receiver), "no SPEAD packet, has reached this machine", "tcpdump -c 5 -ni near0 udp port 7148");
    });

    [TestCase("239.255.77.2:7148", "come to another group, 239.255.77.2, from 10.77.0.9:4000 by near0",
        "spead2 recv 239.255.77.2:7148 --interface near0", "0.5")]
    [TestCase("239.255.77.1:7149", "come to another port, 7149, which nobody has",
        "spead2 recv 239.255.77.1:7149 --interface near0", UntilItLooks)]
    public void Wrong_destination_is_named(string to, string cause, string cure, string timeout) => NetworkNamespace.Run(() =>
    {
        // A receiver that ends sooner looks at its end.
        using CommandProcess receiver = Start(Endpoint, timeout);
        using WireSender sender = new("far0");

        AssertExplained(EndWhile(receiver, () => sender.Send(Neighbour, to, Packet)), cause, cure);
    });

    [Test]
    public void Wrong_interface_is_named() => NetworkNamespace.Run(() =>
    {
        using CommandProcess receiver = Start(Endpoint, UntilItLooks);
        using WireSender sender = new("far1");

        AssertExplained(
            EndWhile(receiver, () => sender.Send(Stranger, $"{Group}:7148", Packet)),
            "come by near1, not by near0",
            "spead2 recv 239.255.77.1:7148 --interface near1");
    });

    [TestCase(true)]
    [TestCase(false)]
    public void Reverse_path_filter_is_named(bool looks) => NetworkNamespace.Run(() =>
    {
        SetReversePath("near0", 1);
        using CommandProcess receiver = Start(Endpoint, looks ? UntilItLooks : "0.5");
        using WireSender sender = new("far0");

        AssertExplained(
            EndWhile(receiver, () => sender.Send(Stranger, $"{Group}:7148", Packet)),
            looks ? "10.77.1.9 is reached by near1, but its packets come by near0" : "rp_filter",
            "sysctl -w net.ipv4.conf.near0.rp_filter=2");
    });

    [TestCase(true)]
    [TestCase(false)]
    public void Wrong_checksums_are_named(bool looks) => NetworkNamespace.Run(() =>
    {
        using CommandProcess receiver = Start(Endpoint, looks ? UntilItLooks : "0.5");
        using WireSender sender = new("far0");

        CommandResult result = EndWhile(receiver, () => sender.Send(Neighbour, $"{Group}:7148", Packet, isWrong: true));
        AssertExplained(result, "had a wrong UDP checksum", "ethtool -K IFACE tx off");
        Assert.That(result.Error, Does.Contain("One came from 10.77.0.9:4000 by near0."));
    });

    [Test]
    public void Datagrams_that_are_no_packets_are_not_called_silence() => NetworkNamespace.Run(() =>
    {
        using CommandProcess receiver = Start(Endpoint, "0.5");
        using WireSender sender = new("far0");

        CommandResult result = EndWhile(receiver, () => sender.Send(Neighbour, $"{Group}:7148", new byte[100]));

        Assert.That(result.Lines[^1], Does.EndWith("datagrams did, but none of them is one."));
        Assert.That(result.Error, Does.Not.Contain("has reached this machine"));
        Assert.That(result.ExitCode, Is.EqualTo(3));
    });

    [TestCase("7148")]
    [TestCase("127.0.0.1:7148")]
    public void Loopback_that_is_down_is_named(string endpoint) => NetworkNamespace.Run(() =>
    {
        NetworkNamespace.Ip("link set lo down");
        using CommandProcess receiver = Start(endpoint, "0.3");

        AssertExplained(End(receiver), "lo is down", "ip link set lo up");
    });

    [Test]
    public void Interface_that_goes_down_is_named() => NetworkNamespace.Run(() =>
    {
        using CommandProcess receiver = Start(Endpoint, "0.5");
        NetworkNamespace.Ip("link set near0 down");

        AssertExplained(End(receiver), "near0 is down", "ip link set near0 up");
    });

    [Test]
    public void Address_that_no_interface_has_cannot_be_bound() => NetworkNamespace.Run(() =>
    {
        using CommandProcess receiver = CommandProcess.Start("recv", "10.77.5.1:7148", "--engine", engine);

        AssertRefused(End(receiver), "No interface has the address 10.77.5.1", "ip address add 10.77.5.1/24 dev ");
    });

    [Test]
    public void Process_that_has_the_port_is_named() => NetworkNamespace.Run(() =>
    {
        using Socket owner = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        owner.Bind(new IPEndPoint(IPAddress.Any, 7148));
        using CommandProcess receiver = CommandProcess.Start("recv", "127.0.0.1:7148", "--engine", engine);

        AssertRefused(End(receiver), $"UDP port 7148 is taken by pid {Environment.ProcessId} (", $"kill {Environment.ProcessId}");
    });

    /// <summary>Sets the filter of an interface of this network.</summary>
    internal static void SetReversePath(string device, int mode) =>
        File.WriteAllText($"/proc/sys/net/ipv4/conf/{device}/rp_filter", $"{mode}");

    /// <summary>Does something again and again until a process ends.</summary>
    internal static CommandResult EndWhile(CommandProcess process, Action action)
    {
        Task<CommandResult> end = process.WaitAsync();
        do
        {
            action();
        }
        while (!end.Wait(TimeSpan.FromMilliseconds(20)));
        return end.GetAwaiter().GetResult();
    }

    private static CommandResult End(CommandProcess process) => process.WaitAsync().GetAwaiter().GetResult();

    private static void AssertExplained(CommandResult result, string cause, string cure)
    {
        Assert.That(result.Error, Does.Contain(cause).And.Contain($"Cure: {cure}"));
        Assert.That(result.Lines[^1], Does.StartWith("No packet arrived on UDP "));
        Assert.That(result.ExitCode, Is.EqualTo(3));
    }

    private static void AssertRefused(CommandResult result, string cause, string cure)
    {
        Assert.That(result.Error, Does.Contain(cause).And.Contain($"Cure: {cure}"));
        Assert.That(result.ExitCode, Is.EqualTo(2));
    }

    private CommandProcess Start(string endpoint, string timeout)
    {
        CommandProcess receiver = CommandProcess.Start("recv", endpoint, "--timeout", timeout, "--engine", engine);
        receiver.AwaitListening(1);
        return receiver;
    }
}
