// SPDX-License-Identifier: MIT

using System.Net.Sockets;
using Spead2.Receive;
using Spead2.Send;
using Spead2.Tools.Diagnosis;
using Spead2.Tools.Receive;

namespace Spead2.Tools.Tests;

/// <summary>What `spead2 recv` says of loss, and its exit codes.</summary>
[TestFixture("native")]
[TestFixture("managed")]
public sealed class VerdictTests(string engine)
{
    [TestCase(true, "90 of 100 heaps: 10 never arrived.")]
    [TestCase(false, "90 of 100 heaps up to heap 100: 10 never arrived.")]
    public async Task Heaps_removed_on_the_way_are_counted(bool stops, string verdict)
    {
        CommandResult result = await ReceiveAsync([.. Enumerable.Range(1, 100).Where(cnt => cnt % 10 != 5)], stops);

        Assert.That(result.Lines[^1], Is.EqualTo(verdict));
        Assert.That(result.ExitCode, Is.Zero);
    }

    [Test]
    public async Task All_heaps_are_none_missing()
    {
        CommandResult result = await ReceiveAsync([.. Enumerable.Range(1, 100)], stops: true, "--fail-on-loss");

        Assert.That(result.Lines[^1], Is.EqualTo("100 of 100 heaps, none missing."));
        Assert.That(result.ExitCode, Is.Zero);
    }

    [Test]
    public async Task Stop_heap_does_not_close_the_count_of_other_substreams()
    {
        // Heap 100 is missing, but nothing behind it of its substream says so.
        CommandResult result = await ReceiveAsync([.. Enumerable.Range(1, 99)], stops: true, "--substreams", "4");

        Assert.That(result.Lines[^1], Is.EqualTo("99 of 99 heaps up to heap 99, none missing."));
    }

    [TestCase(true, 3)]
    [TestCase(false, 0)]
    public async Task File_without_a_packet_is_exit_code_3_with_fail_on_loss(bool fails, int code)
    {
        using var file = PacketFile.OfDatagrams([new byte[40], new byte[50]]);

        CommandResult result = await InProcess.RunAsync(
            ["recv", "--packets", file.Path, "--engine", engine, .. fails ? (string[])["--fail-on-loss"] : []]);

        Assert.That(result.Lines[^1], Does.EndWith("2 datagrams did, but none of them is one."));
        Assert.That(result.ExitCode, Is.EqualTo(code));
    }

    [Test]
    public async Task Loss_is_exit_code_1_with_fail_on_loss()
    {
        CommandResult result = await ReceiveAsync([1, 2, 3, 5], stops: true, "--fail-on-loss");

        Assert.That(result.Lines[^1], Does.StartWith("4 of 5 heaps: 1 never arrived."));
        Assert.That(result.ExitCode, Is.EqualTo(1));
    }

    [Test]
    public async Task Heap_that_lacks_packets_is_named_with_them()
    {
        List<byte[]> packets = [.. Packets([1, 2, 3, 4]), .. PacketFile.Encode(5, new byte[1000]).SkipLast(2)];
        using var file = PacketFile.OfDatagrams(packets);

        CommandResult result = await InProcess.RunAsync("recv", "--packets", file.Path, "--engine", engine);

        Assert.That(result.Lines[^1], Does.Match(@"^4 of 5 heaps up to heap 4\. 1 heap came without 2 packets \(.*\)\.$"));
    }

    [TestCase(LossCause.KernelDrops, 10, "A loss every 10 s: the kernel dropped messages 30 times (93 % sure).")]
    [TestCase(LossCause.HeapsMissing, 2.56, "A loss every 2.6 s: heaps never arrived 30 times (93 % sure).")]
    public void Loss_at_regular_intervals_is_told(LossCause cause, double seconds, string text) =>
        Assert.That(LossPeriodText.Of(new(cause, TimeSpan.FromSeconds(seconds), 0.93, 30)), Is.EqualTo(text));

    [Test]
    public async Task Item_behind_the_payload_is_named_as_the_cause()
    {
        byte[] packet =
        [
            0x53, 4, 2, 6, 0, 0, 0, 5,
            0x80, 1, 0, 0, 0, 0, 0, 5,
            0x80, 2, 0, 0, 0, 0, 0, 16,
            0x80, 3, 0, 0, 0, 0, 0, 0,
            0x80, 4, 0, 0, 0, 0, 0, 16,
            0x10, 0, 0, 0, 0, 0, 0, 100,
            .. new byte[16],
        ];
        using var file = PacketFile.OfDatagrams([.. Packets([1, 2, 3, 4]), packet]);

        CommandResult result = await InProcess.RunAsync("recv", "--packets", file.Path, "--incomplete");

        Assert.That(
            result.Lines[^1],
            Is.EqualTo("4 of 5 heaps up to heap 5. 1 heap came with all payload, but an item that begins behind it."));
        Assert.That(result.Output, Does.Contain("an item begins behind"));
    }

    [Test]
    public async Task Packets_that_come_again_late_are_no_loss()
    {
        // 28 packets of a heap of 29 that is complete do not come again.
        List<List<byte[]>> heaps = [.. Enumerable.Range(1, 20).Select(cnt => PacketFile.Encode((ulong)cnt, new byte[7300]))];
        heaps[10].Add(heaps[5][0]);
        using var file = PacketFile.OfDatagrams(heaps.SelectMany(heap => heap));

        CommandResult result = await InProcess.RunAsync("recv", "--packets", file.Path, "--engine", engine, "--fail-on-loss");

        Assert.That(heaps[0], Has.Count.GreaterThan(25));
        Assert.That(result.Lines[^1], Is.EqualTo("20 of 20 heaps up to heap 20, none missing."));
        Assert.That(result.ExitCode, Is.Zero);
    }

    [Test]
    public async Task Heap_that_comes_twice_hides_no_incomplete_one()
    {
        List<byte[]>[] heaps = [.. Enumerable.Range(1, 20).Select(cnt => PacketFile.Encode((ulong)cnt, new byte[600]))];
        using var file = PacketFile.OfDatagrams([.. heaps.SelectMany((heap, i) => i == 7 ? heap.Skip(1) : heap), .. heaps[3]]);

        CommandResult result = await InProcess.RunAsync("recv", "--packets", file.Path, "--engine", engine, "--fail-on-loss");

        Assert.That(result.Lines[^1], Does.StartWith("19 of 20 heaps").And.Contain("1 heap came without 1 packet ("));
        Assert.That(result.ExitCode, Is.EqualTo(1));
    }

    [TestCase(false, "From heap 201 on cnts are 2 apart, not 1: has the sender's step changed? A receiver that begins now learns it.")]
    [TestCase(true, ": 99 never arrived.")]
    public async Task Other_step_is_told_where_it_begins(bool isLoss, string end)
    {
        // With loss in place of a step heaps come out of step now and then.
        int[] second = [.. Enumerable.Range(1, 200).Select(i => 200 + i).Where(cnt => isLoss ? cnt % 30 < 15 : cnt % 2 == 1)];
        CommandResult result = await ReceiveAsync([.. Enumerable.Range(1, 200), .. second], stops: true);

        Assert.That(result.Lines[^1], Does.EndWith(end));
    }

    [Test]
    public async Task Smaller_step_is_told_where_it_begins()
    {
        CommandResult result = await ReceiveAsync(
            [.. Enumerable.Range(1, 100).Select(i => 2 * i), .. Enumerable.Range(201, 200)], stops: true);

        Assert.That(
            result.Lines[^1],
            Does.StartWith("300 heaps arrived in full; whether others are missing is not known")
                .And.Contain(" From heap 200 on cnts are 1 apart, not 2: has the sender's step changed?"));
    }

    [TestCase(1, "100 heaps arrived in full; whether others are missing is not known, as 100 of the heaps have no place in a sequence "
        + "(too few heaps, or without the items of --count-item and --set-item).")]
    [TestCase(2, "200 of 200 heaps up to heap 1, none missing.")]
    [TestCase(3, "298 of 299 heaps up to heap 2: 1 never arrived. Of 1 more, the first or last ones, it is not known whether they were sent.")]
    public async Task Few_heaps_of_each_value_are_little_evidence(int moments, string verdict)
    {
        List<byte[]> packets = [];
        for (int number = 0; number < 100 * moments; number++)
        {
            HeapToSend heap = new();
            heap.AddImmediate(0x1600, (ulong)(4096 * (number / 100)));
            heap.AddImmediate(0x4101, (ulong)(number % 100));
            packets.AddRange(moments == 3 && number is 150 or 200 ? [] : PacketFile.Encode(heap, (ulong)number / 100));
        }

        using var file = PacketFile.OfDatagrams(packets);

        CommandResult result = await InProcess.RunAsync(
            "recv", "--packets", file.Path, "--count-item", "0x1600", "--set-item", "0x4101", "--cnt-step", "4096", "--engine", engine);

        Assert.That(result.Lines[^1], Is.EqualTo(verdict));
    }

    [TestCase("0x1600", "The timestamps began again 1 time: a sender has restarted.")]
    [TestCase("0x1234", "The values of item 0x1234 began again 1 time: a sender has restarted.")]
    public async Task Restart_is_told_of_what_heaps_are_counted_by(string item, string reason)
    {
        List<byte[]> packets = [];
        for (int number = 0; number < 200; number++)
        {
            HeapToSend heap = new();
            heap.AddImmediate(Convert.ToInt64(item, 16), (ulong)(4096 * (number % 100)));
            packets.AddRange(PacketFile.Encode(heap, (ulong)number));
        }

        using var file = PacketFile.OfDatagrams(packets);
        CommandResult result = await InProcess.RunAsync("recv", "--packets", file.Path, "--count-item", item, "--engine", engine);

        Assert.That(result.Lines[^1], Does.EndWith(reason));
    }

    [Test]
    public async Task Slots_that_would_have_sufficed_are_named()
    {
        // Eight senders that take turns lose every heap with the default of four slots.
        List<byte[]>[] heaps = [.. Enumerable.Range(1, 8).Select(cnt => PacketFile.Encode((ulong)cnt, new byte[600]))];
        using var file = PacketFile.OfDatagrams(Enumerable.Range(0, heaps[0].Count).SelectMany(i => heaps.Select(heap => heap[i])));

        CommandResult few = await InProcess.RunAsync("recv", "--packets", file.Path, "--engine", engine);
        CommandResult enough = await InProcess.RunAsync("recv", "--packets", file.Path, "--max-heaps", "8", "--engine", engine);

        Assert.That(
            few.Lines[^1],
            Is.EqualTo(
                "0 of 8 heaps. 8 heaps came in part. More heaps were under way than --max-heaps: 8 would have sufficed."));
        Assert.That(enough.Lines[^1], Is.EqualTo("8 of 8 heaps up to heap 8, none missing."));
    }

    [Test]
    public async Task One_packet_is_no_plural()
    {
        byte[] other = PacketFile.Encode(1, "data"u8.ToArray()).Single();
        other[0] ^= 1;
        using var file = PacketFile.OfDatagrams([other]);
        CommandResult none = await InProcess.RunAsync("recv", "--packets", file.Path);
        Assert.That(none.Lines[^1], Does.EndWith(": 1 datagram did, but it is none."));

        List<byte[]> packets = [.. Packets([1, 2, 3, 4]), .. PacketFile.Encode(5, new byte[1000]).SkipLast(1)];
        using var lacking = PacketFile.OfDatagrams(packets);
        CommandResult result = await InProcess.RunAsync("recv", "--packets", lacking.Path);
        Assert.That(result.Lines[^1], Does.Contain("1 heap came without 1 packet ("));

        using var large = PacketFile.OfDatagrams([.. Packets([1, 2, 3, 4]), PacketFile.Encode(5, new byte[64]).Single()]);
        result = await InProcess.RunAsync("recv", "--packets", large.Path, "--max-heap-size", "8");
        Assert.That(result.Lines[^1], Does.EndWith(" 1 packet was refused."));
    }

    [Test]
    public async Task Nothing_is_claimed_of_cnts_without_a_step()
    {
        CommandResult result = await ReceiveAsync([1, 1000, 20, 7000, 300], stops: false);

        // One line, however long it is: nobody reads a pipe by its width.
        Assert.That(
            result.Lines[^1],
            Does.StartWith("5 heaps arrived in full; whether others are missing is not known, as ").And.EndWith("help)."));
    }

    [Test]
    public async Task Step_can_be_set()
    {
        CommandResult result = await ReceiveAsync([0, 8, 24], stops: false, "--cnt-step", "8");

        Assert.That(result.Lines[^1], Is.EqualTo("3 of 4 heaps up to heap 24: 1 never arrived."));
    }

    [Test]
    public async Task Heaps_can_be_counted_by_items()
    {
        List<byte[]> packets = [];
        for (int i = 0; i < 20; i++)
        {
            HeapToSend heap = new();
            heap.AddImmediate(0x1600, (ulong)(4096 * (i / 2)));
            heap.AddImmediate(0x4101, (ulong)(i % 2));
            packets.AddRange(i is 8 or 11 ? [] : PacketFile.Encode(heap, (ulong)(i * i)));
        }

        HeapToSend end = new();
        end.AddEnd();
        using var file = PacketFile.OfDatagrams([.. packets, .. PacketFile.Encode(end, 1)]);

        CommandResult result = await InProcess.RunAsync(
            "recv", "--packets", file.Path, "--count-item", "0x1600", "--set-item", "16641", "--cnt-step", "4096", "--engine",
            engine);

        Assert.That(result.Lines[^1], Is.EqualTo("18 of 20 heaps up to heap 361: 2 never arrived."));
    }

    [TestCase(1, "19 of 20 heaps up to heap 361: 1 never arrived.")]
    [TestCase(2, "39 heaps arrived in full; whether others are missing is not known, as several have the same values "
        + "(--expect counts them).")]
    public async Task Preset_counts_heaps_by_its_items(int groups, string verdict)
    {
        const ulong Antennas = 2;
        List<byte[]> packets = [];
        for (ulong number = 0; number < 20 * (ulong)groups; number++)
        {
            ulong heapOfGroup = number / (ulong)groups;
            HeapToSend heap = new();
            heap.AddImmediate(0x1600, heapOfGroup / Antennas << 21);
            heap.AddImmediate(0x4101, heapOfGroup % Antennas);
            heap.AddImmediate(0x4103, number % (ulong)groups * 128);
            packets.AddRange(number == 9 ? [] : PacketFile.Encode(heap, number * number));
        }

        HeapToSend end = new();
        end.AddEnd();
        using var file = PacketFile.OfDatagrams([.. packets, .. PacketFile.Encode(end, 1)]);

        CommandResult result = await InProcess.RunAsync(
            "recv", "--packets", file.Path, "--preset", "fengine", "--engine", engine);

        Assert.That(result.Lines[^1], Is.EqualTo(verdict));
    }

    [Test]
    public async Task Heaps_without_the_item_claim_nothing()
    {
        CommandResult result = await ReceiveAsync([1, 2, 3], stops: true, "--count-item", "0x1600");

        Assert.That(result.Lines[^1], Does.EndWith("without the items of --count-item and --set-item)."));
    }

    [TestCase("0x6")]
    [TestCase("timestamp")]
    [TestCase("0x80000000000000")]
    public async Task Item_to_count_by_is_an_identifier(string id)
    {
        CommandResult result = await ReceiveAsync([1], stops: true, "--count-item", id);

        Assert.That(result.ExitCode, Is.EqualTo(2));
        Assert.That(result.Error, Does.Contain($"--count-item must be the identifier of an item, for example 0x1600, not '{id}'."));
    }

    [Test]
    public async Task Nothing_that_arrives_is_exit_code_3()
    {
        CommandResult result = await InProcess.RunAsync(
            "recv", "--udp", "0", "--bind", "127.0.0.1", "--timeout", "0.1", "--engine", engine);

        Assert.That(result.Lines[^1], Does.Match("^No packet arrived on UDP 127.0.0.1 port [1-9][0-9]*\\.$"));
        Assert.That(result.ExitCode, Is.EqualTo(3));
    }

    [TestCase(7, 4, 0, "3 to 7 found a full socket buffer, at most 4 had a wrong UDP checksum")]
    [TestCase(9, 0, 0, "7 found a full socket buffer")]
    [TestCase(0, 0, 7, "7 were refused by a filter of the socket")]
    [TestCase(0, 0, 0, "")]
    public void Drops_of_the_kernel_have_causes(int full, int wrong, int filtered, string text) =>
        Assert.That(KernelDropsText.Of(new KernelUdpCounters(0, full, wrong, filtered, 0, 0).Explain(7)), Is.EqualTo(text));

    [Test]
    public async Task Heap_of_two_senders_in_a_file_is_flagged()
    {
        string path = Path.Combine(RepositoryFiles.Root, "tests/cases/packets/two-senders.packets");

        CommandResult people = await InProcess.RunAsync("recv", "--packets", path, "--engine", engine);
        CommandResult programs = await InProcess.RunAsync("recv", "--packets", path, "--engine", engine, "--json");

        Assert.That(people.Output, Does.Contain("contradictory").And.Contain("heaps_contradictory"));
        Assert.That(people.Lines[^1], Does.EndWith("1 heap mixed: several senders seem to use the same cnts."));

        // Item 0x4101 has a value of each sender.
        Assert.That(programs.Heaps.Single(), Does.Contain("\"contradictory\":true"));
        Assert.That(programs.Heaps[0].Split("\"id\":16641,"), Has.Length.EqualTo(3));
        Assert.That(programs.Statistics["heaps_contradictory"], Is.EqualTo(1));
    }

    [TestCase("record", 1)]
    [TestCase("separate", 2)]
    public async Task Heaps_of_two_sockets_are_not_silently_mixed(string senders, int heaps)
    {
        (CommandProcess receiver, int port) = await CommandProcess.StartReceiverAsync(
            "--json", "--engine", engine, "--senders", senders, "--heaps", $"{heaps}");
        using (receiver)
        {
            // The same cnt, and no item that could contradict another.
            using UdpClient first = new("127.0.0.1", port);
            using UdpClient second = new("127.0.0.1", port);
            List<byte[]> packets = PacketFile.Encode(1, new byte[300]);
            Assert.That(packets, Has.Count.EqualTo(2));
            await first.SendAsync(packets[0]);
            await second.SendAsync(packets[0]);
            await second.SendAsync(packets[1]);
            await first.SendAsync(packets[1]);
            CommandResult result = await receiver.WaitAsync();

            bool mixes = senders == "record";
            Assert.That(result.Heaps, Has.Length.EqualTo(heaps));
            Assert.That(result.Heaps.Select(heap => heap.Contains("\"mixed\":true", StringComparison.Ordinal)), Is.All.EqualTo(mixes));
            Assert.That(
                result.Heaps.Select(heap => heap.Contains($"\"sender\":\"{first.Client.LocalEndPoint}\"", StringComparison.Ordinal)),
                Has.Exactly(1).True);
            Assert.That(result.Statistics["heaps_mixed"], Is.EqualTo(mixes ? 1 : 0));
            Assert.That(
                result.Lines[^1].Contains("1 heap mixed: several senders use the same cnts.", StringComparison.Ordinal),
                Is.EqualTo(mixes));
        }
    }

    [TestCase("record", "20 heaps arrived in full; whether others are missing is not known, as several senders have the same cnts ")]
    [TestCase("separate", "19 of 20 heaps up to heap 10: 1 never arrived.")]
    public async Task Equal_cnts_of_two_sockets_claim_nothing(string senders, string verdict)
    {
        int heaps = senders == "record" ? 20 : 19;
        (CommandProcess receiver, int port) = await CommandProcess.StartReceiverAsync(
            "--json", "--engine", engine, "--senders", senders, "--heaps", $"{heaps}", "--fail-on-loss");
        using (receiver)
        {
            using UdpClient first = new("127.0.0.1", port);
            using UdpClient second = new("127.0.0.1", port);
            for (ulong cnt = 1; cnt <= 10; cnt++)
            {
                await first.SendAsync(PacketFile.Encode(cnt, "data"u8.ToArray())[0]);
                if (senders == "record" || cnt != 7)
                {
                    await second.SendAsync(PacketFile.Encode(cnt, "data"u8.ToArray())[0]);
                }
            }

            CommandResult result = await receiver.WaitAsync();

            Assert.That(result.Lines[^1], Does.Contain(verdict));
            Assert.That(result.ExitCode, Is.EqualTo(senders == "record" ? 0 : 1));
        }
    }

    [TestCase(7, 4, 0, KernelCounters.BufferCure + "; " + KernelCounters.ChecksumCure)]
    [TestCase(0, 7, 0, KernelCounters.ChecksumCure)]
    [TestCase(0, 0, 7, KernelCounters.FilterCure)]
    [TestCase(0, 0, 0, null)]
    public void Drops_of_the_kernel_have_cures(int full, int wrong, int filtered, string? cure) =>
        Assert.That(KernelDropsText.CureOf(new KernelUdpCounters(0, full, wrong, filtered, 0, 0).Explain(7)), Is.EqualTo(cure));

    [Test]
    public void Counters_that_grew_are_explained()
    {
        Finding[] causes = [.. new KernelCounters(5, 1, 1, 0).Since(new KernelCounters(3, 1, 1, 0), [], new SystemFiles())];

        Assert.That(causes, Has.Length.EqualTo(1));
        Assert.That(
            causes[0].Text,
            Is.EqualTo("In the last 1 s, on this machine: 2 datagrams had a wrong UDP checksum: the sender made it, or its card did."));
        Assert.That(causes[0].Cure, Does.StartWith("ethtool -K "));
    }

    private async Task<CommandResult> ReceiveAsync(int[] cnts, bool stops, params string[] options)
    {
        HeapToSend end = new();
        end.AddEnd();
        IEnumerable<byte[]> stop = stops ? PacketFile.Encode(end, (ulong)cnts[^1] + 1) : [];
        using var file = PacketFile.OfDatagrams([.. Packets(cnts), .. stop]);
        return await InProcess.RunAsync(["recv", "--packets", file.Path, "--engine", engine, .. options]);
    }

    private static IEnumerable<byte[]> Packets(int[] cnts) =>
        cnts.SelectMany(cnt => PacketFile.Encode((ulong)cnt, "data"u8.ToArray()));
}
