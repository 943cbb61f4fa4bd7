// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Tests;

/// <summary>Receiving from files: what is said about junk, content and heaps.</summary>
[TestFixture]
public sealed class ReceiveFileTests
{
    [Test]
    public async Task Junk_behind_packets_is_reported_with_its_offset_and_the_heaps_are_received()
    {
        byte[] packet = PacketFile.Encode(7, "data"u8.ToArray()).Single();
        using var file = PacketFile.OfBytes(packet, "junk and more"u8.ToArray());

        CommandResult result = await InProcess.RunAsync("recv", "--file", file.Path, "--json");

        Assert.That(result.ExitCode, Is.Zero);
        Assert.That(result.Heaps, Has.Length.EqualTo(1));
        Assert.That(
            result.Error,
            Is.EqualTo($"warning: '{file.Path}' was read up to byte 52 of 65; no SPEAD packet follows there: "
                + "a packet starts with the bytes 53 04, but here are 6a 75.\n"));
    }

    [Test]
    public async Task File_that_ends_within_a_packet_is_reported_with_the_packets_offset()
    {
        byte[] packet = PacketFile.Encode(7, "data"u8.ToArray()).Single();
        using var file = PacketFile.OfBytes(packet, packet[..^1]);

        CommandResult result = await InProcess.RunAsync("recv", "--file", file.Path, "--json");

        Assert.That(result.Heaps, Has.Length.EqualTo(1));
        Assert.That(
            result.Error,
            Does.Contain("up to byte 52 of 103").And.Contain("its payload needs 4 bytes, but 3 are left"));
    }

    [Test]
    public async Task Right_content_is_recognised_and_a_single_wrong_bit_is_noticed()
    {
        var packets = new List<byte[]>();
        for (ulong cnt = 1; cnt <= 3; cnt++)
        {
            byte[] content = new byte[1000];
            HeapContent.Fill(content, cnt);
            content[^1] ^= (byte)(cnt == 2 ? 0x80 : 0);
            packets.AddRange(PacketFile.Encode(cnt, content));
        }

        using var file = PacketFile.OfDatagrams(packets);

        CommandResult result = await InProcess.RunAsync("recv", "--packets", file.Path, "--json", "--verify");
        CommandResult table = await InProcess.RunAsync("recv", "--packets", file.Path, "--verify");

        Assert.That(result.ExitCode, Is.EqualTo(1));
        Assert.That(result.Lines[^2], Is.EqualTo("""{"content":{"right":2,"wrong":1}}"""));
        Assert.That(table.ExitCode, Is.EqualTo(1));
        Assert.That(table.Output, Does.Match(@"content wrong +│ +1 ").And.Match(@"first wrong heap cnt +│ +2 "));
    }

    [Test]
    public async Task Summary_leaves_out_single_heaps()
    {
        using var file = PacketFile.OfDatagrams(PacketFile.Encode(7, "data"u8.ToArray()));

        CommandResult result = await InProcess.RunAsync("recv", "--packets", file.Path, "--json", "--summary");

        Assert.That(result.Lines, Has.Length.EqualTo(1));
        Assert.That(result.Statistics["heaps"], Is.EqualTo(1));
    }

    [Test]
    public async Task Tables_show_heaps_and_explain_what_was_lost()
    {
        List<byte[]> packets = PacketFile.Encode(7, new byte[1000]);
        packets.AddRange(PacketFile.Encode(9, "data"u8.ToArray()));
        const int Second = 1;
        Assert.That(packets[Second], Has.Length.EqualTo(40 + 216), "standard part and payload");
        packets.RemoveAt(Second);
        packets.Add([1, 2, 3]);
        using var file = PacketFile.OfDatagrams(packets);

        CommandResult result = await InProcess.RunAsync("recv", "--packets", file.Path, "--incomplete");

        Assert.That(result.ExitCode, Is.Zero);
        Assert.That(
            result.Output,
            Does.Match(@"│ +9 │ complete +│ +4 bytes │ SPEAD-64-48 │ 0x1000 \(4 bytes\) ")
                .And.Match(@"│ +7 │ incomplete +│ 784 of 1,000 bytes │ SPEAD-64-48 │")
                .And.Match(@"malformed +│ +1 │ Datagrams or bytes that are not a SPEAD packet\.")
                .And.Match(@"incomplete_heaps_flushed +│ +1 │ Heaps that were still under assembly")
                .And.Not.Contain("Nothing was lost"));
        Assert.That(result.Output.Contains('\u001b', StringComparison.Ordinal), Is.False, "terminal control in a file");
    }

    [Test]
    public async Task Empty_packet_behind_everything_received_is_an_empty_range_in_json()
    {
        // The packet's payload offset is 64, its heap length 100, and nothing else arrives.
        using var file = PacketFile.OfDatagrams(
        [
            Convert.FromHexString(
                "5304020600000004" + "8001000000000007" + "8002000000000064" + "8003000000000040" + "8004000000000000"),
        ]);

        CommandResult result = await InProcess.RunAsync("recv", "--packets", file.Path, "--incomplete", "--json");

        Assert.That(result.ExitCode, Is.Zero, result.Error);
        Assert.That(result.Lines[0], Does.Contain("\"received\":0,").And.Contain("\"ranges\":[[64,64]]"));
    }

    [Test]
    public async Task Long_lists_of_heaps_are_cut_short_in_tables_only()
    {
        using var file = PacketFile.OfDatagrams(
            Enumerable.Range(1, 100).SelectMany(cnt => PacketFile.Encode((ulong)cnt, "data"u8.ToArray())));

        CommandResult table = await InProcess.RunAsync("recv", "--packets", file.Path);
        CommandResult json = await InProcess.RunAsync("recv", "--packets", file.Path, "--json");

        Assert.That(table.Lines.Count(line => line.Contains("SPEAD-64-48", StringComparison.Ordinal)), Is.EqualTo(40));
        Assert.That(table.Output, Does.Contain("and 60 more heaps").And.Match(@"heaps complete +│ +100 "));
        Assert.That(json.Heaps, Has.Length.EqualTo(100));
    }
}
