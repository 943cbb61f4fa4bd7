// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;

namespace Spead2.Tools.Tests;

/// <summary>What `spead2 send` sends, as plain sockets receive it.</summary>
[TestFixture("native")]
[TestFixture("managed")]
public sealed class SendTests(string engine)
{
    private const int HeadSize = 40;
    private const int StopControl = 6;

    [Test]
    public async Task Heaps_take_turns_and_each_destination_gets_a_stop()
    {
        using Receiver first = new();
        using Receiver second = new();

        CommandResult sent = await SendAsync(
            "--udp", first.Endpoint, "--udp", second.Endpoint, "--heaps", "5", "--heap-size", "100");

        Assert.That(sent.ExitCode, Is.Zero, sent.Error);
        Assert.That(first.Take(4).Select(Cnt), Is.EqualTo(new[] { 1, 3, 5, 6 }));
        Assert.That(second.Take(3).Select(Cnt), Is.EqualTo(new[] { 2, 4, 7 }));
        Assert.That(sent.Number("heaps"), Is.EqualTo(5));
        Assert.That(sent.Number("packets"), Is.EqualTo(7));
        Assert.That(sent.Number("packets_failed"), Is.Zero);
    }

    [Test]
    public async Task Each_destination_gets_the_descriptors()
    {
        using Receiver first = new();
        using Receiver second = new();

        CommandResult sent = await SendAsync(
            "--udp", first.Endpoint, "--udp", second.Endpoint, "--items", "--heaps", "4", "--packet-size", "32768",
            "--no-stop");

        Assert.That(sent.ExitCode, Is.Zero, sent.Error);
        foreach (Receiver receiver in (Receiver[])[first, second])
        {
            byte[][] heaps = receiver.Take(2);
            Assert.That(heaps.Select(HasDescriptor), Is.EqualTo(new[] { true, false }));
        }
    }

    [Test]
    public async Task Every_packet_has_all_item_pointers_where_they_are_repeated()
    {
        using Receiver receiver = new();

        CommandResult sent = await SendAsync(
            "--udp", receiver.Endpoint, "--heap-size", "100", "--packet-size", "72", "--repeat-pointers", "--no-stop",
            "--max-heaps", "2", "--heaps", "3");

        Assert.That(sent.ExitCode, Is.Zero, sent.Error);
        Assert.That(receiver.Take(15).Select(packet => (int)packet[7]), Is.All.EqualTo(5));
    }

    [Test]
    public async Task Lost_and_repeated_packets_are_counted_and_the_stop_arrives()
    {
        using Receiver receiver = new();

        CommandResult sent = await SendAsync(
            "--udp", receiver.Endpoint, "--heaps", "200", "--heap-size", "100", "--drop", "10%", "--duplicate", "0.1",
            "--reorder", "3", "--seed", "7");

        Assert.That(sent.ExitCode, Is.Zero, sent.Error);
        long dropped = (long)sent.Number("packets_dropped");
        long duplicated = (long)sent.Number("packets_duplicated");
        Assert.That(dropped, Is.Positive);
        Assert.That(duplicated, Is.Positive);
        Assert.That(sent.Number("packets_reordered"), Is.Positive);
        byte[][] packets = receiver.Take((int)(201 - dropped + duplicated));
        Assert.That(packets[^1][HeadSize + 1], Is.EqualTo(0));
        Assert.That(packets[^1][HeadSize + 2], Is.EqualTo(StopControl));
        Assert.That(receiver.IsEmpty);
    }

    [TestCase("127.0.0.2", "127.0.0.2")]
    [TestCase("127.0.0.2", "127.0.0.2", "--reorder", "1")]
    [TestCase("localhost", "127.0.0.1")]
    [TestCase("localhost", "127.0.0.1", "--reorder", "1")]
    public async Task Packets_come_from_the_host_that_was_asked_for(string host, string address, params string[] more)
    {
        using Receiver receiver = new();

        CommandResult sent = await SendAsync(
            ["--udp", receiver.Endpoint, "--bind", host, "--heap-size", "10", .. more]);

        Assert.That(sent.ExitCode, Is.Zero, sent.Error);
        Assert.That(receiver.TakeSender(), Is.EqualTo(IPAddress.Parse(address)));
    }

    [Test]
    public async Task Refused_packets_are_counted_and_explained()
    {
        // The broadcast address is refused to sockets that have not asked for it.
        CommandResult sent = await SendAsync("--udp", "255.255.255.255:7148", "--heap-size", "10", "--no-stop");

        Assert.That(sent.ExitCode, Is.EqualTo(1));
        Assert.That(sent.Error, Does.Contain("error: packets cannot be sent to 255.255.255.255:7148: Permission denied."));
        Assert.That(sent.Number("packets_failed"), Is.EqualTo(1));
    }

    [TestCase("--udp", "7148")]
    [TestCase("--udp", "10.0.0.1@239.2.1.1:7148")]
    [TestCase("--ttl", "127.0.0.1:7148", "--ttl", "2")]
    [TestCase("--interface", "239.2.1.1:7148", "--interface", "nosuchdevice")]
    [TestCase("--interface", "239.2.1.1:7148", "--interface", "192.0.2.1")]
    [TestCase("'::1' has no address of the kind that the destination has", "127.0.0.1:7148", "--bind", "::1")]
    [TestCase("'no such host' is no host name", "127.0.0.1:7148", "--bind", "no such host")]
    [TestCase("--pace", "127.0.0.1:7148", "--pace")]
    [TestCase("--drop", "127.0.0.1:7148", "--drop", "101%")]
    [TestCase("--reorder", "127.0.0.1:7148", "--reorder", "1001")]
    [TestCase("--packet-size", "127.0.0.1:7148", "--dialect", "pyspead", "--heap-size", "2000")]
    public async Task What_cannot_be_sent_is_refused(string said, string udp, params string[] arguments)
    {
        CommandResult sent = await SendAsync(["--udp", udp, .. arguments]);

        Assert.That(sent.ExitCode, Is.EqualTo(2));
        Assert.That(sent.Error, Does.Contain(said));
    }

    private static int Cnt(byte[] packet) => packet[15];

    private static bool HasDescriptor(byte[] packet) =>
        Enumerable.Range(5, packet[7] - 4).Any(i => packet[(8 * i) + 1] == 0 && packet[(8 * i) + 2] == 5);

    private Task<CommandResult> SendAsync(params string[] arguments) =>
        InProcess.RunAsync(["send", "--json", "--engine", engine, .. arguments]);

    private sealed class Receiver : IDisposable
    {
        private readonly UdpClient _socket = new(new IPEndPoint(IPAddress.Loopback, 0));

        public Receiver() => _socket.Client.ReceiveTimeout = 10_000;

        public string Endpoint => _socket.Client.LocalEndPoint!.ToString()!;

        public bool IsEmpty => _socket.Available == 0;

        public byte[][] Take(int count) => [.. Enumerable.Range(0, count).Select(_ => Next(out IPEndPoint _))];

        public IPAddress TakeSender()
        {
            Next(out IPEndPoint sender);
            return sender.Address;
        }

        public void Dispose() => _socket.Dispose();

        private byte[] Next(out IPEndPoint sender)
        {
            IPEndPoint from = new(IPAddress.Any, 0);
            byte[] packet = _socket.Receive(ref from!);
            sender = from;
            return packet;
        }
    }
}
