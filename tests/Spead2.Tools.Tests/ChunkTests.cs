// SPDX-License-Identifier: MIT

using System.Net;
using Spead2.Managed;
using Spead2.Send;
using Spead2.Testing.Engines;
using Spead2.Tools.CaptureFiles;
using Spead2.Tools.Record;

namespace Spead2.Tools.Tests;

/// <summary>Parts of `spead2 record`: how datagrams get into chunks, and which chunks are written.</summary>
public sealed class ChunkTests
{
    private const int Datagrams = 300;
    private const long Second = 1_000_000_000;
    private static readonly SenderAddress Anybody = SenderAddress.Of(IPAddress.Loopback.GetAddressBytes(), 7148);

    /// <summary>Whatever is written is read: random lengths, addresses of both families and times.</summary>
    [Test]
    public void Random_datagrams_are_read_as_they_were_written([Values("x.pcap", "x.pcapng")] string name, [Values(1, 2, 3)] int seed)
    {
        CaptureFormat format = CaptureFormat.OfOutput(name);
        Random random = new(seed);
        using Chunk start = new(format);
        start.WriteStart();
        using Chunk chunk = new(format);
        List<(Datagram Datagram, byte[] Bytes)> written = [];
        while (written.Count < Datagrams)
        {
            byte[] bytes = new byte[random.Next(2) == 0 ? random.Next(20) : random.Next(65_000)];
            random.NextBytes(bytes);
            int addressBytes = random.Next(2) == 0 ? 4 : 16;
            Datagram datagram = new(Address(random, addressBytes), Address(random, addressBytes), random.NextInt64(4_000_000_000 * Second));
            if (!chunk.TryAdd(datagram, bytes, null))
            {
                break;
            }

            written.Add((datagram, bytes));
        }

        chunk.Pad(new(5, 6));

        Assert.That(written, Has.Count.GreaterThan(50));
        Assert.That((start.Length + chunk.Length) % CaptureFormat.Alignment, format.IsAligned ? Is.Zero : Is.Positive);
        using CaptureWalk walk = new(new() { Path = Captures.Write([.. start.Bytes, .. chunk.Bytes]) }, CancellationToken.None);
        foreach ((Datagram datagram, byte[] bytes) in written.Where(one => one.Bytes.Length > 0))
        {
            Assert.That(walk.Next());
            Assert.That(walk.Payload.Span.SequenceEqual(bytes));
            Assert.That(new Datagram(walk.Source, walk.Destination, walk.TimeNs!.Value), Is.EqualTo(datagram));
        }

        Assert.That(walk.Next(), Is.False);
        Assert.That(walk.Problem, Is.Null);
    }

    [Test]
    public void Lengths_and_datagrams_are_not_parted()
    {
        using Chunk chunk = new(CaptureFormat.Pcap);
        Assert.That(chunk.TryAppend([], new byte[Chunk.Size - 5]));

        Assert.That(chunk.TryAppend([1, 2, 3, 4], [5, 6]), Is.False);
        Assert.That(chunk.Length, Is.EqualTo(Chunk.Size - 5));
        Assert.That(chunk.TryAppend([1, 2, 3, 4], [5]));
        Assert.That(chunk.Bytes[^5..].ToArray(), Is.EqualTo((byte[])[1, 2, 3, 4, 5]));
    }

    [Test]
    public void Padding_ends_every_length_at_a_block([Range(0, CaptureFormat.Alignment - 1, 97)] int length)
    {
        byte[] padding = new byte[CaptureFormat.Pcapng.MostPadding];

        int size = CaptureFormat.Pcapng.Pad(padding, length / 4 * 4, 0, default);

        Assert.That(((length / 4 * 4) + size) % CaptureFormat.Alignment, Is.Zero);
    }

    [Test]
    public void Oldest_datagrams_are_left_out_with_their_heaps()
    {
        using Chunk chunk = new(CaptureFormat.Pcapng);
        for (int i = 0; i < 10; i++)
        {
            chunk.TryAdd(new(Anybody, Anybody, i), new byte[i], (ulong)i);
        }

        int whole = chunk.Length;
        chunk.DropBefore(4);

        Assert.That(chunk.Datagrams, Is.EqualTo(6));
        Assert.That(chunk.FirstNs, Is.EqualTo(4));
        Assert.That(chunk.Heaps.Select(heap => heap.Cnt), Is.EqualTo(new[] { 4, 5, 6, 7, 8, 9 }));
        foreach (HeapPlace heap in chunk.Heaps)
        {
            CaptureFormat.Pcapng.ReadRecord(chunk.Bytes[(int)heap.Offset..], out long timeNs);
            Assert.That(timeNs, Is.EqualTo(heap.TimeNs));
        }

        Assert.That(chunk.Length, Is.LessThan(whole));
    }

    /// <summary>A disk that takes nothing: what finds no memory is counted, and nothing waits.</summary>
    [Test]
    public void Datagrams_that_find_no_memory_are_counted()
    {
        const long Memory = 4L * Chunk.Size;
        using ChunkStore store = new(CaptureFormat.Pcapng, Memory);
        RecordSettings settings = Settings() with { Memory = Memory };
        using FileWriter writer = new(settings, store, _ => { });
        ChunkFiller filler = new(settings, store, writer);
        byte[] datagram = new byte[60_000];
        for (int i = 0; i < 400; i++)
        {
            filler.Add(new(Anybody, Anybody, i), datagram);
        }

        int fit = Chunk.Size / (60_000 + 28) * 4;
        Assert.That(filler.NoMemory, Is.EqualTo(400 - fit).Within(4));
        Assert.That(filler.Datagrams, Is.EqualTo(400));
    }

    /// <summary>What is kept is bounded by the memory, and by the time; what does not fit is told.</summary>
    [TestCase(1000, 0)]
    [TestCase(1, 0)]
    [TestCase(200, 200)]
    public void Latest_are_kept_within_time_and_memory(int datagramsInKeep, int fitting)
    {
        const long Memory = 4L * Chunk.Size;
        string path = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"{Guid.NewGuid():N}.pcapng");
        using ChunkStore store = new(CaptureFormat.Pcapng, Memory);
        RecordSettings settings = Settings() with
        {
            Memory = Memory,
            Keep = TimeSpan.FromSeconds(datagramsInKeep),
            Path = path,
        };
        using FileWriter writer = new(settings, store, _ => { });
        ChunkFiller filler = new(settings, store, writer);
        for (int i = 0; i < 1000; i++)
        {
            filler.Add(new(Anybody, Anybody, i * Second), new byte[60_000]);
        }

        TimeSpan missing = filler.WriteKept();
        filler.End();
        writer.Start(makeFile: false);
        writer.Finish();

        string file = path.Replace(".pcapng", "-0001.pcapng", StringComparison.Ordinal);
        using CaptureWalk walk = new(new() { Path = file }, CancellationToken.None);
        List<long> times = [];
        while (walk.Next())
        {
            times.Add(walk.TimeNs!.Value / Second);
        }

        Assert.That(times, Is.EqualTo(Enumerable.Range(1000 - times.Count, times.Count)));
        Assert.That(filler.Forgotten + times.Count, Is.EqualTo(1000));
        Assert.That(filler.NoMemory, Is.Zero);
        if (fitting == 0 && datagramsInKeep > 1)
        {
            Assert.That(times, Has.Count.InRange(200, 280));
            Assert.That(missing.TotalSeconds, Is.EqualTo(1000 - times.Count).Within(2));
        }
        else
        {
            Assert.That(times, Has.Count.EqualTo(datagramsInKeep + 1));
            Assert.That(missing, Is.EqualTo(TimeSpan.Zero));
        }
    }

    [Test]
    public void Files_rotate_by_time()
    {
        string path = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"{Guid.NewGuid():N}.pcap");
        RecordSettings settings = Settings() with { RotateTime = TimeSpan.FromSeconds(3), Path = path };
        using ChunkStore store = new(settings.Format, settings.Memory);
        List<string> files = [];
        using FileWriter writer = new(settings, store, files.Add);
        ChunkFiller filler = new(settings, store, writer);
        writer.Start(makeFile: true);
        foreach (int second in (int[])[10, 11, 12, 13, 14, 20, 21])
        {
            filler.Add(new(Anybody, Anybody, second * Second), new byte[] { (byte)second });
        }

        filler.End();
        writer.Finish();

        Assert.That(
            files.Select(file => File.ReadAllBytes(file).Length),
            Is.EqualTo(new[] { 24 + (3 * 45), 24 + (2 * 45), 24 + (2 * 45) }));
    }

    [Test]
    public void Trigger_is_when_an_item_gets_its_value()
    {
        ItemTrigger trigger = new(0x5000, 7);

        bool[] seen = [.. new ulong?[] { 7, 7, null, 7, 8, 8, null, 7, 7 }.Select(value => Look(trigger, value))];

        Assert.That(seen, Is.EqualTo(new[] { true, false, false, false, false, false, false, true, false }));
    }

    private static bool Look(ItemTrigger trigger, ulong? value)
    {
        HeapToSend heap = new();
        heap.AddImmediate(0x4fff, 7);
        if (value is { } immediate)
        {
            heap.AddImmediate(0x5000, immediate);
        }

        Assert.That(PacketDecoder.Decode(Packets.Encode(heap, 1)[0].Span, out Packet packet), Is.EqualTo(PacketFault.None));
        return trigger.Look(packet);
    }

    private static RecordSettings Settings() => new() { Endpoints = [], Udp = new(), Path = "x.pcapng", Memory = 4L * Chunk.Size };

    private static SenderAddress Address(Random random, int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return SenderAddress.Of(bytes, random.Next(65536));
    }
}
