// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Spead2.Testing.Engines;

namespace Spead2.Tools.Tests;

/// <summary>`spead2 dump` and `spead2 replay`.</summary>
public sealed class CaptureCommandsTests
{
    private static readonly byte[] Junk = [1, 2, 3, 4, 5, 6, 7, 8, 9];

    private static string[] Lines(CommandResult result) =>
        result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    [Test]
    public async Task Packets_are_explained_field_by_field()
    {
        string path = Captures.Write(Captures.Pcap([.. Packets.OfHeaps(2), Junk]));

        CommandResult result = await InProcess.RunAsync("dump", path);

        Assert.That(result.ExitCode, Is.Zero, result.Error);
        string[] lines = Lines(result);
        Assert.Multiple(() =>
        {
            Assert.That(lines, Has.Length.EqualTo(3));
            Assert.That(
                lines[1],
                Is.EqualTo("2 2023-11-14T22:13:20.001000000Z 10.0.0.1:40000 > 239.2.1.150:7148 112 bytes: "
                    + "SPEAD-64-40 heap 2, bytes 0 to 64 of 64, 0x1000 at 0"));
            Assert.That(lines[2], Does.EndWith("9 bytes: no SPEAD packet: it does not start with the magic number 0x53 and version 4"));
            Assert.That(result.Error, Does.Contain("3 datagrams in 3 frames, of which 0 were not used."));
        });
    }

    [Test]
    public async Task Packets_are_explained_in_json()
    {
        string path = Captures.Write(Captures.Pcap([.. Packets.OfHeaps(1), Junk]));

        CommandResult result = await InProcess.RunAsync("dump", path, "--json");

        JsonElement[] lines = [.. Lines(result).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Multiple(() =>
        {
            Assert.That(lines[0].GetProperty("cnt").GetInt64(), Is.EqualTo(1));
            Assert.That(lines[0].GetProperty("heap_length").GetInt64(), Is.EqualTo(64));
            Assert.That(lines[0].GetProperty("time_ns").GetInt64(), Is.EqualTo(1_700_000_000_000_000_000));
            Assert.That(lines[0].GetProperty("source").GetString(), Is.EqualTo("10.0.0.1:40000"));
            Assert.That(lines[0].GetProperty("items")[0].GetProperty("id").GetInt64(), Is.EqualTo(0x1000));
            Assert.That(lines[0].GetProperty("items")[0].GetProperty("address").GetInt64(), Is.Zero);
            Assert.That(lines[1].GetProperty("fault").GetString(), Does.Contain("magic"));
        });
    }

    [Test]
    public async Task Dump_stops_after_as_many_datagrams_as_are_wanted()
    {
        string path = Captures.Write(Captures.Pcap(Packets.OfHeaps(9)));

        CommandResult result = await InProcess.RunAsync("dump", path, "--count", "4");

        Assert.That(Lines(result), Has.Length.EqualTo(4));
    }

    [Test]
    public async Task End_within_a_record_and_frames_of_others_are_told()
    {
        byte[] capture = Captures.Pcap(Packets.OfHeaps(3));
        string path = Captures.Write(capture[..^5]);

        CommandResult result = await InProcess.RunAsync("dump", path, "--only", "239.2.1.151:0");

        Assert.That(result.Output, Is.Empty);
        Assert.That(result.Error, Does.Contain("0 datagrams in 2 frames, of which 2 were not used."));
        Assert.That(result.Error, Does.Contain($"warning: '{path}' ends within a record."));
    }

    // A millisecond apart in the capture.
    [TestCase(0.5, "--speed", "0.5")]
    [TestCase(1, "--speed", "1")]
    [TestCase(10, "--speed", "10")]
    [TestCase(0, "--speed", "max")]
    [TestCase(0, "--rate", "1")]
    public async Task Datagrams_are_replayed_in_time(double speed, string option, string value)
    {
        IReadOnlyList<ReadOnlyMemory<byte>> packets = Packets.OfHeaps(51);
        string path = Captures.Write(Captures.Pcap(packets));
        using Socket receiver = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 20_000 };
        receiver.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        string to = $"{receiver.LocalEndPoint}";

        CommandResult result = await InProcess.RunAsync("replay", path, "--to", to, "--json", option, value);

        Assert.That(result.ExitCode, Is.Zero, result.Error);
        byte[] datagram = new byte[2000];
        foreach (ReadOnlyMemory<byte> packet in packets)
        {
            int length = receiver.Receive(datagram);
            Assert.That(datagram.AsSpan(0, length).SequenceEqual(packet.Span), Is.True);
        }

        JsonElement report = JsonDocument.Parse(result.Output).RootElement;
        Assert.That(report.GetProperty("datagrams").GetInt64(), Is.EqualTo(51));
        Assert.That(report.TryGetProperty("late_p99_us", out _), Is.EqualTo(speed > 0));
        if (speed > 0)
        {
            Assert.That(report.GetProperty("seconds").GetDouble(), Is.GreaterThanOrEqualTo(0.05 / speed));
        }
    }

    [Test]
    public async Task Replay_says_how_late_datagrams_were()
    {
        string path = Captures.Write(Captures.Pcap(Packets.OfHeaps(2)));
        using Socket receiver = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        receiver.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        CommandResult result = await InProcess.RunAsync("replay", path, "--to", $"{receiver.LocalEndPoint}");

        Assert.That(result.Output, Does.Contain("Replayed 2 datagrams, 224 bytes").And.Contain("99th percentile"));
    }

    [TestCase("'/nowhere/x' cannot be opened", "dump", "/nowhere/x")]
    [TestCase("'/dev/null' is no capture", "dump", "/dev/null")]
    [TestCase("--only takes one address", "dump", "x", "--only", "localhost:1")]
    [TestCase("--to needs an address and a port", "replay", "x", "--to", "7148")]
    [TestCase("--to takes one address", "replay", "x", "--to", "localhost:7148")]
    [TestCase("--speed must be a number above 0, or max", "replay", "x", "--to", "127.0.0.1:1", "--speed", "0")]
    [TestCase("--rate does not go with --speed", "replay", "x", "--to", "127.0.0.1:1", "--speed", "2", "--rate", "1")]
    [TestCase("'--to' is required", "replay", "x")]
    public async Task What_cannot_be_done_is_refused(string says, params string[] arguments)
    {
        CommandResult result = await InProcess.RunAsync(arguments);

        Assert.That(result.ExitCode, Is.EqualTo(2));
        Assert.That(result.Error, Does.Contain(says));
    }
}
