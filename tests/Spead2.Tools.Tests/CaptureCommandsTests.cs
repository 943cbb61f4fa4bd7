// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Spead2.Managed;
using Spead2.Send;
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

    [TestCase("gzip", ".gz")]
    [TestCase("xz", ".xz")]
    [TestCase("zstd", ".zst")]
    public async Task Compressed_captures_are_read(string program, string extension)
    {
        InstalledTree.Require(program);
        string path = Captures.Write(Captures.Pcap(Packets.OfHeaps(3)));
        CommandResult compressed = await CommandProcess.RunProgramAsync([program, "-q", path]);
        Assert.That(compressed.ExitCode, Is.Zero, compressed.Error);

        CommandResult whole = await InProcess.RunAsync("dump", path + extension);
        await File.WriteAllBytesAsync(path + ".cut", (await File.ReadAllBytesAsync(path + extension))[..^6]);
        CommandResult cut = await InProcess.RunAsync("dump", path + ".cut");

        Assert.That(whole.ExitCode, Is.Zero, whole.Error);
        Assert.That(Lines(whole), Has.Length.EqualTo(3));
        Assert.That(whole.Error, Does.Not.Contain("warning"));
        Assert.That(cut.Error, Does.Contain("cannot be decompressed to its end"));
    }

    [Test]
    public async Task Captures_are_read_from_pipes()
    {
        // Its second record is passed over, as it is too long.
        byte[] capture = Captures.Pcap(Packets.OfHeaps(3));
        int record = (capture.Length - 24) / 3;
        byte[] tooLong = [.. new byte[8], .. BitConverter.GetBytes(600_000), .. BitConverter.GetBytes(600_000), .. new byte[600_000]];
        string path = Captures.Write([.. capture[..(24 + record)], .. tooLong, .. capture[(24 + record)..]]);
        string program = Path.Combine(AppContext.BaseDirectory, "Spead2.Tools.dll");

        CommandResult result = await CommandProcess.RunProgramAsync(["sh", "-c", $"cat '{path}' | dotnet '{program}' dump -"]);

        Assert.That(Lines(result), Has.Length.EqualTo(3), result.Error);
        Assert.That(result.Error, Does.Contain("3 datagrams in 4 frames, of which 1 were not used."));
    }

    [Test]
    public async Task Destinations_are_mapped()
    {
        IReadOnlyList<ReadOnlyMemory<byte>> packets = Packets.OfHeaps(2);
        byte[] capture = Captures.Pcap(packets);
        string path = Captures.Write([.. capture, .. Captures.Pcap(packets, port: 7149)[24..], .. Captures.Pcap(packets, port: 7150)[24..]]);
        using Socket first = Receiver();
        using Socket second = Receiver();

        CommandResult mapped = await InProcess.RunAsync(
            "replay", path, "--speed", "max", "--json",
            "--map", $"239.2.1.149+3:7148={first.LocalEndPoint}", "--map", $"239.2.1.150:7149={second.LocalEndPoint}");

        Assert.That(mapped.ExitCode, Is.Zero, mapped.Error);
        Assert.That(mapped.Number("datagrams"), Is.EqualTo(4));
        Assert.That(mapped.Number("unmapped"), Is.EqualTo(2));
        Assert.That(mapped.Error, Does.Contain("2 datagrams are to addresses that no --map has"));
        Assert.That(Cnts(first, 2), Is.EqualTo(new[] { 1, 2 }));
        Assert.That(Cnts(second, 2), Is.EqualTo(new[] { 1, 2 }));
        Assert.That(first.Available + second.Available, Is.Zero);
    }

    [Test]
    public async Task Cnts_and_times_count_on_in_loops()
    {
        ReadOnlyMemory<byte>[] packets =
        [
            .. new ulong[] { 10, 14, 18 }.SelectMany(cnt =>
            {
                HeapToSend heap = new();
                heap.AddImmediate(0x1600, cnt * 100);
                heap.AddItem(0x1000, new byte[2000], allowImmediate: false);
                return Packets.Encode(heap, cnt);
            }),
            .. Packets.OfStop(19),
        ];
        string path = Captures.Write(Captures.Pcap(packets));
        using Socket receiver = Receiver();

        CommandResult result = await InProcess.RunAsync(
            "replay", path, "--to", $"{receiver.LocalEndPoint}", "--loop", "3", "--time-item", "0x1600", "--speed", "100", "--json");

        Assert.That(result.ExitCode, Is.Zero, result.Error);
        List<(ulong Cnt, ulong? Time)> heaps = [];
        byte[] datagram = new byte[2000];
        for (int i = 0; i < 19; i++)
        {
            int length = receiver.Receive(datagram);
            Assert.That(PacketDecoder.Decode(datagram.AsSpan(0, length), out Packet packet), Is.EqualTo(PacketFault.None));
            heaps.Add((packet.Cnt, TimeOf(packet)));
        }

        // The stop heap's cnt is one behind the last: that is the least step.
        Assert.That(receiver.Available, Is.Zero);
        Assert.That(
            heaps.Where(heap => heap.Time is not null),
            Is.EqualTo(Enumerable.Range(0, 9).Select(i => (
                (ulong)((i % 3 * 4) + 10 + (i / 3 * 10)), (ulong?)((i % 3 * 400) + 1000 + (i / 3 * 1200))))));
        Assert.That(heaps[^1].Cnt, Is.EqualTo(19 + 20));
        Assert.That(result.Number("seconds"), Is.GreaterThan(0.0002));
    }

    [Test]
    public async Task Packets_are_lost_repeated_reordered_and_damaged_by_a_seed()
    {
        // So many fit the buffer of a socket.
        const int Count = 200;
        string path = Captures.Write(Captures.Pcap(Packets.OfHeaps(Count)));
        string[] faults = ["--drop", "10%", "--duplicate", "0.05", "--reorder", "3", "--corrupt", "20%", "--speed", "max", "--json", "--seed"];
        List<List<string>> received = [];
        foreach (string seed in (string[])["1", "1", "2"])
        {
            using Socket receiver = Receiver();
            CommandResult result = await InProcess.RunAsync(["replay", path, "--to", $"{receiver.LocalEndPoint}", .. faults, seed]);
            Assert.That(result.ExitCode, Is.Zero, result.Error);
            Assert.That(result.Number("datagrams"), Is.EqualTo(Count - result.Number("dropped") + result.Number("duplicated")));
            Assert.That(result.Number("dropped"), Is.InRange(5, 40));
            Assert.That(result.Number("corrupted"), Is.InRange(15, 70));
            Assert.That(result.Number("reordered"), Is.Positive);
            received.Add(Datagrams(receiver, (int)result.Number("datagrams")));
        }

        HashSet<string> whole = [.. Packets.OfHeaps(Count).Select(packet => Convert.ToHexString(packet.Span))];
        Assert.That(received[1], Is.EqualTo(received[0]));
        Assert.That(received[2], Is.Not.EqualTo(received[0]));
        Assert.That(received[0].Count(datagram => !whole.Contains(datagram)), Is.InRange(15, 70));
    }

    [Test]
    public async Task Timer_alone_is_measured_in_the_same_run()
    {
        string path = Captures.Write(Captures.Pcap(Packets.OfHeaps(20)));
        using Socket receiver = Receiver();

        CommandResult result = await InProcess.RunAsync(
            "replay", path, "--to", $"{receiver.LocalEndPoint}", "--compare-timer", "--json");

        Assert.That(result.ExitCode, Is.Zero, result.Error);
        Assert.That(result.Number("timer_p99_us"), Is.Not.Negative);
        Assert.That(Datagrams(receiver, 20), Has.Count.EqualTo(20));
        Assert.That(receiver.Available, Is.Zero);
    }

    [TestCase("datagrams")]
    [TestCase("packets")]
    public async Task Captures_become_files_and_back(string form)
    {
        IReadOnlyList<ReadOnlyMemory<byte>> packets = Packets.OfHeap(1, 100_000);
        string path = Captures.Write(Captures.Pcap(packets));

        CommandResult to = await InProcess.RunAsync("convert", path, path + "." + form, "--to", form, "--json");
        CommandResult back = await InProcess.RunAsync(
            "convert", path + "." + form, path + ".back", "--from", form, "--source", "[fe80::1]:5", "--destination", "[ff15::1]:6",
            "--rate", "1", "--json");
        CommandResult dump = await InProcess.RunAsync("dump", path + ".back");
        CommandResult received = await InProcess.RunAsync(
            "recv", form == "packets" ? "--file" : "--packets", path + "." + form, "--json", "--expect", "1");

        Assert.That(to.ExitCode, Is.Zero, to.Error);
        Assert.That(back.ExitCode, Is.Zero, back.Error);
        Assert.That(back.Number("written"), Is.EqualTo(packets.Count));
        Assert.That(received.ExitCode, Is.Zero, received.Error);
        Assert.That(Lines(dump), Has.Length.EqualTo(packets.Count));
        Assert.That(Lines(dump)[1], Does.StartWith("2 1970-01-01T00:00:00.000011776Z [fe80::1]:5 > [ff15::1]:6 1472 bytes: "));
    }

    [TestCase("x.pcap")]
    [TestCase("x.pcapng")]
    [TestCase("x.pcapng.zst")]
    public async Task Captures_become_captures(string name)
    {
        InstalledTree.Require("zstd");
        string path = Captures.Write(Captures.Pcap(Packets.OfHeaps(100)));
        string output = $"{path}.{name}";

        CommandResult converted = await InProcess.RunAsync("convert", path, output);

        Assert.That(converted.ExitCode, Is.Zero, converted.Error);
        Assert.That((await InProcess.RunAsync("dump", output)).Output, Is.EqualTo((await InProcess.RunAsync("dump", path)).Output));
    }

    [TestCase("x.pcap", "capture")]
    [TestCase("x.pcapng.zst", "capture")]
    [TestCase("x.datagrams", "datagrams")]
    [TestCase("x.packets", "packets")]
    public async Task Interrupted_convert_leaves_a_whole_file(string name, string form)
    {
        InstalledTree.Require("zstd", "mkfifo");
        string path = Captures.Write([]);
        (string pipe, string output) = ($"{path}.pipe", $"{path}.{name}");
        Assert.That((await CommandProcess.RunProgramAsync(["mkfifo", pipe])).ExitCode, Is.Zero);
        using CommandProcess convert = CommandProcess.Start("convert", pipe, output, "--to", form);
        using (FileStream writer = new(pipe, FileMode.Open, FileAccess.Write))
        {
            // More than a pipe has: some of it has been read. Then comes nothing more.
            await writer.WriteAsync(Captures.Pcap(Packets.OfHeaps(5000)));
            await writer.FlushAsync();
            convert.InterruptAll();
            CommandResult result = await convert.WaitAsync();

            Assert.That(result.ExitCode, Is.EqualTo(1), result.Error);
            Assert.That(result.Error, Is.EqualTo($"warning: '{output}' has only what was read until the interrupt.\n"));
            CommandResult again = await InProcess.RunAsync("convert", output, $"{path}.again", "--from", form);
            Assert.That(again.ExitCode, Is.Zero, again.Error);
            Assert.That(again.Error, Is.Empty);
            int written = int.Parse(result.Output.Split(' ')[1], CultureInfo.InvariantCulture);
            Assert.That(written, Is.GreaterThan(100));
            Assert.That(again.Output, Does.StartWith($"Wrote {written} datagrams of {written}, "));
        }
    }

    [Test]
    public async Task Replay_and_dump_of_a_silent_pipe_are_interrupted([Values("dump", "replay")] string command)
    {
        InstalledTree.Require("mkfifo");
        string pipe = Captures.Write([]) + ".pipe";
        Assert.That((await CommandProcess.RunProgramAsync(["mkfifo", pipe])).ExitCode, Is.Zero);
        string[] to = command == "replay" ? ["--to", "127.0.0.1:9"] : [];
        using CommandProcess process = CommandProcess.Start([command, pipe, "--json", .. to]);
        using (FileStream writer = new(pipe, FileMode.Open, FileAccess.Write))
        {
            process.Interrupt();
            CommandResult result = await process.WaitAsync();

            Assert.That(result.ExitCode, Is.Zero, result.Error);
        }
    }

    [Test]
    public async Task Convert_leaves_nothing_of_what_cannot_be_read_and_the_start_of_what_is_damaged()
    {
        string path = Captures.Write([]);
        await File.WriteAllBytesAsync(path + ".datagrams", [1, 0, 0, 0, 5, 1, 0, 0, 0, 6, 9, 0, 0, 0, 7]);

        CommandResult empty = await InProcess.RunAsync("convert", path, path + ".x");
        CommandResult missing = await InProcess.RunAsync("convert", path + ".missing", path + ".y");
        CommandResult damaged = await InProcess.RunAsync("convert", path + ".datagrams", path + ".pcap", "--from", "datagrams");
        CommandResult dump = await InProcess.RunAsync("dump", path + ".pcap");

        Assert.That((empty.ExitCode, missing.ExitCode, damaged.ExitCode), Is.EqualTo((2, 2, 2)));
        Assert.That(File.Exists(path + ".x"), Is.False);
        Assert.That(File.Exists(path + ".y"), Is.False);
        Assert.That(damaged.Error, Does.Contain("has only the first 2 datagrams.").And.Contain("ends within a datagram"));
        Assert.That(Lines(dump), Has.Length.EqualTo(2));
        Assert.That(dump.Error, Does.Not.Contain("warning"));
    }

    [Test]
    public async Task What_is_no_packet_cannot_be_among_packets()
    {
        string path = Captures.Write(Captures.Pcap([.. Packets.OfHeaps(2), Junk]));
        await File.WriteAllBytesAsync(path + ".junk", [.. Packets.OfHeaps(1)[0].Span, .. Junk]);

        CommandResult converted = await InProcess.RunAsync("convert", path, path + ".packets", "--to", "packets");
        CommandResult refused = await InProcess.RunAsync("convert", path + ".junk", path + ".x", "--from", "packets");

        Assert.That(converted.Output, Does.Contain("Wrote 2 datagrams of 3"));
        Assert.That(converted.Error, Does.Contain("1 datagrams are not exactly a packet"));
        Assert.That(refused.ExitCode, Is.EqualTo(2));
        Assert.That(refused.Error, Does.Contain("has no packet at byte 112: it does not start with the magic number"));
    }

    [Test]
    public async Task Convert_overwrites_nothing()
    {
        string path = Captures.Write(Captures.Pcap(Packets.OfHeaps(2)));

        CommandResult result = await InProcess.RunAsync("convert", path, path);

        Assert.That(result.ExitCode, Is.EqualTo(2));
        Assert.That(result.Error, Does.Contain($"'{path}' cannot be written").And.Contain("exists"));
        Assert.That((await InProcess.RunAsync("dump", path)).Lines, Has.Length.EqualTo(2));
    }

    [TestCase("'/nowhere/x' cannot be opened", "dump", "/nowhere/x")]
    [TestCase("--map needs an address and a port", "replay", "x", "--map", "239.2.1.150+15:7148=127.0.0.1+2:7148")]
    [TestCase("--map needs an address and a port", "replay", "x", "--map", "239.2.1.150:7148")]
    [TestCase("--map has 239.2.1.150:7148 twice", "replay", "x", "--map", "239.2.1.150+1:7148=127.0.0.1:1", "--map", "239.2.1.150:7148=127.0.0.1:2")]
    [TestCase("--loop needs a file", "replay", "-", "--to", "127.0.0.1:1", "--loop", "2")]
    [TestCase("--compare-timer goes with the times", "replay", "x", "--to", "127.0.0.1:1", "--compare-timer", "--speed", "max")]
    [TestCase("--time-item must be the identifier", "replay", "x", "--to", "127.0.0.1:1", "--time-item", "y")]
    [TestCase("--corrupt must be a part from 0 to 1", "replay", "x", "--to", "127.0.0.1:1", "--corrupt", "2")]
    [TestCase("--to must be one of capture, datagrams, packets", "convert", "x", "y", "--to", "z")]
    [TestCase("--source goes with --from datagrams or packets only", "convert", "x", "y", "--source", "10.0.0.1:1")]
    [TestCase("both of IPv4, or both of IPv6", "convert", "x", "y", "--from", "packets", "--source", "[::1]:1")]
    [TestCase("'/dev/null' is no capture", "dump", "/dev/null")]
    [TestCase("--only takes one address", "dump", "x", "--only", "localhost:1")]
    [TestCase("--to needs an address and a port", "replay", "x", "--to", "7148")]
    [TestCase("--to takes one address", "replay", "x", "--to", "localhost:7148")]
    [TestCase("--speed must be a number above 0, or max", "replay", "x", "--to", "127.0.0.1:1", "--speed", "0")]
    [TestCase("--rate does not go with --speed", "replay", "x", "--to", "127.0.0.1:1", "--speed", "2", "--rate", "1")]
    [TestCase("Give --to or --map", "replay", "x")]
    public async Task What_cannot_be_done_is_refused(string says, params string[] arguments)
    {
        CommandResult result = await InProcess.RunAsync(arguments);

        Assert.That(result.ExitCode, Is.EqualTo(2));
        Assert.That(result.Error, Does.Contain(says));
    }

    private static Socket Receiver()
    {
        Socket receiver = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 20_000 };
        receiver.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return receiver;
    }

    private static List<string> Datagrams(Socket receiver, int count)
    {
        byte[] datagram = new byte[2000];
        return [.. Enumerable.Range(0, count).Select(_ => Convert.ToHexString(datagram.AsSpan(0, receiver.Receive(datagram))))];
    }

    private static IEnumerable<int> Cnts(Socket receiver, int count) => Datagrams(receiver, count).Select(datagram =>
        PacketDecoder.Decode(Convert.FromHexString(datagram), out Packet packet) == PacketFault.None ? (int)packet.Cnt : -1);

    private static ulong? TimeOf(in Packet packet)
    {
        for (int i = 0; i < packet.ItemCount; i++)
        {
            ulong pointer = System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(packet.Items[(i * Wire.PointerSize)..]);
            if (Wire.Id(pointer, packet.AddressBits) == 0x1600)
            {
                return Wire.Value(pointer, packet.AddressBits);
            }
        }

        return null;
    }
}
