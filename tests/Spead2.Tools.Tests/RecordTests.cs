// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Spead2.Send;
using Spead2.Testing.Engines;
using Spead2.Tools.CaptureFiles;

namespace Spead2.Tools.Tests;

/// <summary>`spead2 record`.</summary>
public sealed class RecordTests
{
    private const int Level = 0x5000;

    private readonly string _folder = Directory.CreateTempSubdirectory("spead2-record-").FullName;

    private string File(string name) => Path.Combine(_folder, name);

    [SetUp]
    public void RequireLinux()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Ignore("spead2 record works on Linux only.");
        }
    }

    [OneTimeTearDown]
    public void DeleteFiles() => Directory.Delete(_folder, recursive: true);

    [TestCase("alone.pcapng", "127.0.0.1")]
    [TestCase("alone.pcap", "127.0.0.1")]
    [TestCase("alone6.pcapng", "[::1]")]
    [TestCase("alone6.pcap", "[::1]")]
    [TestCase("together.pcapng", "127.0.0.1", "--coalesce")]
    [TestCase("together6.pcap", "[::1]", "--coalesce")]
    public async Task Datagrams_are_recorded_with_addresses_and_times(string name, string address, params string[] options)
    {
        IReadOnlyList<ReadOnlyMemory<byte>> packets = Packets.OfHeap(1, 100_000, 1472);
        using Socket sender = SenderTo(address);
        long before = NowNs;

        (CommandResult result, int port) = await RecordAsync(
            address, File(name), port => SendSegmented(sender, address, port, packets),
            ["--count", $"{packets.Count}", .. options]);

        Assert.That(result.ExitCode, Is.Zero, result.Error);
        List<Recorded> recorded = Read(File(name));
        Assert.Multiple(() =>
        {
            Assert.That(recorded.Select(datagram => Convert.ToHexString(datagram.Bytes)), Is.EqualTo(Hex(packets)));
            Assert.That(recorded.Select(datagram => datagram.From).Distinct(), Is.EqualTo(new[] { $"{sender.LocalEndPoint}" }));
            Assert.That(recorded.Select(datagram => datagram.To).Distinct(), Is.EqualTo(new[] { $"{address}:{port}" }));
            Assert.That(recorded.Select(datagram => datagram.TimeNs), Is.Ordered.And.All.InRange(before, NowNs));
            Assert.That(result.Number("datagrams"), Is.EqualTo(packets.Count));
            Assert.That(result.Number("written"), Is.EqualTo(packets.Count));
        });
    }

    // A socket of both families sees ::ffff:127.0.0.1.
    [Test]
    public async Task Datagrams_of_both_families_are_recorded_as_they_came()
    {
        using Socket v4 = SenderTo("127.0.0.1");
        using Socket v6 = SenderTo("[::1]");

        await RecordAsync(
            "[::]",
            File("both.pcapng"),
            port =>
            {
                v4.SendTo(Packets.OfHeap(1)[0].Span, new IPEndPoint(IPAddress.Loopback, port));
                v6.SendTo(Packets.OfHeap(2)[0].Span, new IPEndPoint(IPAddress.IPv6Loopback, port));
            },
            "--count", "2");

        List<Recorded> recorded = Read(File("both.pcapng"));
        Assert.That(recorded.Select(datagram => datagram.From), Is.EqualTo(new[] { $"{v4.LocalEndPoint}", $"{v6.LocalEndPoint}" }));
        Assert.That(recorded.Select(datagram => datagram.To.Split(':')[0]), Is.EqualTo(new[] { "127.0.0.1", "[" }));
    }

    [TestCase("239.255.77.1+1%near0:7148", "239.255.77.1", "239.255.77.2")]
    [TestCase("[ff15::77:1%near0]+1:7148", "ff15::77:1", "ff15::77:2")]
    public void Groups_are_recorded_apart(string endpoint, params string[] groups) => NetworkNamespace.Run(() =>
    {
        string path = File($"groups{groups[0].Length}.pcapng");
        using CommandProcess recorder = CommandProcess.Start("record", endpoint, "--output", path, "--count", "2");
        recorder.AwaitListening(1);
        foreach (string group in groups)
        {
            using GroupSender sender = new(IPAddress.Parse(group), 7148, link: 0);
            sender.Send(1);
        }

        Assert.That(recorder.WaitAsync().GetAwaiter().GetResult().ExitCode, Is.Zero);
        Assert.That(
            Read(path).Select(datagram => datagram.To),
            Is.EquivalentTo(groups.Select(group => $"{new IPEndPoint(IPAddress.Parse(group), 7148)}")));
    });

    [Test]
    public async Task Index_says_where_heaps_begin()
    {
        IReadOnlyList<ReadOnlyMemory<byte>> packets =
            [.. Enumerable.Range(1, 40).SelectMany(cnt => Packets.OfHeap((ulong)cnt, 4000, 1472)), new byte[] { 1, 2, 3 }];
        using Socket sender = SenderTo("127.0.0.1");
        string path = File("index.pcapng");

        await RecordAsync("127.0.0.1", path, port => Send(sender, port, packets), "--count", $"{packets.Count}");

        byte[] capture = await System.IO.File.ReadAllBytesAsync(path);
        List<Recorded> recorded = Read(path);
        long[][] heaps = [.. System.IO.File.ReadLines(path + ".index").Skip(1).Select(Fields)];
        Assert.That(heaps.Select(heap => heap[0]), Is.EqualTo(Enumerable.Range(1, 40)));
        foreach (long[] heap in heaps)
        {
            Recorded first = recorded.First(datagram => datagram.Bytes.AsSpan().SequenceEqual(Packets.OfHeap((ulong)heap[0], 4000, 1472)[0].Span));
            CaptureFormat.Pcapng.ReadRecord(capture.AsSpan((int)heap[2]), out long timeNs);
            Assert.That(timeNs, Is.EqualTo(heap[1]).And.EqualTo(first.TimeNs));
        }
    }

    [Test]
    public async Task Interrupt_leaves_all_that_has_arrived_in_a_whole_file()
    {
        IReadOnlyList<ReadOnlyMemory<byte>> packets = Packets.OfHeaps(2000);
        using Socket sender = SenderTo("127.0.0.1");
        string path = File("interrupted.pcapng");
        (CommandProcess recorder, int port) =
            await CommandProcess.StartListeningCommandAsync("record", "127.0.0.1:0", "--output", path, "--json");
        using (recorder)
        {
            Send(sender, port, packets);
            recorder.Interrupt();
            CommandResult result = await recorder.WaitAsync();

            Assert.That(result.ExitCode, Is.Zero, result.Error);
            Assert.That(Read(path), Has.Count.EqualTo(2000));
        }
    }

    [Test]
    public async Task Kill_leaves_a_file_that_can_be_read()
    {
        string path = File("killed.pcapng");
        using Socket sender = SenderTo("127.0.0.1");
        (CommandProcess recorder, int port) =
            await CommandProcess.StartListeningCommandAsync("record", "127.0.0.1:0", "--output", path);
        using (recorder)
        {
            // What has arrived is written after a second, also if it is little.
            Send(sender, port, Packets.OfHeaps(20));
            Poll.Until(() => new FileInfo(path) is { Exists: true, Length: > CaptureFormat.Alignment }, "the file has datagrams");
            Send(sender, port, Packets.OfHeaps(20));
            recorder.Kill();
        }

        List<Recorded> recorded = Read(path);
        Assert.That(recorded.Take(20).Select(datagram => Convert.ToHexString(datagram.Bytes)), Is.EqualTo(Hex(Packets.OfHeaps(20))));
    }

    [Test]
    public async Task Files_rotate_by_size()
    {
        const int Limit = 8 << 20;
        IReadOnlyList<ReadOnlyMemory<byte>> packets = [.. Enumerable.Range(1, 12).SelectMany(cnt => Packets.OfHeap((ulong)cnt, 1 << 20, 60_000))];
        using Socket sender = SenderTo("127.0.0.1");

        (CommandResult result, _) = await RecordAsync(
            "127.0.0.1", File("size.pcapng"), port => Send(sender, port, packets),
            "--count", $"{packets.Count}", "--rotate-size", $"{Limit}");

        string[] files = [.. Directory.EnumerateFiles(_folder, "size-*.pcapng").Order(StringComparer.Ordinal)];
        Assert.That(files.Select(Path.GetFileName).Take(2), Is.EqualTo(new[] { "size-0001.pcapng", "size-0002.pcapng" }));
        Assert.That(files.Select(file => new FileInfo(file).Length), Is.All.InRange(CaptureFormat.Alignment, Limit));
        Assert.That(result.Number("files"), Is.EqualTo(files.Length));
        Assert.That(result.Error, Does.Contain($"Wrote '{files[0]}'."));
        Assert.That(files.SelectMany(Read).Select(datagram => Convert.ToHexString(datagram.Bytes)), Is.EqualTo(Hex(packets)));
    }

    [Test]
    public async Task Compressed_files_are_whole_after_an_interrupt()
    {
        InstalledTree.Require("zstd");
        IReadOnlyList<ReadOnlyMemory<byte>> packets = Packets.OfHeaps(100);
        using Socket sender = SenderTo("127.0.0.1");
        string path = File("small.pcapng.zst");
        (CommandProcess recorder, int port) =
            await CommandProcess.StartListeningCommandAsync("record", "127.0.0.1:0", "--output", path);
        using (recorder)
        {
            Send(sender, port, packets);
            recorder.Interrupt();
            Assert.That((await recorder.WaitAsync()).ExitCode, Is.Zero);
        }

        CommandResult plain = await CommandProcess.RunProgramAsync(["zstd", "-q", "-d", path, "-o", File("small.pcapng")]);
        Assert.That(plain.ExitCode, Is.Zero, plain.Error);
        Assert.That(Read(File("small.pcapng")), Has.Count.EqualTo(100));
    }

    [TestCase("full.pcapng")]
    [TestCase("full.pcap")]
    [TestCase("full.pcapng.zst")]
    public void Full_disk_is_told_and_counted(string name)
    {
        InstalledTree.Require("unshare", "mount", "zstd");
        using Socket sender = SenderTo("127.0.0.1");

        // Bytes that cannot be compressed, more than the disk has.
        byte[][] datagrams = [.. Enumerable.Range(0, 200).Select(i => Packets.Content((ulong)i, 60_000))];
        string folder = Directory.CreateDirectory(File(name + ".mount")).FullName;
        string copy = File(name);
        string script = $"mount -t tmpfs -o size=6m none '{folder}' && \"$@\"; status=$?; cp '{folder}/{name}' '{copy}'; exit $status";
        using CommandProcess recorder = CommandProcess.StartUnder(
            ["unshare", "-m", "sh", "-c", script, "sh"],
            "record", "127.0.0.1:0", "--output", Path.Combine(folder, name), "--json", "--count", "200");
        int port = recorder.AwaitPort();
        Send(sender, port, [.. datagrams.Select(bytes => new ReadOnlyMemory<byte>(bytes))]);

        CommandResult result = recorder.WaitAsync().GetAwaiter().GetResult();
        Assert.That(result.ExitCode, Is.EqualTo(1), result.Error);
        Assert.That(result.Error, Does.Contain("cannot be written: ").And.Match("[Nn]o space left").And.Contain("datagrams that had arrived are not in it"));
        Assert.That(result.Number("lost_file"), Is.Positive);
        Assert.That(result.Number("written") + result.Number("lost_file"), Is.EqualTo(result.Number("datagrams")));
        if (!CaptureFiles.Compression.IsZstd(name))
        {
            Assert.That(
                Read(copy).Select(datagram => Convert.ToHexString(datagram.Bytes)),
                Is.EqualTo(datagrams.Take((int)result.Number("written")).Select(Convert.ToHexString)));
        }
    }

    [Test]
    public async Task Signal_writes_what_is_kept_while_reception_goes_on()
    {
        using Socket sender = SenderTo("127.0.0.1");
        string path = File("kept.pcapng");
        (CommandProcess recorder, int port) = await CommandProcess.StartListeningCommandAsync(
            "record", "127.0.0.1:0", "--output", path, "--keep", "60", "--json");
        using (recorder)
        {
            for (int i = 1; i <= 2; i++)
            {
                Send(sender, port, Packets.OfHeap((ulong)i, 20_000));
                recorder.Trigger();
                await recorder.AwaitErrorAsync("Wrote ");
            }

            Send(sender, port, Packets.OfHeap(3));
            recorder.Interrupt();
            CommandResult result = await recorder.WaitAsync();

            Assert.That(result.ExitCode, Is.Zero, result.Error);
            Assert.That(result.Number("triggers"), Is.EqualTo(2));
            Assert.That(result.Number("too_old"), Is.EqualTo(1));
            for (int i = 1; i <= 2; i++)
            {
                Assert.That(
                    Read(File($"kept-000{i}.pcapng")).Select(datagram => Convert.ToHexString(datagram.Bytes)),
                    Is.EqualTo(Hex(Packets.OfHeap((ulong)i, 20_000))));
            }
        }
    }

    [Test]
    public async Task Item_writes_what_is_kept()
    {
        using Socket sender = SenderTo("127.0.0.1");
        ReadOnlyMemory<byte>[] packets =
        [
            .. Packets.OfHeaps(3), .. WithLevel(4, 0), .. WithLevel(5, 7), .. WithLevel(6, 7), .. WithLevel(7, 0), .. WithLevel(8, 7),
            .. Packets.OfHeap(9),
        ];

        (CommandResult result, _) = await RecordAsync(
            "127.0.0.1", File("item.pcapng"), port => Send(sender, port, packets),
            "--keep", "60", "--trigger", $"0x{Level:x}=7", "--count", $"{packets.Length}");

        Assert.That(result.ExitCode, Is.Zero, result.Error);
        Assert.That(Read(File("item-0001.pcapng")), Has.Count.EqualTo(5));
        Assert.That(Read(File("item-0002.pcapng")), Has.Count.EqualTo(3));
        Assert.That(System.IO.File.Exists(File("item-0003.pcapng")), Is.False);
        Assert.That(System.IO.File.ReadLines(File("item-0002.pcapng.index")).Skip(1).Select(line => Fields(line)[0]), Is.EqualTo(new[] { 6, 7, 8 }));
    }

    [Test]
    public async Task Nothing_kept_is_written_without_a_trigger()
    {
        using Socket sender = SenderTo("127.0.0.1");

        (CommandResult result, _) = await RecordAsync(
            "127.0.0.1", File("none.pcapng"), port => Send(sender, port, Packets.OfHeaps(3)), "--keep", "60", "--count", "3");

        Assert.That(result.Error, Does.Contain("there was no trigger"));
        Assert.That(result.Number("too_old"), Is.EqualTo(3));
        Assert.That(Directory.EnumerateFiles(_folder, "none*"), Is.Empty);
    }

    [Test]
    public async Task Nothing_arrived_is_an_exit_code()
    {
        CommandResult result = await InProcess.RunAsync(
            "record", "127.0.0.1:0", "--output", File("empty.pcapng"), "--seconds", "0.1");

        Assert.That(result.ExitCode, Is.EqualTo(3));
        Assert.That(Read(File("empty.pcapng")), Is.Empty);
    }

    [Test]
    public void Progress_is_on_the_last_line_of_a_terminal()
    {
        InstalledTree.Require("tmux");
        string program = Path.Combine(AppContext.BaseDirectory, "Spead2.Tools.dll");

        // The terminal stays until it has been looked at.
        using TmuxScreen screen = new(
            100,
            $"dotnet '{program}' record 127.0.0.1:0 --output '{File("progress.pcapng")}' --seconds 3; cat");

        screen.AwaitText("Listening on UDP 127.0.0.1 port ", "s: 0 datagrams, 0 bytes, 1 files, 0 lost");
        string end = screen.AwaitText("Recorded 0 datagrams of 0");
        Assert.That(end, Does.Not.Contain("1 files, 0 lost"));
    }

    [Test]
    public async Task Other_programs_read_what_is_recorded()
    {
        InstalledTree.Require("tshark", "tcpdump");
        using Socket v4 = SenderTo("127.0.0.1");
        using Socket v6 = SenderTo("[::1]");
        foreach (string name in new[] { "others.pcapng", "others.pcap" })
        {
            await RecordAsync(
                "[::]",
                File(name),
                port =>
                {
                    Send(v4, port, Packets.OfHeaps(5));
                    v6.SendTo(Packets.OfHeap(6, 5001)[0].Span, new IPEndPoint(IPAddress.IPv6Loopback, port));
                },
                "--count", "6");

            CommandResult shark = await CommandProcess.RunProgramAsync(
                ["tshark", "-r", File(name), "-o", "udp.check_checksum:TRUE", "-T", "fields", "-e", "udp.checksum.status", "-e", "udp.length"]);
            CommandResult dump = await CommandProcess.RunProgramAsync(["tcpdump", "-n", "-r", File(name)]);

            // 3: there is no checksum; 1: it is right.
            Assert.That(shark.Lines, Is.EqualTo(Enumerable.Repeat("3\t120", 5).Append("1\t1480")), shark.Error);
            Assert.That(dump.Lines, Has.Length.EqualTo(6), dump.Error);
        }
    }

    [TestCase("'--output' is required", "7148")]
    [TestCase("--trigger goes with --keep only", "7148", "--output", "x", "--trigger", "1=1")]
    [TestCase("--trigger must be an item and its value", "7148", "--output", "x", "--trigger", "1")]
    [TestCase("--rotate-time does not go with --keep", "7148", "--output", "x", "--keep", "1", "--rotate-time", "1")]
    [TestCase("--bind goes with a port alone", "10.0.0.1:7148", "--output", "x", "--bind", "10.0.0.1")]
    [TestCase("'/nowhere/x.pcap' cannot be written", "127.0.0.1:0", "--output", "/nowhere/x.pcap")]
    [TestCase("'/nowhere/x.pcap.zst' cannot be written", "127.0.0.1:0", "--output", "/nowhere/x.pcap.zst")]
    [TestCase("'/dev/null' cannot be written", "127.0.0.1:0", "--output", "/dev/null")]
    [TestCase("Cannot bind to UDP port 7148 of 192.0.2.1", "192.0.2.1:7148", "--output", "x")]
    public async Task What_cannot_be_recorded_is_refused(string says, params string[] arguments)
    {
        CommandResult result = await InProcess.RunAsync(["record", .. arguments]);

        Assert.That(result.ExitCode, Is.EqualTo(2));
        Assert.That(result.Error, Does.Contain(says));
    }

    private static long NowNs => (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;

    private static long[] Fields(string line) =>
        [.. line.Split(' ').Select(field => long.Parse(field, CultureInfo.InvariantCulture))];

    private static IEnumerable<string> Hex(IEnumerable<ReadOnlyMemory<byte>> packets) =>
        packets.Select(packet => Convert.ToHexString(packet.Span));

    private static IReadOnlyList<ReadOnlyMemory<byte>> WithLevel(ulong cnt, ulong level)
    {
        HeapToSend heap = new();
        heap.AddImmediate(Level, level);
        return Packets.Encode(heap, cnt);
    }

    private static Socket SenderTo(string address)
    {
        IPAddress host = IPAddress.Parse(address.Trim('[', ']'));
        Socket socket = new(host.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(host, 0));
        return socket;
    }

    private static void Send(Socket socket, int port, IEnumerable<ReadOnlyMemory<byte>> packets)
    {
        foreach (ReadOnlyMemory<byte> packet in packets)
        {
            socket.SendTo(packet.Span, new IPEndPoint(IPAddress.Loopback, port));
        }
    }

    /// <summary>Sends packets of one size but for a shorter last one as UDP_SEGMENT does, some at a time.</summary>
    private static void SendSegmented(Socket socket, string address, int port, IReadOnlyList<ReadOnlyMemory<byte>> packets)
    {
        const int AtATime = 40;
        const int LevelUdp = 17;
        const int Segment = 103;
        socket.SetRawSocketOption(LevelUdp, Segment, BitConverter.GetBytes(packets[0].Length));
        foreach (ReadOnlyMemory<byte>[] some in packets.Chunk(AtATime))
        {
            socket.SendTo(Packets.Concatenate(some), new IPEndPoint(IPAddress.Parse(address.Trim('[', ']')), port));
        }
    }

    private static async Task<(CommandResult Result, int Port)> RecordAsync(
        string address, string path, Action<int> send, params string[] options)
    {
        (CommandProcess recorder, int port) = await CommandProcess.StartListeningCommandAsync(
            ["record", $"{address}:0", "--output", path, "--json", .. options]);
        using (recorder)
        {
            send(port);
            return (await recorder.WaitAsync(), port);
        }
    }

    private static List<Recorded> Read(string path)
    {
        using CaptureWalk walk = new(new() { Path = path }, CancellationToken.None);
        List<Recorded> recorded = [];
        while (walk.Next())
        {
            recorded.Add(new($"{walk.Source.ToEndPoint()}", $"{walk.Destination.ToEndPoint()}", walk.TimeNs!.Value, walk.Payload.ToArray()));
        }

        Assert.That(walk.Problem, Is.Null);
        return recorded;
    }

    private sealed record Recorded(string From, string To, long TimeNs, byte[] Bytes);
}
