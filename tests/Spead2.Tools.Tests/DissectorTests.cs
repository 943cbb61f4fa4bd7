// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Globalization;
using Spead2.Managed;
using Spead2.Send;
using Spead2.Testing.Engines;

namespace Spead2.Tools.Tests;

/// <summary>What tshark says with `tools/spead.lua`, beside what the managed port reads of the same datagrams.</summary>
public sealed class DissectorTests
{
    private const int Datagrams = 600;
    private const int Port = 7148;
    private const ulong Station = 0x3001;
    private const ulong Payload = 0x3300;

    [Test]
    public async Task Random_datagrams_are_shown_as_the_library_reads_them()
    {
        InstalledTree.Require("tshark");
        int seed = int.TryParse(
            Environment.GetEnvironmentVariable("SPEAD2_TEST_SEED"), CultureInfo.InvariantCulture, out int given)
            ? given
            : Random.Shared.Next();
        TestContext.Out.WriteLine($"SPEAD2_TEST_SEED={seed}");
        Random random = new(seed);
        ReadOnlyMemory<byte>[] originals = [.. Originals()];
        ReadOnlyMemory<byte>[] datagrams =
            [.. originals, .. Enumerable.Range(0, Datagrams).Select(_ => Mutate(originals[random.Next(originals.Length)].ToArray(), random))];

        string[] lines = await ShowAsync(datagrams);

        string[] expected = [.. datagrams.Select(datagram => Expected(datagram.Span))];
        Assert.That(lines, Is.EqualTo(expected));
        Assert.That(expected.Select(line => line.Split('|')[0]).Distinct().Count(), Is.EqualTo(9), "every fault occurs, and none");
        Assert.That(expected.Select(line => line.Split('|')[1]).Distinct().Count(), Is.EqualTo(5), "every dialect occurs, and none");
    }

    [Test]
    public async Task Packets_are_found_without_a_port()
    {
        InstalledTree.Require("tshark");
        string path = Captures.Write(Captures.Pcap(Packets.OfHeaps(2), port: 12345));

        CommandResult result = await CommandProcess.RunProgramAsync(
            ["tshark", "-X", $"lua_script:{Script}", "-r", path, "-Y", "spead.cnt == 2 && spead.payload_length > 63"]);

        Assert.That(result.Lines, Has.Length.EqualTo(1), result.Error);
        Assert.That(result.Output, Does.Contain("SPEAD-64-40 heap 2, bytes 0 to 64 of 64"));
    }

    private static string Script => Path.Combine(RepositoryFiles.Root, "tools", "spead.lua");

    private static async Task<string[]> ShowAsync(IEnumerable<ReadOnlyMemory<byte>> datagrams)
    {
        string path = Captures.Write(Captures.Pcap(datagrams, port: Port));
        string[] fields = ["fault", "dialect", "cnt", "heap_length", "payload_offset", "payload_length", "item.id", "item.immediate", "item.value", "item.address"];
        CommandResult result = await CommandProcess.RunProgramAsync(
            [
                "tshark", "-X", $"lua_script:{Script}", "-r", path, "-d", $"udp.port=={Port},spead", "-T", "fields", "-E", "separator=|",
                .. fields.SelectMany(field => new[] { "-e", $"spead.{field}" }),
            ]);
        Assert.That(result.ExitCode, Is.Zero, result.Error);
        return result.Lines;
    }

    private static string Expected(ReadOnlySpan<byte> datagram)
    {
        PacketFault fault = PacketDecoder.Decode(datagram, out _);
        string? dialect = fault == PacketFault.None ? null : DialectRules.Suggest(datagram, whole: true);
        List<(ulong Id, bool IsImmediate, ulong Value)> items = [];
        if (fault is PacketFault.None or > PacketFault.ItemTable)
        {
            int bits = datagram[3] * 8;
            for (int i = 0; i < BinaryPrimitives.ReadUInt16BigEndian(datagram[6..]); i++)
            {
                ulong pointer = BinaryPrimitives.ReadUInt64BigEndian(datagram[(8 + (8 * i))..]);
                items.Add((Wire.Id(pointer, bits), (pointer & Wire.ImmediateBit) != 0, Wire.Value(pointer, bits)));
            }
        }

        string Values(IEnumerable<(ulong Id, bool IsImmediate, ulong Value)> some) =>
            string.Join(',', some.Select(item => item.Value.ToString(CultureInfo.InvariantCulture)));
        return string.Join(
            '|',
            [
                fault == PacketFault.None || dialect is not null ? "" : fault.Text(),
                dialect ?? "",
                .. Enumerable.Range(1, 4).Select(id => Values(items.Where(item => item.IsImmediate && item.Id == (ulong)id))),
                string.Join(',', items.Select(item => $"0x{item.Id:x16}")),
                string.Join(',', items.Select(item => item.IsImmediate ? "1" : "0")),
                Values(items.Where(item => item.IsImmediate)),
                Values(items.Where(item => !item.IsImmediate)),
            ]);
    }

    /// <summary>Packets by the rules, of several flavours, and of every dialect.</summary>
    private static IEnumerable<ReadOnlyMemory<byte>> Originals()
    {
        foreach (int bits in (int[])[24, 40, 48])
        {
            HeapToSend heap = new();
            heap.AddItem(0x600, new byte[100], allowImmediate: false);
            heap.AddImmediate(0x601, 5);
            PacketEncoder encoder = new(new Flavour(bits), 120);
            encoder.Begin(heap, (1UL << (bits - 1)) + 3);
            byte[] packet = new byte[120];
            while (!encoder.IsFinished)
            {
                yield return packet[..encoder.Write(packet)].ToArray();
            }
        }

        yield return Packet([(1, true, 7), (4, true, 16), (Station, true, 1), (Payload, true, 0)], 16);
        yield return Packet([(1, true, 7), (4, true, 16), (Station, true, 1), (Payload, false, 0)], 16);
        yield return Packet([(1, true, 7), (0x1000, false, 0)], 16);
        yield return Packet([(1, true, 7), (6, true, 2)], 0);
        yield return Packet([(1, true, 7), (2, true, 4), (3, true, 0), (4, true, 16), (0x1000, false, 0)], 16);
        yield return Packet([(1, true, 7), (2, true, 4), (3, true, 0), (4, true, 24), (0x1000, false, 0)], 16);
    }

    private static byte[] Packet((ulong Id, bool IsImmediate, ulong Value)[] items, int payload)
    {
        byte[] packet = new byte[8 + (items.Length * 8) + payload];
        byte[] header = [0x53, 4, 2, 6, 0, 0, 0, (byte)items.Length];
        header.CopyTo(packet, 0);
        for (int i = 0; i < items.Length; i++)
        {
            ulong pointer = (items[i].IsImmediate ? Wire.ImmediateBit : 0) | (items[i].Id << 48) | items[i].Value;
            BinaryPrimitives.WriteUInt64BigEndian(packet.AsSpan(8 + (8 * i)), pointer);
        }

        return packet;
    }

    /// <summary>Changes some bytes, most of them of the header and the item pointers, or the length.</summary>
    private static ReadOnlyMemory<byte> Mutate(byte[] packet, Random random)
    {
        byte[] likely = [0, 1, 2, 3, 4, 5, 6, 8, 0x53, 0x80, 0xff];
        for (int i = random.Next(3); i >= 0; i--)
        {
            switch (random.Next(6))
            {
                case 0:
                    packet = packet[..random.Next(1, packet.Length)];
                    break;
                case 1:
                    packet = [.. packet, .. new byte[random.Next(1, 20)]];
                    break;
                case 2:
                    packet[random.Next(Math.Min(8, packet.Length))] = likely[random.Next(likely.Length)];
                    break;
                default:
                    packet[random.Next(packet.Length)] = likely[random.Next(likely.Length)];
                    break;
            }
        }

        return packet;
    }
}
