// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Spead2.Managed;
using Spead2.Send;
using Spead2.Testing.Vectors;

namespace Spead2.Tools.Tests;

/// <summary>Packets of senders that break a rule, and streams of telescopes: sent, and received.</summary>
[TestFixture("native")]
[TestFixture("managed")]
public sealed class DialectTests(string engine)
{
    private const int DefaultPacketSize = 1472;
    private const int SkaLowPacket = 8248;
    private const int SkaLowHead = 56;
    private const int SkaLowChannels = 384;

    // As the table of dialects has them: what a sender puts into which packet of which vector.
    private static readonly (string Vector, int Packet, SendDialect Dialect, int AddressBits, ulong Cnt, Action<HeapToSend, byte[]> Fill)[] Table =
    [
        ("D01", 0, SendDialect.SkaLowSps, 48, 1, (heap, payload) =>
        {
            heap.AddImmediate(0x3010, 7);
            heap.AddImmediate(0x3000, 0x20040);
            heap.AddImmediate(0x3001, 0x10101590000);
            heap.AddImmediate(0x3300, 0);
            heap.AddItem(0x3301, payload);
        }),
        ("D02", 0, SendDialect.SkaLowAntennaBuffer, 48, 1, (heap, payload) =>
        {
            heap.AddImmediate(0x1027, 0x123456);
            heap.AddImmediate(0x1600, 9);
            heap.AddImmediate(0x2004, 5);
            heap.AddImmediate(0x3000, 0x20040);
            heap.AddImmediate(0x3001, 0x10101590000);
            heap.AddItem(0x3300, payload);
        }),
        ("D03", 0, SendDialect.PySpead, 48, 3, (heap, payload) => heap.AddItem(0x3333, payload)),
        ("D03", 1, SendDialect.PySpead, 48, 0, (heap, _) => heap.AddEnd()),
        ("D04", 0, SendDialect.DatagramIsHeap, 40, 0, (heap, payload) =>
        {
            heap.AddImmediate(0x1601, 1);
            heap.AddImmediate(0x1602, 2);
            heap.AddItem(0x1603, payload);
        }),
    ];

    private static string Cases => Path.Combine(RepositoryFiles.Root, "tests/cases/packets");

    private static IEnumerable<TestCaseData> Rows => Table.Select(
        (row, i) => new TestCaseData(i).SetArgDisplayNames($"{row.Dialect}, packet {row.Packet} of {row.Vector}"));

    [TestCaseSource(nameof(Rows))]
    public async Task Packet_of_the_table_is_sent_byte_for_byte(int row)
    {
        (string name, int number, SendDialect dialect, int addressBits, ulong cnt, Action<HeapToSend, byte[]> fill) = Table[row];
        byte[] expected = Vector.All.Select(data => (Vector)data.Arguments[0]!)
            .First(vector => vector.Name.StartsWith(name, StringComparison.Ordinal)).Packets[number];
        byte[] payload = expected[(8 + (8 * expected[7]))..];
        HeapToSend heap = new();
        fill(heap, payload);

        List<byte[]> packets = await SendAsync(dialect, addressBits, new HeapReference(heap) { Cnt = (long)cnt });

        Assert.That(packets.Select(Convert.ToHexString), Is.EqualTo([Convert.ToHexString(expected)]));
    }

    [Test]
    public async Task Station_sends_its_channels_one_after_the_other()
    {
        using UdpClient receiver = new(new IPEndPoint(IPAddress.Loopback, 0));
        int port = ((IPEndPoint)receiver.Client.LocalEndPoint!).Port;
        receiver.Client.ReceiveBufferSize = 16 << 20;

        Task<CommandResult> sending = InProcess.RunAsync(
            "send", "--udp", $"127.0.0.1:{port}", "--preset", "ska-low-sps", "--dialect", "ska-low-sps", "--heaps",
            $"{SkaLowChannels + 1}", "--rate", "0.2", "--no-stop", "--json");
        List<string> heads = [];
        for (int i = 0; i <= SkaLowChannels; i++)
        {
            byte[] packet = (await receiver.ReceiveAsync()).Buffer;
            Assert.That(packet, Has.Length.EqualTo(SkaLowPacket));
            heads.Add(Convert.ToHexStringLower(packet.AsSpan(0, SkaLowHead)));
        }

        CommandResult sent = await sending;
        Assert.That(sent.ExitCode, Is.Zero, sent.Error);
        Assert.That(sent.Number("bytes"), Is.EqualTo((SkaLowChannels + 1) * SkaLowPacket));
        Assert.That(heads, Is.EqualTo(Enumerable.Range(0, SkaLowChannels + 1).Select(number =>
            $"5304020600000006800100000000{number / SkaLowChannels:x4}8004000000002000b010000000000007"
            + $"b00000000002{64 + (number % SkaLowChannels):x4}b001010101590000b300000000000000")));
    }

    [TestCase("digitiser", "6", 1, "1600", 4096, 5120)]
    [TestCase("fengine", "8", 4, "1600", 2 * 4096 * 256, 128 * 256 * 4)]
    [TestCase("xengine", "8", 4, "1600", 256 * 2 * 4096, 128 * 40 * 8)]
    public async Task Stream_of_a_preset_moves_on(
        string preset, string heaps, int together, string timeId, long step, long length)
    {
        (CommandProcess receiver, int port) =
            await CommandProcess.StartReceiverAsync("--json", "--preset", preset, "--timeout", "20", "--engine", engine);
        using (receiver)
        {
            CommandResult sent = await CommandProcess.RunAsync(
                "send", "--udp", $"127.0.0.1:{port}", "--preset", preset, "--heaps", heaps, "--rate", "0.5", "--json");
            CommandResult received = await receiver.WaitAsync();

            Assert.That(sent.ExitCode, Is.Zero, sent.Error);
            Assert.That(received.ExitCode, Is.Zero, received.Error);
            JsonElement[] lines = [.. received.Heaps.Select(line => JsonDocument.Parse(line).RootElement)];
            Assert.That(timeId, Is.EqualTo("1600"));
            Assert.That(lines.Select(heap => heap.GetProperty("heap_length").GetInt64()), Is.All.EqualTo(length));
            Assert.That(
                lines.Select(heap => heap.GetProperty("values").GetProperty("timestamp").GetProperty("values")[0].GetInt64()),
                Is.EqualTo(Enumerable.Range(0, lines.Length).Select(number => number / together * step)));
            Assert.That(lines, Has.Length.EqualTo(int.Parse(heaps, System.Globalization.CultureInfo.InvariantCulture)));
        }
    }

    [Test]
    public async Task Antennas_send_the_heaps_that_they_have_among_all()
    {
        const int antennas = 4;
        const int times = 2;
        (CommandProcess receiver, int port) =
            await CommandProcess.StartReceiverAsync("--json", "--preset", "fengine", "--timeout", "20", "--engine", engine);
        using (receiver)
        {
            for (int antenna = 0; antenna < antennas; antenna++)
            {
                string[] noStop = antenna < antennas - 1 ? ["--no-stop"] : [];
                CommandResult sent = await InProcess.RunAsync(
                    ["send", "--udp", $"127.0.0.1:{port}", "--preset", "fengine", "--antenna", $"{antenna}", "--heaps", $"{times}",
                    "--rate", "0.5", .. noStop]);
                Assert.That(sent.ExitCode, Is.Zero, sent.Error);
            }

            CommandResult received = await receiver.WaitAsync();

            Assert.That(received.ExitCode, Is.Zero, received.Error);
            Assert.That(
                received.Heaps.Select(line => JsonDocument.Parse(line).RootElement).Select(heap =>
                    (heap.GetProperty("cnt").GetInt64(), ValueOf(heap, "timestamp"), ValueOf(heap, "feng_id"))),
                Is.EqualTo(
                    from antenna in Enumerable.Range(0, antennas)
                    from time in Enumerable.Range(0, times)
                    select ((long)((time * antennas) + antenna + 1), time * 2L * 4096 * 256, (long)antenna)));
        }
    }

    private static long ValueOf(JsonElement heap, string name) =>
        heap.GetProperty("values").GetProperty(name).GetProperty("values")[0].GetInt64();

    [Test]
    public async Task Beam_of_a_station_has_its_samples()
    {
        CommandResult result = await ReceiveAsync("ska-low-beam", "--dialect", "ska-low-sps", "--preset", "ska-low-sps");

        JsonElement[] heaps = [.. result.Heaps.Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.That(heaps.Select(heap => heap.GetProperty("cnt").GetInt64()), Is.EqualTo(new[] { 0, 1, 2, 3 }));
        Assert.That(heaps.Select(heap => heap.GetProperty("complete").GetBoolean()), Is.All.True);
        for (int i = 0; i < heaps.Length; i++)
        {
            JsonElement values = heaps[i].GetProperty("values");
            JsonElement samples = values.GetProperty("samples");
            Assert.That(samples.GetProperty("shape").GetRawText(), Is.EqualTo("[2048,2,2]"));
            Assert.That(
                samples.GetProperty("values").EnumerateArray().Select(value => value.GetInt32()), Is.All.EqualTo(i));
            Assert.That(
                values.GetProperty("channel_info").GetProperty("values").GetRawText(), Is.EqualTo($"[[2,{64 + i}]]"));
        }
    }

    [TestCase]
    [TestCase("--dialect", "auto")]
    public async Task Refused_packets_are_explained_by_name(params string[] arguments)
    {
        CommandResult json = await ReceiveAsync("ska-low-beam", arguments);
        CommandResult table = await InProcess.RunAsync(
            ["recv", "--packets", Path.Combine(Cases, "ska-low-beam.packets"), "--engine", engine, .. arguments]);

        Assert.That(json.Heaps, Is.Empty);
        Assert.That(json.Statistics["malformed"], Is.EqualTo(4));
        Assert.That(json.Lines[^2], Is.EqualTo("""{"suggested_dialect":"ska-low-sps"}"""));
        Assert.That(
            string.Join(' ', table.Output.Split((char[])[' ', '\n', '│'], StringSplitOptions.RemoveEmptyEntries)),
            Does.Contain("--dialect ska-low-sps"));
        Assert.That(
            json.Error, arguments.Length == 0 ? Does.Not.Contain("ska-low-sps") : Does.Contain("--dialect ska-low-sps"));
    }

    [Test]
    public async Task Log_names_the_dialect_of_a_refused_datagram()
    {
        CommandResult result = await ReceiveAsync("ska-low-beam", "--verbose");

        Assert.That(
            result.Error,
            Does.Contain("info: a datagram of 8248 bytes was not used that a source with the dialect ska-low-sps takes\n"));
    }

    [TestCase("ska-low-sps", 999, "--heap-size", "999")]
    [TestCase("ska-low-sps", DefaultPacketSize - 24)]
    [TestCase("ska-low-antenna-buffer", 999, "--heap-size", "999")]
    [TestCase("ska-low-antenna-buffer", DefaultPacketSize - 32)]
    [TestCase("pyspead", 999, "--heap-size", "999")]
    [TestCase("pyspead", DefaultPacketSize - 32)]
    [TestCase("datagram-is-heap", 999, "--heap-size", "999")]
    [TestCase("datagram-is-heap", DefaultPacketSize - 48)]
    public async Task What_is_sent_in_a_dialect_is_verified(string dialect, int length, params string[] size)
    {
        (CommandProcess receiver, int port) = await CommandProcess.StartReceiverAsync(
            "--bind", "127.0.0.1", "--json", "--dialect", dialect, "--verify", "--expect", "5", "--timeout", "20",
            "--engine", engine);
        using (receiver)
        {
            CommandResult sent = await CommandProcess.RunAsync(
                ["send", "--udp", $"127.0.0.1:{port}", "--dialect", dialect, "--heaps", "5", .. size]);
            CommandResult received = await receiver.WaitAsync();

            Assert.That(sent.ExitCode, Is.Zero, sent.Error);
            Assert.That(received.ExitCode, Is.Zero, received.Output + received.Error);
            Assert.That(received.Heaps, Is.All.Contains($"\"received\":{length},"));
            Assert.That(received.Lines[^2], Is.EqualTo("""{"content":{"right":5,"wrong":0}}"""));
        }
    }

    [TestCase("ska-low-antenna-buffer")]
    [TestCase("pyspead")]
    [TestCase("datagram-is-heap")]
    public async Task Items_in_a_dialect_are_verified(string dialect)
    {
        (CommandProcess receiver, int port) = await CommandProcess.StartReceiverAsync(
            "--bind", "127.0.0.1", "--json", "--dialect", dialect, "--items", "--verify", "--expect", "5", "--timeout", "20",
            "--engine", engine);
        using (receiver)
        {
            CommandResult sent = await CommandProcess.RunAsync(
                "send", "--udp", $"127.0.0.1:{port}", "--dialect", dialect, "--items", "--heaps", "5", "--engine", engine);
            CommandResult received = await receiver.WaitAsync();

            Assert.That(sent.ExitCode, Is.Zero, sent.Error);
            Assert.That(received.ExitCode, Is.Zero, received.Output + received.Error);
            Assert.That(received.Output, Does.Contain("""{"content":{"right":5,"wrong":0}}"""));
        }
    }

    [TestCase("ska-low-sps", SendDialect.SkaLowSps)]
    [TestCase("pyspead", SendDialect.PySpead)]
    public async Task Other_content_in_a_dialect_is_wrong(string dialect, SendDialect sent)
    {
        HeapToSend heap = new();
        heap.AddItem(HeapContent.DataId, new byte[16]);
        using PacketFile file = PacketFile.OfDatagrams(await SendAsync(sent, 48, new HeapReference(heap) { Cnt = 3 }));

        CommandResult result = await InProcess.RunAsync(
            "recv", "--packets", file.Path, "--json", "--dialect", dialect, "--verify", "--engine", engine);

        Assert.That(result.Lines[^2], Is.EqualTo("""{"content":{"right":0,"wrong":1}}"""));
        Assert.That(result.ExitCode, Is.EqualTo(1));
    }

    [Test]
    public async Task Channels_with_one_cnt_leave_it_unknown_what_is_missing([Values] bool isCntMissing)
    {
        CommandResult result = await ReceiveChannelsAsync(isCntMissing);

        Assert.That(
            result.Lines[^1],
            Is.EqualTo($"{(isCntMissing ? 75 : 79)} heaps arrived in full; whether others are missing is not known, as several "
                + "may have one cnt in this dialect (--set-item tells them apart, --expect counts them)."
                + (isCntMissing ? " No heap of 1 cnt between theirs arrived." : "")));
        Assert.That(result.Output, Does.Not.Contain("heaps_duplicate"));
        Assert.That(result.ExitCode, Is.EqualTo(isCntMissing ? 1 : 0));
    }

    [TestCase("--set-item", "0x3000")]
    [TestCase("--preset", "ska-low-sps")]
    [TestCase("--preset", "ska-low-sps", "--cnt-step", "0")]
    public async Task Item_of_channels_with_one_cnt_tells_what_is_missing(params string[] arguments)
    {
        CommandResult result = await ReceiveChannelsAsync(isCntMissing: true, arguments);

        Assert.That(result.Lines[^1], Is.EqualTo("75 of 80 heaps up to heap 19: 5 never arrived."));
        Assert.That(result.ExitCode, Is.EqualTo(1));
    }

    [Test]
    public async Task Channel_that_falls_silent_is_missing()
    {
        CommandResult result = await ReceiveChannelsAsync(silentFrom: 10, "--preset", "ska-low-sps");

        // All others have the last moment, too.
        Assert.That(result.Lines[^1], Is.EqualTo("70 of 80 heaps up to heap 19: 10 never arrived."));
        Assert.That(result.ExitCode, Is.EqualTo(1));
    }

    [TestCase("--cnt-step", "1")]
    [TestCase("--preset", "ska-low-sps")]
    public async Task Item_that_channels_have_in_common_does_not_tell_what_is_missing(params string[] arguments)
    {
        CommandResult result = await ReceiveChannelsAsync(isCntMissing: true, ["--set-item", "0x3001", .. arguments]);

        Assert.That(
            result.Lines[^1],
            Is.EqualTo("75 heaps arrived in full; whether others are missing is not known, as several have the same values "
                + "(--expect counts them). No heap of 1 value between theirs arrived."));
        Assert.That(result.ExitCode, Is.EqualTo(1));
    }

    [TestCase("ska-low-sps", SendDialect.SkaLowSps, 2)]
    [TestCase("ska-low-antenna-buffer", SendDialect.SkaLowAntennaBuffer, 2)]
    [TestCase("pyspead", SendDialect.PySpead, 2)]
    [TestCase("datagram-is-heap", SendDialect.DatagramIsHeap, 1)]
    public async Task Dialect_of_a_file_is_proposed(string dialect, SendDialect sent, int count)
    {
        HeapToSend heap = new();
        if (dialect.StartsWith("ska-low", StringComparison.Ordinal))
        {
            heap.AddImmediate(0x3001, 1);
            heap.AddImmediate(0x3300, 0);
        }

        heap.AddItem(dialect == "ska-low-antenna-buffer" ? 0x3300 : 0x3301, new byte[500]);
        List<byte[]> packets = await SendAsync(
            sent, 48, [.. Enumerable.Range(0, count).Select(cnt => new HeapReference(heap) { Cnt = cnt })]);
        using PacketFile file = PacketFile.OfBytes([.. packets]);
        string[] arguments = ["recv", "--file", file.Path, "--engine", engine];

        CommandResult plain = await InProcess.RunAsync(arguments);
        CommandResult auto = await InProcess.RunAsync([.. arguments, "--dialect", "auto"]);
        CommandResult right = await InProcess.RunAsync([.. arguments, "--json", "--dialect", dialect]);

        Assert.That(plain.ExitCode, Is.EqualTo(2));
        Assert.That(plain.Output, Is.Empty);
        Assert.That(plain.Error, Does.Contain("has no SPEAD packet at byte 0").And.Contain($"--dialect {dialect}."));
        Assert.That(auto.Error, Does.Contain($"--dialect {dialect}."));
        Assert.That(right.Heaps, Has.Length.EqualTo(count), right.Error);
    }

    [Test]
    public async Task Bytes_that_do_not_fit_a_preset_are_a_failure([Values(1, 1024, 1025)] int length)
    {
        HeapToSend heap = new();
        heap.AddImmediate(0x1600, 1);
        heap.AddItem(0x4300, new byte[length], allowImmediate: false);
        using PacketFile file = PacketFile.OfDatagrams(PacketFile.Encode(heap, 1, new Flavour(48), maxPacketSize: 2000));

        CommandResult result = await InProcess.RunAsync(
            "recv", "--packets", file.Path, "--json", "--preset", "fengine:channel=128", "--engine", engine);

        Assert.That(result.Lines[^2], length == 1024 ? Does.Contain("\"errors\":0") : Does.Contain("\"errors\":1"));
        Assert.That(
            result.Heaps.Single(),
            length == 1024
                ? Does.Not.Contain("failed")
                : Does.Contain($"Of its {length} bytes 1 do not fit the shape (128, ?, 2, 2) of the preset fengine"));
    }

    [Test]
    public async Task Heap_cnts_of_two_senders_are_seen_as_duplicates()
    {
        CommandResult result = await ReceiveAsync("two-senders");

        Assert.That(result.Heaps, Has.Length.EqualTo(1));
        Assert.That(
            JsonDocument.Parse(result.Heaps[0]).RootElement.GetProperty("complete").GetBoolean(), Is.True);
        Assert.That(result.Statistics["rejected_duplicate"], Is.EqualTo(1));
        Assert.That(result.Statistics["heaps_contradictory"], Is.EqualTo(1));
        Assert.That(result.Statistics["incomplete_heaps_dropped"], Is.EqualTo(1));
        Assert.That(Tools.Receive.LossExplanation.Of("rejected_duplicate"), Does.Contain("two senders"));
    }

    [TestCase("recv", "--packets", "x", "--dialect", "ska")]
    [TestCase("recv", "--packets", "x", "--verify", "--preset", "fengine")]
    [TestCase("recv", "--packets", "x", "--preset", "fengine:channel=0")]
    [TestCase("send", "--udp", "127.0.0.1:1", "--dialect", "auto")]
    [TestCase("send", "--udp", "127.0.0.1:1", "--preset", "ska")]
    [TestCase("send", "--udp", "127.0.0.1:1", "--preset", "fengine", "--heap-size", "8")]
    [TestCase("send", "--udp", "127.0.0.1:1", "--preset", "fengine", "--antenna", "4")]
    [TestCase("send", "--udp", "127.0.0.1:1", "--preset", "xengine", "--antenna", "1")]
    [TestCase("send", "--udp", "127.0.0.1:1", "--antenna", "1")]
    [TestCase("send", "--udp", "127.0.0.1:1", "--dialect", "ska-low-sps", "--items")]
    [TestCase("send", "--udp", "127.0.0.1:1", "--dialect", "pyspead", "--items", "--packet-size", "1000")]
    [TestCase("send", "--udp", "127.0.0.1:1", "--dialect", "pyspead", "--heap-size", "2000")]
    public async Task What_does_not_go_together_is_refused(params string[] arguments)
    {
        CommandResult result = await InProcess.RunAsync(arguments);

        Assert.That(result.ExitCode, Is.Not.Zero);
        Assert.That(result.Error + result.Output, Does.Contain("--"));
    }

    /// <summary>Receives heaps of 4 channels at 20 moments with a cnt each; one heap is missing, and a moment if so.</summary>
    private Task<CommandResult> ReceiveChannelsAsync(bool isCntMissing, params string[] arguments) =>
        ReceiveChannelsAsync(number => number == 41 || (isCntMissing && number / 4 == 7), arguments);

    /// <summary>The same, where the last channel falls silent.</summary>
    private Task<CommandResult> ReceiveChannelsAsync(ulong silentFrom, params string[] arguments) =>
        ReceiveChannelsAsync(number => number % 4 == 3 && number / 4 >= silentFrom, arguments);

    private async Task<CommandResult> ReceiveChannelsAsync(Predicate<ulong> isMissing, params string[] arguments)
    {
        List<HeapReference> heaps = [];
        for (ulong number = 0; number < 4 * 20; number++)
        {
            if (isMissing(number))
            {
                continue;
            }

            HeapToSend heap = new();
            heap.AddImmediate(0x3000, number % 4);
            heap.AddImmediate(0x3001, 1);
            heap.AddItem(0x3301, new byte[16]);
            heaps.Add(new(heap) { Cnt = (long)number / 4 });
        }

        using PacketFile file = PacketFile.OfDatagrams(await SendAsync(SendDialect.SkaLowSps, 48, [.. heaps]));
        return await InProcess.RunAsync(
        [
            "recv", "--packets", file.Path, "--dialect", "ska-low-sps", "--fail-on-loss", "--engine", engine, .. arguments,
        ]);
    }

    // The packets that the engine sends of heaps, in order.
    private async Task<List<byte[]>> SendAsync(SendDialect dialect, int addressBits, params HeapReference[] heaps)
    {
        SendStreamOptions options = new()
        {
            MaxHeaps = heaps.Length,
            MaxPacketSize = 9000,
            Flavour = new Flavour(addressBits),
            Dialect = dialect,
        };
        List<byte[]> packets = [];
        await using ISendStream stream = engine == "native" ? new SendStream(options) : new ManagedSendStream(options);
        stream.Add(new FunctionWriterOptions((_, packet) => packets.Add(packet.ToArray())));
        (await stream.SendAsync(heaps, GroupMode.Serial)).ThrowIfFailed();
        return packets;
    }

    private Task<CommandResult> ReceiveAsync(string name, params string[] arguments) => InProcess.RunAsync(
        ["recv", "--packets", Path.Combine(Cases, $"{name}.packets"), "--json", "--engine", engine, .. arguments]);
}
