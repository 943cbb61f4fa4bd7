// SPDX-License-Identifier: MIT

using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;
using Spead2.Send;

namespace Spead2.Tests.Send;

/// <summary>Packets of random heaps, judged by a naive model of a receiver.</summary>
[TestFixture]
public sealed class RandomHeapTests
{
    private const int Heaps = 1000;

    [Test]
    public void Receiver_gets_the_items_that_were_sent() => ForAll(random =>
    {
        var received = new NaiveHeap(Encode(random));

        var items = random.Items.Select((item, i) => (Id: RandomHeap.IdOf(i), Item: item)).ToList();
        Assert.That(received.AddressBits, Is.EqualTo(random.AddressBits));
        Assert.That(received.Cnt, Is.EqualTo(random.Cnt));
        Assert.That(
            received.Immediates(),
            Is.EqualTo(items.Where(i => i.Item.IsImmediate(random.AddressBits))
                .Select(i => (i.Id, i.Item.ImmediateValue))));
        Assert.That(
            received.Addressed(),
            Is.EqualTo(items.Where(i => !i.Item.IsImmediate(random.AddressBits) && i.Item.Bytes!.Length > 0)
                .Select(i => (i.Id, Convert.ToHexString(i.Item.Bytes!)))));
    });

    [Test]
    public void Payload_is_the_real_bytes_and_then_zeros() => ForAll(random =>
    {
        byte[] payload = new NaiveHeap(Encode(random)).Payload;

        byte[] real =
            [.. random.Items.Where(item => !item.IsImmediate(random.AddressBits)).SelectMany(item => item.Bytes!)];
        Assert.That(payload[..real.Length], Is.EqualTo(real));
        Assert.That(payload[real.Length..], Is.All.Zero);
    });

    [Test]
    public void Every_packet_but_the_last_is_full_and_every_packet_has_payload() => ForAll(random =>
    {
        List<byte[]> packets = Encode(random);

        int full = random.MaxPacketSize / 8 * 8;
        Assert.That(packets.SkipLast(1).Select(packet => packet.Length), Is.All.EqualTo(full));
        Assert.That(packets[^1], Has.Length.LessThanOrEqualTo(full));
        Assert.That(new NaiveHeap(packets).PayloadPerPacket, Is.All.GreaterThan(0));
    });

    [Test]
    public void Item_pointers_fill_the_leading_packets_or_are_in_all_of_them() => ForAll(random =>
    {
        List<int> pointers = new NaiveHeap(Encode(random)).PointersPerPacket;

        int most = (random.MaxPacketSize / 8) - 6;
        IEnumerable<int> expected = random.RepeatPointers
            ? pointers.Select(_ => pointers[0])
            : pointers.Select((_, i) => Math.Clamp(pointers.Sum() - (i * most), 0, most));
        Assert.That(pointers, Is.EqualTo(expected));
    });

    [Test]
    public void Scattered_packets_are_the_same_as_contiguous_ones() => ForAll(random =>
    {
        var encoder = new PacketEncoder(new Flavour(random.AddressBits), random.MaxPacketSize, random.RepeatPointers);
        encoder.Begin(random.ToHeap(), random.Cnt);
        byte[] head = new byte[encoder.MaxPacketSize];
        var slices = new List<ReadOnlyMemory<byte>>();
        var packets = new List<byte[]>();
        while (!encoder.IsFinished)
        {
            int headSize = encoder.WriteHead(head, slices);
            packets.Add([.. head[..headSize], .. slices.SelectMany(slice => slice.ToArray())]);
        }

        Assert.That(packets, Is.EqualTo(Encode(random)));
    });

    private static List<byte[]> Encode(RandomHeap random) =>
        Packets.Encode(
            random.ToHeap(), random.Cnt, new Flavour(random.AddressBits), random.MaxPacketSize, random.RepeatPointers);

    private static void ForAll(Action<RandomHeap> check)
    {
        ulong seed = ulong.TryParse(
            Environment.GetEnvironmentVariable("SPEAD2_TEST_SEED"), CultureInfo.InvariantCulture, out ulong given)
            ? given
            : (ulong)Random.Shared.NextInt64();
        TestContext.Out.WriteLine($"SPEAD2_TEST_SEED={seed}");
        Config config = Config.QuickThrowOnFailure
            .WithMaxTest(Heaps)
            .WithReplay(FSharpOption<Replay>.Some(new Replay(new Rnd(seed), FSharpOption<int>.None)));
        Prop.ForAll(RandomHeap.Generator.ToArbitrary(), check).Check(config);
    }
}
