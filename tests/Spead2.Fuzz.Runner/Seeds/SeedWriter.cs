// SPDX-License-Identifier: MIT

namespace Spead2.Fuzz.Runner.Seeds;

/// <summary>
/// The packets of tests/vectors as inputs: alone, as datagrams and as a buffer of a stream, and for a source. What the bytes
/// around them mean is in the sources of the targets. The streams of tests/cases,
/// which have items in the spellings of other senders, are inputs of items, too (ItemInput.cs).
/// </summary>
internal static class SeedWriter
{
    private const string Vectors = "tests/vectors";
    private const string Cases = "tests/cases";
    private const string Items = "items";
    private const byte ItemsOfPackets = 0x80;
    private const int LongestItems = 4096;
    private const int FailedAllocations = 6;
    private const byte AllFlags = 0x38; // incomplete heaps are delivered with everything
    private const byte Sizes = 0x1b; // four heaps, a ring of four
    private const byte LargestHeap = 16 << 3; // 64 KiB
    private const byte Alone = 0x80; // one stream, whose allocations may fail
    private const byte Failing = 0x40; // the same for descriptors
    private const byte Made = 0x80; // descriptors of packets that are made

    private const byte PieceOfConnection = 7; // bytes that come at a time
    private const int IpAndUdp = 28; // bytes of both headers

    private static readonly byte[] LargestPacket = [0x0f, 0xff];

    // Version 2.4, raw IP.
    private static readonly byte[] PcapHeader =
        [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0];

    private static readonly byte[][] Streams =
        [[0, Sizes, LargestHeap], [AllFlags, Sizes, LargestHeap], [AllFlags | 1, Sizes, LargestHeap]];

    /// <summary>Writes all seeds, each into a file of its target's folder.</summary>
    public static void WriteAll()
    {
        foreach (FuzzTarget target in FuzzTarget.All)
        {
            Directory.CreateDirectory(target.Seeds);
        }

        foreach ((string target, string name, byte[] bytes) in All())
        {
            File.WriteAllBytes($"{new FuzzTarget(target).Seeds}/{name}", bytes);
        }
    }

    /// <summary>All seeds.</summary>
    public static IEnumerable<(string Target, string Name, byte[] Bytes)> All() =>
    [
        .. Directory.GetFiles(Path.Combine(RepositoryRoot.Path, Vectors), "*.txt").Order(StringComparer.Ordinal).SelectMany(
            file => OfVector(Path.GetFileNameWithoutExtension(file), [.. VectorPackets.Parse(File.ReadLines(file))])),
        .. OfRanges(),
        .. OfMadeDescriptors(),
        .. OfChunks(),
        .. OfCases(),
    ];

    // Each stream as packets for the managed engine and an item group.
    private static IEnumerable<(string Target, string Name, byte[] Bytes)> OfCases()
    {
        foreach (string file in Directory
            .GetFiles(Path.Combine(RepositoryRoot.Path, Cases), "*.spead", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal))
        {
            byte[] packets = File.ReadAllBytes(file);
            if (packets.Length < LongestItems)
            {
                yield return (Items, Path.GetFileNameWithoutExtension(file), [ItemsOfPackets, .. packets]);
            }
        }
    }

    private static IEnumerable<(string Target, string Name, byte[] Bytes)> OfVector(string tag, byte[][] packets)
    {
        byte[][] sized =
            [.. packets.Select(packet => (byte[])[(byte)(packet.Length >> 8), (byte)packet.Length, .. packet])];
        for (int i = 0; i < packets.Length; i++)
        {
            yield return ("packet", $"{tag}-{i}", packets[i]);
        }

        for (byte countdown = 0; countdown < FailedAllocations; countdown++)
        {
            // One of the allocations for the last packet fails.
            yield return ("stream", $"{tag}-failing-{countdown}", [
                AllFlags | Alone, Sizes, LargestHeap, .. sized[..^1].SelectMany(packet => (byte[])[0, .. packet]),
                7, (byte)(countdown << 1), 0, .. sized[^1]]);
        }

        byte[] item = [.. packets.SelectMany(packet => packet)];
        yield return ("splitter", tag, [.. LargestPacket, PieceOfConnection, .. item]);
        yield return ("captures", tag, [.. PcapHeader, .. packets.SelectMany(OfFrame)]);
        for (byte flavour = 4; flavour <= 5; flavour++)
        {
            yield return ("descriptor", $"{tag}-{flavour}", [0, flavour, .. item]);
            yield return ("descriptor", $"{tag}-{flavour}-failing", [Failing, flavour, 2, .. item]);
        }

        for (int i = 0; i < Streams.Length; i++)
        {
            yield return ("stream", $"{tag}-{i}", [.. Streams[i], .. sized.SelectMany(packet => (byte[])[0, .. packet])]);
            yield return ("stream", $"{tag}-buffer-{i}", [.. Streams[i], .. sized.SelectMany(packet => (byte[])[1, .. packet])]);
        }

        foreach (byte source in (byte[])[0, 2])
        {
            yield return ("readers", $"{tag}-{source}",
                [AllFlags, 0, source, (byte)sized.Length, .. sized.SelectMany(packet => packet)]);
        }
    }

    // A record of pcap: a UDP datagram in an IPv4 packet without anything before it.
    private static byte[] OfFrame(byte[] packet)
    {
        byte[] length = BitConverter.GetBytes(packet.Length + IpAndUdp);
        return
        [
            0, 0, 0, 0, 0, 0, 0, 0, .. length, .. length,
            0x45, 0, length[1], length[0], 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 239, 2, 1, 150,
            0x9c, 0x40, 0x1b, 0xec, 0, 0, 0, 0, .. packet,
        ];
    }

    // Ranges of a heap: every other byte, upwards and downwards, and then what is between. An allocation fails for the many
    // ranges, or for the second one.
    private static IEnumerable<(string Target, string Name, byte[] Bytes)> OfRanges()
    {
        yield return ("stream", "no-arguments", [AllFlags, Sizes, LargestHeap, 10]);
        foreach (byte distance in (byte[])[2, 0xfe])
        {
            byte[] first = [9, 1, 0, 0, distance, 1, 1];
            byte[] spread = [9, 1, 0x10, 0, distance, 1, 255];
            byte[] more = [9, 1, 0x20, 0, distance, 1, 255];
            byte[] between = [9, 1, 0x10, 1, distance, 1, 255];
            yield return ("stream", $"spread-{distance}",
                [AllFlags, Sizes, LargestHeap, .. spread, .. more, .. between, 3, 1]);
            for (byte countdown = 0; countdown < 5 * FailedAllocations; countdown++)
            {
                byte[] fail = [7, (byte)(countdown << 1)];
                yield return ("stream", $"spread-{distance}-failing-{countdown}",
                    [AllFlags | Alone, Sizes, LargestHeap, .. fail, .. spread, 3, 1]);
                yield return ("stream", $"second-{distance}-failing-{countdown}",
                    [AllFlags | Alone, Sizes, LargestHeap, .. first, .. fail, .. spread, 3, 1]);
            }
        }
    }

    // Descriptors that are made: a text that is too long, too many fields, too many dimensions, one that is right, and that
    // with an allocation that fails. A packet is its form, cnt, heap length, offset, payload length, items.
    private static IEnumerable<(string Target, string Name, byte[] Bytes)> OfMadeDescriptors()
    {
        byte[] id = [0x94, 0x10, 0];
        foreach (byte part in (byte[])[0x10, 0x11, 0x12, 0x13, 0x15])
        {
            byte[] large = [0x25, 1, 0x0f, 0xff, 0, 0, 0x0f, 0xff, .. id, part, 0, 0];
            byte[] unsized = [0x2d, 1, 0, 0, 0, 0, 0x0f, 0xff, .. id, part, 0, 0];
            byte[] small = [0x25, 1, 0, 14, 0, 0, 0, 14, .. id, part, 0, 0];
            byte[] rest =
            [
                .. from packet in Enumerable.Range(1, 16)
                   let offset = packet * 0xfff
                   from value in (byte[])[0x0d, 1, 0, 0, (byte)(offset >> 8), (byte)offset, 0x0f, 0xff]
                   select value,
            ];
            yield return ("descriptor", $"made-{part}", [Made, 2, .. large]);
            yield return ("descriptor", $"made-{part}-unsized", [Made, 2, .. unsized, .. rest]);
            yield return ("descriptor", $"made-{part}-again", [Made, 2, .. unsized, .. large, .. small]);
            for (byte countdown = 0; countdown < FailedAllocations; countdown++)
            {
                yield return ("descriptor", $"made-{part}-failing-{countdown}", [Made | Failing, 2, countdown, .. small]);
            }
        }
    }

    // Heaps of one packet with an item that counts, placed in each way, and a pop after each: options are placement, two
    // chunks of window, shape, 129 bytes of data; three chunks are there.
    private static IEnumerable<(string Target, string Name, byte[] Bytes)> OfChunks()
    {
        const byte ByFunction = 2;
        const byte ByCnt = 4;
        const byte Extra = 64;
        const byte PacketPresence = 128;
        foreach (byte placement in (byte[])[0, ByCnt, ByFunction, ByFunction | Extra, PacketPresence])
        {
            yield return ("chunk", $"placement-{placement}",
            [
                placement, 0x14, 0, 16, 2,
                .. Enumerable.Range(1, 12).SelectMany(cnt => (byte[])
                    [3, 0x15, (byte)cnt, 0, 32, 0, 0, 0, 32, 0x90, 0, (byte)cnt, 0]),
            ]);
        }
    }
}
