// SPDX-License-Identifier: MIT

using System.Net;
using Spead2.Receive;

namespace Spead2.Interop.Tests;

/// <summary>The stream's descriptor in an event loop of the user's.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Platform("Linux", Reason = "The event loop is epoll.")]
public sealed class FdTests : IDisposable
{
    private readonly ReceiveStream _stream = new(new ReceiveStreamOptions { RingHeaps = 64 });
    private readonly UdpSender _sender;
    private readonly Epoll _epoll = new();

    public FdTests()
    {
        _sender = new(_stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0)));
    }

    public void Dispose()
    {
        _epoll.Dispose();
        _sender.Dispose();
        _stream.Dispose();
    }

    [Test]
    public void Descriptor_is_always_the_same()
    {
        nint first = _stream.Fd;

        Assert.That(first, Is.GreaterThan((nint)2));
        Assert.That(_stream.Fd, Is.EqualTo(first));
    }

    [Test]
    public void Descriptor_is_readable_just_while_a_heap_waits()
    {
        _epoll.Watch(_stream.Fd);
        Assert.That(IsReadable(), Is.False);
        for (int round = 0; round < 20; round++)
        {
            _sender.Send(Packets.OfHeaps(2));
            Assert.That(_epoll.Wait(Poll.Deadline), Is.EqualTo(_stream.Fd));
            Assert.That(IsReadable(), Is.True, "It stays so until the heaps are taken.");

            _stream.Read().Dispose();
            _stream.Read().Dispose();
            Assert.That(_stream.TryRead(out _), Is.False);
            Assert.That(IsReadable(), Is.False);
        }
    }

    [Test]
    public void Descriptor_that_is_asked_for_late_knows_of_heaps_that_wait()
    {
        _sender.Send(Packets.OfHeap(1));
        Poll.Until(() => _stream.Statistics.Heaps == 1, "a heap is finished");
        _epoll.Watch(_stream.Fd);

        Assert.That(_epoll.Wait(Poll.Deadline), Is.EqualTo(_stream.Fd));
    }

    [Test]
    public void Descriptor_is_readable_for_ever_after_stop([Values] bool byUser)
    {
        _epoll.Watch(_stream.Fd);
        _sender.Send(Packets.OfHeap(1));
        Poll.Until(() => _stream.Statistics.Heaps == 1, "a heap is finished");
        if (byUser)
        {
            _stream.Stop();
        }
        else
        {
            _sender.Send(Packets.OfStop(2));
            Poll.Until(() => _stream.Statistics.StopHeaps == 1, "the stop item has arrived");
        }

        _stream.Read().Dispose();
        Assert.That(() => _stream.Read(), Throws.InstanceOf<StreamStoppedException>());
        for (int i = 0; i < 3; i++)
        {
            Assert.That(_epoll.Wait(Poll.Deadline), Is.EqualTo(_stream.Fd));
            Assert.That(_stream.TryRead(out _), Is.False);
        }
    }

    [Test]
    public void Descriptor_of_a_stream_that_has_stopped_before_is_readable()
    {
        _stream.Stop();
        _epoll.Watch(_stream.Fd);

        Assert.That(_epoll.Wait(Poll.Deadline), Is.EqualTo(_stream.Fd));
    }

    [Test]
    public async Task Event_loop_gets_every_heap_of_two_streams()
    {
        const int HeapCount = 2000;
        using ReceiveStream second = new(new ReceiveStreamOptions { RingHeaps = 2 });
        Dictionary<nint, (ReceiveStream Stream, List<int> Cnts)> streams = new()
        {
            [_stream.Fd] = (_stream, []),
            [second.Fd] = (second, []),
        };
        Array.ForEach([.. streams.Keys], _epoll.Watch);
        second.AddDatagramReader(Packets.OfHeaps(HeapCount));
        Task sending = Task.Run(() =>
        {
            for (ulong cnt = 1; cnt <= HeapCount; cnt++)
            {
                _sender.Send(Packets.OfHeap(cnt));
                Thread.Yield();
            }

            _sender.Send(Packets.OfStop(HeapCount + 1));
        });

        while (!streams.Values.All(each => each.Stream.IsCompleted))
        {
            nint? fd = _epoll.Wait(Poll.Deadline);
            Assert.That(fd, Is.Not.Null, "The loop waits in vain.");
            while (streams[fd.Value].Stream.TryRead(out Heap? heap))
            {
                streams[fd.Value].Cnts.Add((int)heap.Cnt);
                heap.Dispose();
            }
        }

        await sending;
        Assert.That(streams.Values.Select(each => each.Cnts), Is.All.EqualTo(Enumerable.Range(1, HeapCount)));
    }

    [Test]
    public void Descriptor_and_other_ways_of_waiting_do_not_disturb_each_other()
    {
        _epoll.Watch(_stream.Fd);
        for (ulong cnt = 1; cnt <= 100; cnt++)
        {
            Task<Heap> read = _stream.ReadAsync().AsTask();
            _sender.Send(Packets.OfHeap(cnt));
            using Heap heap = read.WaitAsync(Poll.Deadline).GetAwaiter().GetResult();
            Assert.That(heap.Cnt, Is.EqualTo(cnt));
            Assert.That(IsReadable(), Is.False);
        }
    }

    private bool IsReadable() => _epoll.Wait(TimeSpan.Zero) is not null;
}
