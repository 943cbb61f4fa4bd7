// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Spead2.Testing.Engines;
using Spead2.Tools.Diagnosis;

namespace Spead2.Tools.Tests;

/// <summary>`spead2 doctor` finds what is wrong in networks where something is.</summary>
[TestFixture]
public sealed class DoctorTests
{
    private const string Group = "239.255.77.1";
    private const string Endpoint = $"{Group}%near0:7148";
    private const string Neighbour = "10.77.0.9";
    private const string Stranger = "10.77.1.9";

    private static readonly string[] Nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"];
    private static readonly IPEndPoint Receiver = new(IPAddress.Loopback, 7148);
    private static readonly byte[] Packet = PacketFile.Encode(1, new byte[100])[0];

    [Test]
    public void Machine_without_faults_has_none() => NetworkNamespace.Run(() =>
    {
        Diagnosis result = Run("--seconds", "0");

        Assert.That(result.Faults, Is.Empty, result.Text);
        Assert.That(result.Facts.Keys, Is.SupersetOf(new[] { "lo", "near0", "near1", "socket buffer", "softnet", "processors" }));
        Assert.That(result.Facts["near0"], Does.StartWith("up, MTU 1500, GRO ").And.Contain("rp_filter 0, 10.77.0.1, 10.77.0.2"));
        Assert.That(result.ExitCode, Is.Zero);
    });

    [Test]
    public void Loopback_that_is_down_is_found() => NetworkNamespace.Run(() =>
    {
        NetworkNamespace.Ip("link set lo down");

        AssertFound(Run("--seconds", "0"), "lo-down", "lo is down", "ip link set lo up");
    });

    [Test]
    public void Interface_that_is_down_is_found() => NetworkNamespace.Run(() =>
    {
        NetworkNamespace.Ip("link set near0 down");

        AssertFound(Run("10.77.0.1:7148", "--seconds", "0"), "interface-down", "near0 is down", "ip link set near0 up");
    });

    [Test]
    public void Interface_without_a_carrier_is_found() => NetworkNamespace.Run(() =>
    {
        NetworkNamespace.Ip("link set far0 down");

        AssertFound(Run("10.77.0.1:7148", "--seconds", "0"), "no-carrier", "near0 is up, but has no carrier", "ip -s link show dev near0");
    });

    [Test]
    public void Group_without_a_route_is_found() => NetworkNamespace.Run(() =>
        AssertFound(
            Run($"{Group}:7148", "--seconds", "0"), "no-route", $"There is no route to {Group}", $"spead2 recv {Group}:7148 --interface "));

    [Test]
    public void Address_that_no_interface_has_is_found() => NetworkNamespace.Run(() =>
        AssertFound(
            Run("10.77.5.1:7148", "--seconds", "0"), "no-address", "No interface has the address 10.77.5.1", "ip address add 10.77.5.1/24 dev "));

    [Test]
    public void Reverse_path_filter_is_found() => NetworkNamespace.Run(() =>
    {
        SilenceTests.SetReversePath("near0", 1);
        using WireSender sender = new("far0");

        Diagnosis result = RunWhile(() => sender.Send(Stranger, $"{Group}:7148", Packet), Endpoint, "--seconds", "1");
        AssertFound(result, "reverse-path", "10.77.1.9 is reached by near1", "sysctl -w net.ipv4.conf.near0.rp_filter=2");
        Assert.That(result.Facts["near0"], Does.Contain("rp_filter 1"));
    });

    [Test]
    public void Sender_without_a_route_back_is_found_before_it_sends() => NetworkNamespace.Run(() =>
    {
        SilenceTests.SetReversePath("near0", 2);

        AssertFound(
            Run($"192.0.2.7@{Endpoint}", "--seconds", "0"),
            "reverse-path",
            "There is no route back to 192.0.2.7",
            "ip route add 192.0.2.7/32 dev near0");
    });

    [Test]
    public void Wrong_checksums_are_found() => NetworkNamespace.Run(() =>
    {
        using WireSender sender = new("far0");

        AssertFound(
            RunWhile(() => sender.Send(Neighbour, $"{Group}:7148", Packet, isWrong: true), Endpoint, "--seconds", "1"),
            "checksum",
            "One came from 10.77.0.9:4000 by near0.",
            "ethtool -K IFACE tx off");
    });

    [Test]
    public void Other_group_is_found() => NetworkNamespace.Run(() =>
    {
        using WireSender sender = new("far0");

        AssertFound(
            RunWhile(() => sender.Send(Neighbour, "239.255.77.2:7148", Packet), Endpoint, "--seconds", "1"),
            "other-group",
            "239.255.77.2, from 10.77.0.9:4000 by near0",
            "spead2 recv 239.255.77.2:7148 --interface near0");
    });

    [Test]
    public void Packets_that_do_not_fit_are_found() => NetworkNamespace.Run(() =>
        AssertFound(
            Run(Endpoint, "--packet-size", "8972", "--seconds", "0"), "mtu", "its MTU is 1500", "ip link set dev near0 mtu 9000"));

    [Test]
    public void Group_that_the_receiver_has_not_joined_is_found() => NetworkNamespace.Run(() =>
    {
        using Socket owner = Bound(IPAddress.Parse(Group));

        Diagnosis result = Run(Endpoint, "--seconds", "0");
        AssertFound(result, "not-joined", $"{Group} is not joined on near0", $"spead2 recv {Group}:7148 --interface near0");
        Assert.That(result.Facts[$"group {Group}"], Is.EqualTo("joined by nobody on this machine"));
    });

    [Test]
    public void Process_that_has_the_port_is_found_and_keeps_its_packets() => NetworkNamespace.Run(() =>
    {
        using Socket owner = Bound(IPAddress.Loopback);
        using Socket sender = Sender();
        int sent = 0;
        Diagnosis result = RunWhile(
            () =>
            {
                sender.SendTo(Packet, Receiver);
                sent++;
            },
            "127.0.0.1:7148",
            "--seconds",
            "1");

        AssertFound(
            result, "port-taken", $"UDP port 7148 is taken by pid {Environment.ProcessId} (", $"kill {Environment.ProcessId}");
        Assert.That(result.Facts["UDP 127.0.0.1:7148"], Does.StartWith($"pid {Environment.ProcessId} ("));
        Assert.That(
            result.Facts["first datagram"],
            Is.EqualTo($"from {sender.LocalEndPoint} by lo: SPEAD, heap 1: complete, 100 bytes, SPEAD-64-48, 0x1000 (100 bytes)"));
        byte[] buffer = new byte[2000];
        for (int i = 0; i < sent; i++)
        {
            Assert.That(owner.Receive(buffer), Is.EqualTo(Packet.Length));
        }
    });

    [Test]
    public void Receiver_of_the_same_group_goes_on() => NetworkNamespace.Run(() =>
    {
        using CommandProcess receiver = CommandProcess.Start("recv", Endpoint, "--json", "--timeout", "10");
        receiver.AwaitListening(1);
        using WireSender sender = new("far0");
        ulong cnt = 0;

        Diagnosis result = RunWhile(
            () => sender.Send(Neighbour, $"{Group}:7148", PacketFile.Encode(++cnt, new byte[100])[0]), Endpoint, "--seconds", "1");
        Assert.That(result.Faults, Is.Empty, result.Text);
        Assert.That(result.Facts["first heap"], Does.EndWith("complete, 100 bytes, SPEAD-64-48, 0x1000 (100 bytes), from 10.77.0.9:4000"));
        Assert.That(result.Facts[$"group {Group}"], Is.EqualTo("joined on near0"));
        Assert.That(result.ExitCode, Is.Zero);

        receiver.Interrupt();
        Assert.That(receiver.WaitAsync().GetAwaiter().GetResult().Heaps, Has.Length.EqualTo((int)cnt));
    });

    [Test]
    public void Datagrams_that_are_not_SPEAD_are_found_with_their_sender() => NetworkNamespace.Run(() =>
    {
        using Socket sender = Sender();

        AssertFound(
            RunWhile(() => sender.SendTo("GET / HTTP/1.1\r\n\r\n"u8, Receiver), "127.0.0.1:7148", "--seconds", "1"),
            "foreign",
            $"malformed_magic: 18 bytes from {sender.LocalEndPoint} at ",
            $"tcpdump -c 5 -X -ni any udp and host 127.0.0.1 and port {((IPEndPoint)sender.LocalEndPoint!).Port}");
    });

    [Test]
    public void Silence_is_found() => NetworkNamespace.Run(() =>
        AssertFound(
            Run(Endpoint, "--seconds", "0.1"), "silence", "has reached this machine", "tcpdump -c 5 -ni near0 udp port 7148"));

    [Test]
    public void User_without_privileges_is_told_what_was_not_looked_at() => NetworkNamespace.Run(() =>
    {
        InstalledTree.Require("setpriv");
        const long wanted = 1_000_000_000;
        if (long.Parse(File.ReadAllText("/proc/sys/net/core/rmem_max"), null) >= wanted)
        {
            Assert.Ignore("Every socket buffer is granted on this machine.");
        }

        using Socket owner = Bound(IPAddress.Loopback);
        Diagnosis result = RunCommand(
            Nobody, [Endpoint, "127.0.0.1:7148", "--seconds", "0", "--buffer-size", $"{wanted}"]);

        AssertFound(
            result, "socket-buffer", "Asked for a socket buffer of 1000000000 bytes", $"sysctl -w net.core.rmem_max={wanted}");
        AssertFound(result, "port-taken", "taken by another user's process", "sudo ss -lunp sport = :7148");
        Assert.That(result.Facts["interfaces"], Does.Contain("CAP_NET_RAW"));
    });

    [Test]
    public void User_without_privileges_sees_the_first_heap() => NetworkNamespace.Run(() =>
    {
        InstalledTree.Require("setpriv");
        using Socket sender = Sender();
        ulong cnt = 0;
        Diagnosis result = RunCommand(
            Nobody,
            ["127.0.0.1:7148", "--seconds", "1"],
            () => sender.SendTo(PacketFile.Encode(++cnt, new byte[100])[0], Receiver));

        Assert.That(result.Facts["first heap"], Does.EndWith($"from {sender.LocalEndPoint}"));
    });

    [TestCase("doctor 0", "has no port")]
    [TestCase("doctor 10.0.0.1", "The argument '10.0.0.1' is no endpoint")]
    [TestCase("doctor 7148 --seconds -1", "--seconds must be a number from 0 to 3600")]
    [TestCase("doctor 7148 --packet-size 0", "--packet-size must be a whole number from 1 to 65535")]
    [TestCase("doctor --wrong", "'--wrong' is no command or option here")]
    public async Task Wrong_use_is_exit_code_2(string arguments, string reason)
    {
        CommandResult result = await InProcess.RunAsync(arguments.Split(' '));

        Assert.That(result.Error, Does.Contain(reason));
        Assert.That(result.ExitCode, Is.EqualTo(2));
    }

    [Test]
    public void Sockets_are_read_as_the_kernel_writes_them()
    {
        UdpSocketEntry?[] sockets =
        [
            UdpSocketTable.Parse("   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops"),
            UdpSocketTable.Parse(
                " 5136: 0100007F:1BEC 00000000:0000 07 00000000:00000300 00:00000000 00000000     0        0 4711 2 0000000000000000 9"),
            UdpSocketTable.Parse(
                " 5136: 00000000000000000000000001000000:1BEC 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 "
                + "00000000     0        0 4712 2 0000000000000000 0"),
        ];

        Assert.That(
            sockets,
            Is.EqualTo(new[]
            {
                null,
                new UdpSocketEntry(IPAddress.Loopback, 7148, 0x300, 4711, 9),
                new UdpSocketEntry(IPAddress.IPv6Loopback, 7148, 0, 4712, 0),
            }));
    }

    [Test]
    public void Memberships_are_read_as_the_kernel_writes_them()
    {
        string[] v4 =
        [
            "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter",
            "2\teth1      :     2      V3",
            "\t\t\t\t014DFFEF     1 0:00000000\t\t0",
            "\t\t\t\t010000E0     1 0:00000000\t\t0",
        ];
        string[] v6 = ["2    eth1            ff150000000000000000000000000077     1 0000000C 0"];

        Assert.That(
            Memberships.ReadV4(v4),
            Is.EqualTo(new[] { ("eth1", IPAddress.Parse("239.255.77.1")), ("eth1", IPAddress.Parse("224.0.0.1")) }));
        Assert.That(Memberships.ReadV6(v6), Is.EqualTo(new[] { ("eth1", IPAddress.Parse("ff15::77")) }));
    }

    [Test]
    public void Datagram_that_is_cut_short_is_none([Values(0, 19, 27, 47)] int length)
    {
        byte[] packet = new byte[length];
        packet.AsSpan().Fill(0xff);
        if (length > 0)
        {
            packet[0] = length > 28 ? (byte)0x60 : (byte)0x45;
        }

        Assert.That(DatagramSeen.Parse(packet, "near0"), Is.Null);
    }

    // Not connected: what is sent before somebody listens must not become an error.
    private static Socket Sender()
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    private static Socket Bound(IPAddress address)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 10_000 };
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, Network.Endpoint.IsMulticast(address));
        socket.Bind(new IPEndPoint(address, 7148));
        return socket;
    }

    private static void AssertFound(Diagnosis result, string code, string text, string cure)
    {
        Assert.That(result.Faults, Does.ContainKey(code), result.Text);
        Assert.That(result.Faults[code].Text, Does.Contain(text));
        Assert.That(result.Faults[code].Cure, Does.StartWith(cure));
        Assert.That(result.ExitCode, Is.EqualTo(1));
    }

    private static Diagnosis Run(params string[] arguments) => RunCommand([], arguments);

    private static Diagnosis RunWhile(Action action, params string[] arguments) => RunCommand([], arguments, action);

    /// <summary>Runs the command, below another one; once it listens does something again and again.</summary>
    private static Diagnosis RunCommand(string[] under, string[] arguments, Action? action = null)
    {
        using CommandProcess process = CommandProcess.StartUnder(under, ["doctor", .. arguments, "--json"]);
        if (action is null)
        {
            return new(process.WaitAsync().GetAwaiter().GetResult());
        }

        // It listens beside others, or not at all; both is said before it does.
        return new(SilenceTests.EndWhile(process, action));
    }

    /// <summary>What the command has said.</summary>
    private sealed class Diagnosis
    {
        public Diagnosis(CommandResult result)
        {
            ExitCode = result.ExitCode;
            Text = result.Output + result.Error;
            foreach (string line in result.Lines)
            {
                JsonElement root = JsonDocument.Parse(line).RootElement;
                if (root.TryGetProperty("fact", out JsonElement fact))
                {
                    Facts[fact.GetProperty("topic").GetString()!] = fact.GetProperty("text").GetString()!;
                }
                else if (root.TryGetProperty("finding", out JsonElement finding)
                    && finding.GetProperty("severity").GetString() == "wrong")
                {
                    Faults[finding.GetProperty("code").GetString()!] =
                        (finding.GetProperty("text").GetString()!, finding.GetProperty("cure").GetString()!);
                }
            }
        }

        public int ExitCode { get; }

        public string Text { get; }

        public Dictionary<string, string> Facts { get; } = [];

        public Dictionary<string, (string Text, string Cure)> Faults { get; } = [];
    }
}
