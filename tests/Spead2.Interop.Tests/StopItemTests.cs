// SPDX-License-Identifier: MIT

using System.Net;
using Spead2.Receive;

namespace Spead2.Interop.Tests;

public sealed class StopItemTests
{
    [Test]
    public void Stop_item_stops_the_stream_unless_it_is_told_otherwise([Values] bool stops)
    {
        using ReceiveStream stream = new(new ReceiveStreamOptions { StopOnStopItem = stops });
        Assert.That(stream.StopOnStopItem, Is.EqualTo(stops));
        stream.AddDatagramReader([.. Packets.OfStop(1), .. Packets.OfHeap(2)]);

        Assert.That(stream.TryRead(out Heap? heap, Poll.Deadline), Is.Not.EqualTo(stops));
        Assert.That(heap?.IsEndOfStream, Is.EqualTo(stops ? null : (bool?)true));
        heap?.Dispose();
    }

    [Test]
    public void What_a_stop_item_does_may_change_while_the_stream_receives()
    {
        using ReceiveStream stream = new();
        using UdpSender sender = new(stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0)));
        stream.StopOnStopItem = false;
        for (ulong cnt = 1; cnt <= 3; cnt++)
        {
            sender.Send(Packets.OfStop(cnt));
            using Heap heap = stream.Read();
            Assert.That((heap.Cnt, heap.IsEndOfStream), Is.EqualTo((cnt, true)));
        }

        stream.StopOnStopItem = true;
        sender.Send(Packets.OfStop(4));
        Assert.That(() => stream.Read(), Throws.InstanceOf<StreamStoppedException>());
        Assert.That(stream.Statistics.StopHeaps, Is.EqualTo(1));
    }
}
