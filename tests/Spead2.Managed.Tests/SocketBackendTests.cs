// SPDX-License-Identifier: MIT

using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Receive;

namespace Spead2.Managed.Tests;

/// <summary>UDP by .NET's own sockets, which serve where there is no epoll.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SocketBackendTests : IDisposable
{
    private static readonly IPEndPoint AnyPort = new(IPAddress.Loopback, 0);

    private readonly IoThreadPool _pool = new(2);

    public SocketBackendTests() => _pool.Threads(static pool => new ManagedIoThreads(pool, IoBackend.Sockets));

    public void Dispose() => _pool.Dispose();

    [Test]
    public void Every_heap_arrives_in_order()
    {
        using ManagedReceiveStream stream = new(pool: _pool);
        using UdpSender sender = new(stream.AddUdpReader(AnyPort));
        for (ulong cnt = 1; cnt <= 300; cnt++)
        {
            sender.Send(Packets.OfHeap(cnt, size: 3000));

            using Heap heap = stream.Read();
            Assert.That(heap.Cnt, Is.EqualTo(cnt));
            Assert.That(heap.Payload.Span.SequenceEqual(Packets.Content(cnt, 3000)), Is.True);
        }
    }

    [Test]
    public void Reader_that_found_the_ring_full_goes_on()
    {
        const int Count = 200;
        using ManagedReceiveStream stream = new(
            new ReceiveStreamOptions { RingHeaps = 1 }, NullLogger.Instance, _pool);
        using UdpSender sender = new(stream.AddUdpReader(AnyPort));
        sender.Send(Packets.OfHeaps(Count));
        Poll.Until(() => stream.Statistics.WorkerBlocked != 0, "the ring is full");

        for (ulong cnt = 1; cnt <= Count; cnt++)
        {
            using Heap heap = stream.Read();
            Assert.That(heap.Cnt, Is.EqualTo(cnt));
        }
    }

    [Test]
    public void Datagram_larger_than_the_largest_counts_as_truncated()
    {
        using ManagedReceiveStream stream = new(pool: _pool);
        using UdpSender sender = new(
            stream.AddUdpReader(new UdpSourceOptions { BindHost = "127.0.0.1", MaxSize = 200 }));
        sender.Send(Packets.OfHeap(1, size: 1000));
        sender.Send(Packets.OfHeap(2));

        using Heap heap = stream.Read();
        Assert.That(heap.Cnt, Is.EqualTo(2));
        Poll.Until(() => stream.Statistics.Truncated == 1, "a datagram was truncated");
    }

    [Test]
    public void Nothing_is_received_before_start()
    {
        using ManagedReceiveStream stream = new(new ReceiveStreamOptions { ExplicitStart = true }, pool: _pool);
        using UdpSender sender = new(stream.AddUdpReader(AnyPort));
        sender.Send(Packets.OfHeap(1));
        Assert.That(stream.TryRead(out _, TimeSpan.FromMilliseconds(20)), Is.False);
        Assert.That(stream.Statistics.Packets, Is.Zero);

        stream.Start();
        using Heap heap = stream.Read();
        Assert.That(heap.Cnt, Is.EqualTo(1));
    }

    [Test]
    public void Stop_closes_the_socket_while_packets_arrive()
    {
        for (int repetition = 0; repetition < 50; repetition++)
        {
            using ManagedReceiveStream stream = new(pool: _pool);
            int port = stream.AddUdpReader(AnyPort);
            using UdpSender sender = new(port);
            sender.Send(Packets.OfHeaps(repetition % 5));
            stream.Stop();

            using ManagedReceiveStream second = new(pool: _pool);
            Assert.That(second.AddUdpReader(new IPEndPoint(IPAddress.Loopback, port)), Is.EqualTo(port));
        }
    }

    [Test]
    public void Disturbed_socket_rests_and_receives([Values] CallersSocketKind kind)
    {
        const int Rounds = 100;
        const int SlicesForAnEvent = 4;
        using IoThreadPool pool = new(1);
        pool.Threads(static pool => new ManagedIoThreads(pool, IoBackend.Sockets));
        using CallersSocket socket = new(kind);
        using LoopNeighbour neighbour = new(pool);
        using ManagedReceiveStream stream = new(null, NullLogger.Instance, pool);
        PacketSource source = stream.Add(new UdpSourceOptions { Socket = socket.Socket });
        socket.Disturb();
        neighbour.GoRound(SlicesForAnEvent);
        long before = source.Statistics.Slices;
        neighbour.GoRound(Rounds);
        Assert.That(source.Statistics.Slices - before, Is.AtMost(SlicesForAnEvent), "The source does not rest.");

        socket.Send([1]);
        Assert.That(stream.TryRead(out Heap? heap, Poll.Deadline), Is.True, "The heap has not arrived.");
        heap!.Dispose();
    }
}
