// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>
/// Dialects of packet sources: several in one stream, and their rules. What each makes of which packets is in
/// tests/vectors (D).
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class DialectTests : IDisposable
{
    private const int PayloadBytes = 64;
    private const int StationHeader = 8 + (4 * sizeof(ulong));

    private readonly ReceiveStream _stream = new();

    public void Dispose() => _stream.Dispose();

    [Test]
    public void Sources_of_several_dialects_meet_in_a_stream()
    {
        PacketSource plain = _stream.Add(new UdpSourceOptions { BindHost = "127.0.0.1" });
        PacketSource station = _stream.Add(new UdpSourceOptions { BindHost = "127.0.0.1", Dialect = Dialect.SkaLowSps });
        using UdpSender toPlain = new(plain.Port);
        using UdpSender toStation = new(station.Port);

        toPlain.Send([OfStation(1)]);
        toPlain.Send(Packets.OfHeap(2));
        using Heap second = _stream.Read();
        toStation.Send([OfStation(3)]);
        using Heap third = _stream.Read();
        toStation.Send(Packets.OfHeap(4));
        using Heap fourth = _stream.Read();

        Assert.Multiple(() =>
        {
            Assert.That((second.Cnt, third.Cnt, fourth.Cnt), Is.EqualTo((2, 3, 4)));
            Assert.That(third.Items[0].Id, Is.EqualTo(Dialect.SkaLowItemId));
            Assert.That(third.Items[0].Bytes.ToArray(), Is.EqualTo(OfStation(3)[StationHeader..].ToArray()));
            Assert.That(plain.SuggestedDialect, Is.EqualTo("ska-low-sps"));
            Assert.That(station.SuggestedDialect, Is.Null);
            Assert.That(_stream.Statistics.Malformed, Is.EqualTo(1));
        });
    }

    [TestCase(0xb3, "ska-low-sps")]
    [TestCase(0x33, "ska-low-antenna-buffer")]
    public void Suggested_dialect_is_told_by_how_the_payload_is_pointed_to(int firstByte, string expected)
    {
        PacketSource source = _stream.Add(new UdpSourceOptions { BindHost = "127.0.0.1" });
        using UdpSender sender = new(source.Port);
        byte[] packet = OfStation(1).ToArray();
        packet[StationHeader - sizeof(ulong)] = (byte)firstByte;
        sender.Send([packet]);

        Poll.Until(() => _stream.Statistics.Malformed == 1, "the packet has come");
        Poll.Until(() => source.SuggestedDialect is not null, "a dialect is suggested");
        Assert.That(source.SuggestedDialect, Is.EqualTo(expected));
    }

    [Test]
    public void Item_of_payload_has_the_identifier_that_was_chosen()
    {
        _stream.Add(new DatagramSourceOptions
        {
            Datagrams = [OfStation(1)],
            Dialect = Dialect.SkaLowSps with { UnpointedItemId = 0x1234 },
        });

        using Heap heap = _stream.Read();
        Assert.That(heap.Items.Where(item => !item.IsImmediate).Select(item => item.Id), Is.EqualTo(new[] { 0x1234 }));
    }

    [Test]
    public void Identifier_that_no_item_has_is_refused([Values(6, 1L << 55, -1)] long id, [Values] bool buffer)
    {
        Dialect dialect = new() { UnpointedItemId = id };
        PacketSourceOptions options =
            buffer ? new BufferSourceOptions { Dialect = dialect } : new DatagramSourceOptions { Dialect = dialect };

        Assert.That(
            () => _stream.Add(options),
            Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("Dialect.UnpointedItemId"));
    }

    [Test]
    public void Heaps_that_share_a_cnt_are_no_duplicates([Values(0, 1)] int step, [Values(3, 384)] int channels)
    {
        const int moments = 40;
        using ReceiveStream stream = new(new() { Accounting = HeapAccounting.BySubstream, CntStep = step, RingHeaps = 64 });
        stream.Add(new DatagramSourceOptions
        {
            // Nothing of moment 7 comes, and one channel of moment 9 does not.
            Datagrams =
            [
                .. Enumerable.Range(0, moments * channels).Select(i => i / channels)
                    .Where((moment, i) => moment != 7 && i != 9 * channels).Select(moment => OfStation((byte)moment)),
            ],
            Dialect = Dialect.SkaLowSps,
        });
        int heaps = CountHeaps(stream);

        StreamStatistics statistics = stream.Statistics;
        Assert.Multiple(() =>
        {
            Assert.That(heaps, Is.EqualTo(((moments - 1) * channels) - 1));
            Assert.That(statistics.HeapsAccounted, Is.EqualTo(heaps));
            Assert.That(statistics.HeapsMissing, Is.EqualTo(1), "the cnt of which nothing came");
            Assert.That(statistics.HeapsDuplicate + statistics.HeapsUnplaced + statistics.HeapsLate, Is.Zero);
            Assert.That(statistics.SenderRestarts, Is.Zero);
        });
    }

    [Test]
    public void Heaps_that_share_one_cnt_have_no_place([Values(0, 1)] int step)
    {
        const int heaps = 200;
        using ReceiveStream stream = new(new() { Accounting = HeapAccounting.BySubstream, CntStep = step, RingHeaps = heaps });
        stream.Add(new DatagramSourceOptions
        {
            Datagrams = [.. Enumerable.Repeat(OfStation(0), heaps)],
            Dialect = Dialect.AnyDatagramIsHeap,
        });

        Assert.That(CountHeaps(stream), Is.EqualTo(heaps));
        Assert.That(stream.Statistics.HeapsDuplicate, Is.Zero);
        Assert.That(stream.Statistics.HeapsUnplaced, Is.EqualTo(step == 0 ? heaps : 0));
        Assert.That(stream.Statistics.HeapsAccounted, Is.EqualTo(step == 0 ? 0 : heaps));
    }

    [Test]
    public void Descriptors_of_pyspead_are_read([Values] bool hasDialect, [Values] bool hasLength)
    {
        byte[] descriptor =
        [
            0x53, 4, 2, 6, 0, 0, 0, (byte)(hasLength ? 6 : 5),
            0x80, 1, 0, 0, 0, 0, 0, 1,
            0x80, 0x14, 0, 0, 0, 0, 0x10, 0,
            0, 0x10, 0, 0, 0, 0, 0, 0,
            0, 0x13, 0, 0, 0, 0, 0, 1,
            .. hasLength ? (byte[])[0x80, 4, 0, 0, 0, 0, 0, 4] : [],
            0x80, 2, 0, 0, 0, 0, 0, 4,
            (byte)'x', (byte)'u', 0, 8,
        ];
        byte[] packet =
        [
            0x53, 4, 2, 6, 0, 0, 0, (byte)(hasDialect ? 5 : 6),
            0x80, 1, 0, 0, 0, 0, 0, 1,
            0x80, 2, 0, 0, 0, 0, 0, (byte)descriptor.Length,
            .. hasDialect ? (byte[])[] : [0x80, 3, 0, 0, 0, 0, 0, 0],
            0x80, 4, 0, 0, 0, 0, 0, (byte)descriptor.Length,
            0, 5, 0, 0, 0, 0, 0, 0,
            0x90, 0, 0, 0, 0, 0, 0, 7,
            .. descriptor,
        ];
        _stream.Add(new DatagramSourceOptions { Datagrams = [packet], Dialect = hasDialect ? Dialect.PySpead : null });
        using Heap heap = _stream.Read();
        using ItemGroup items = new();

        Item item = items.Update(heap).Single();
        Assert.That((item.Name, item.ToScalar<byte>()), Is.EqualTo(("x", 7)));
        Assert.That(items.IgnoredDescriptors, Is.Zero);
    }

    private static int CountHeaps(ReceiveStream stream)
    {
        int heaps = 0;
        while (stream.TryRead(out Heap? heap, Timeout.InfiniteTimeSpan))
        {
            heap.Dispose();
            heaps++;
        }

        return heaps;
    }

    /// <summary>A packet as SKA-Low stations send them, but shorter.</summary>
    private static ReadOnlyMemory<byte> OfStation(byte cnt)
    {
        byte[] header =
        [
            0x53, 4, 2, 6, 0, 0, 0, 4,
            0x80, 1, 0, 0, 0, 0, 0, cnt,
            0x80, 4, 0, 0, 0, 0, 0, PayloadBytes,
            0xb0, 1, 0, 0, 0, 0, 0, 1,
            0xb3, 0, 0, 0, 0, 0, 0, 0,
        ];
        return (byte[])[.. header, .. Packets.Content(cnt, PayloadBytes)];
    }
}
