// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>Loss second by second.</summary>
public sealed class LossTests
{
    private const int HeapCount = 100;

    [Test]
    public void Seconds_add_up_to_the_statistics()
    {
        using ReceiveStream stream = new(new ReceiveStreamOptions { Accounting = HeapAccounting.BySubstream });
        DateTimeOffset before = DateTimeOffset.UtcNow;
        IEnumerable<ReadOnlyMemory<byte>> heaps = Enumerable.Range(1, HeapCount)
            .Where(cnt => cnt % 10 != 5)
            .SelectMany(cnt => Packets.OfHeap((ulong)cnt, size: 1000, maxPacketSize: 300).Skip(cnt % 10 == 7 ? 1 : 0));
        stream.AddDatagramReader([.. heaps, new byte[10]]);
        while (stream.TryRead(out Heap? heap, Timeout.InfiniteTimeSpan))
        {
            heap.Dispose();
        }

        StreamStatistics statistics = stream.Statistics;
        IReadOnlyList<LossSecond> seconds = stream.LossSeconds;
        Assert.Multiple(() =>
        {
            Assert.That(seconds.Sum(second => second.Packets), Is.EqualTo(statistics.Packets));
            Assert.That(seconds.Sum(second => second.Heaps), Is.EqualTo(statistics.Heaps));
            Assert.That(seconds.Sum(second => second.PacketsMissing), Is.EqualTo(statistics.PacketsMissing).And.EqualTo(10));
            Assert.That(seconds.Sum(second => second.HeapsMissing), Is.EqualTo(statistics.HeapsMissing).And.EqualTo(10));
            Assert.That(seconds.Sum(second => second.HeapsIncomplete), Is.EqualTo(10));
            Assert.That(seconds.Sum(second => second.PacketsUnused), Is.EqualTo(1));
            Assert.That(seconds[^1].Time, Is.GreaterThan(before - TimeSpan.FromMinutes(1)).And.LessThan(DateTimeOffset.UtcNow));
            Assert.That(
                seconds.Zip(seconds.Skip(1), (one, next) => next.Time - one.Time), Is.All.EqualTo(TimeSpan.FromSeconds(1)));
            Assert.That(stream.LossSeconds, Has.Count.EqualTo(seconds.Count), "they end with the stream");
        });
    }

    [Test]
    public void Stream_without_accounting_has_no_seconds()
    {
        using ReceiveStream stream = new();
        Assert.That(stream.LossSeconds, Is.Empty);
    }
}
