// SPDX-License-Identifier: MIT

using System.Threading.Channels;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>A stream as the reading side of a channel.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ChannelTests : IDisposable
{
    private readonly ReceiveStream _stream = new();

    public void Dispose() => _stream.Dispose();

    [Test]
    public void Stream_has_one_reader()
    {
        ChannelReader<Heap> reader = _stream.Reader;

        Assert.That(_stream.Reader, Is.SameAs(reader));
    }

    [Test]
    public async Task Count_is_what_can_be_read()
    {
        using ReceiveStream stream = new(new ReceiveStreamOptions { RingHeaps = 16 });
        ChannelReader<Heap> reader = stream.Reader;
        Assert.That(reader.CanCount, Is.True);
        Assert.That(reader.CanPeek, Is.False);
        Assert.That(reader.Count, Is.Zero);
        stream.AddDatagramReader(Packets.OfHeaps(10));
        Poll.Until(() => stream.Statistics.Heaps == 10, "all heaps are finished");

        for (int left = 10; left > 0; left--)
        {
            Assert.That(reader.Count, Is.EqualTo(left));
            (await reader.ReadAsync()).Dispose();
        }

        Assert.That(reader.Count, Is.Zero);
        stream.Dispose();
        Assert.That(reader.Count, Is.Zero);
    }

    [Test]
    public void Count_is_at_most_what_the_ring_holds()
    {
        _stream.AddDatagramReader(Packets.OfHeaps(10));
        Poll.Until(() => _stream.Statistics.WorkerBlocked == 1, "the ring is full");
        Assert.That(_stream.Reader.Count, Is.EqualTo(ReceiveStreamOptions.DefaultRingHeaps));

        _stream.Read().Dispose();
        _stream.Read().Dispose();
        Assert.That(() => _stream.Reader.Count, Is.EqualTo(ReceiveStreamOptions.DefaultRingHeaps).After(20_000, 1));
    }

    [Test]
    public async Task Completion_ends_with_the_last_heap()
    {
        Task completion = _stream.Reader.Completion;
        _stream.AddDatagramReader(Packets.OfHeaps(2));
        Assert.That(_stream.Reader.TryPeek(out _), Is.False);

        (await _stream.Reader.ReadAsync()).Dispose();
        Assert.That(completion.IsCompleted, Is.False);
        Assert.That(await _stream.Reader.WaitToReadAsync(), Is.True);
        Assert.That(_stream.Reader.TryRead(out Heap? heap), Is.True);
        heap!.Dispose();

        await completion.WaitAsync(Poll.Deadline);
        Assert.That(_stream.Reader.TryRead(out _), Is.False);
        Assert.That(async () => await _stream.Reader.ReadAsync(), Throws.InstanceOf<ChannelClosedException>());
    }

    [Test]
    public async Task Completion_ends_when_a_stream_without_heaps_stops()
    {
        Task completion = _stream.Reader.Completion;
        Assert.That(completion.IsCompleted, Is.False);
        _stream.Stop();

        await completion.WaitAsync(Poll.Deadline);
    }

    [Test]
    public async Task Completion_that_is_asked_for_late_has_ended()
    {
        _stream.Stop();

        await _stream.Reader.Completion.WaitAsync(Poll.Deadline);
    }

    [Test]
    public async Task Disposed_stream_is_a_channel_that_has_ended([Values] bool askedBefore)
    {
        ChannelReader<Heap> reader = _stream.Reader;
        Task? before = askedBefore ? reader.Completion : null;
        _stream.AddDatagramReader(Packets.OfHeaps(2));
        Poll.Until(() => _stream.Statistics.Heaps == 2, "two heaps are finished");
        _stream.Dispose();

        await (before ?? reader.Completion).WaitAsync(Poll.Deadline);
        Assert.That(reader.Count, Is.Zero);
        Assert.That(reader.TryRead(out _), Is.False);
        Assert.That(await reader.WaitToReadAsync(), Is.False);
        Assert.That(async () => await reader.ReadAsync(), Throws.InstanceOf<ChannelClosedException>());
        Assert.That(() => _stream.Reader, Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public async Task Completion_does_not_take_heaps_from_those_who_wait()
    {
        using UdpSender sender = new(_stream.AddUdpReader(new UdpSourceOptions { BindHost = "127.0.0.1" }));
        Task completion = _stream.Reader.Completion;
        for (ulong cnt = 1; cnt <= 50; cnt++)
        {
            Task<Heap> read = _stream.ReadAsync().AsTask();
            sender.Send(Packets.OfHeap(cnt));
            using Heap heap = await read.WaitAsync(Poll.Deadline);
            Assert.That(heap.Cnt, Is.EqualTo(cnt));
        }

        Assert.That(completion.IsCompleted, Is.False);
        sender.Send(Packets.OfStop(51));
        await completion.WaitAsync(Poll.Deadline);
    }
}
