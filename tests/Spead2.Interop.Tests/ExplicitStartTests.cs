// SPDX-License-Identifier: MIT

using System.Net;
using Spead2.Receive;

namespace Spead2.Interop.Tests;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ExplicitStartTests : IDisposable
{
    private static readonly ReceiveStreamOptions Explicit = new() { ExplicitStart = true, RingHeaps = 64 };

    private static readonly TestCaseData<Action<IReceiveStream>>[] Readers =
    [
        Reader(stream => stream.AddBufferReader(Packets.Concatenate(Packets.OfHeap(1))), "buffer"),
        Reader(stream => stream.AddDatagramReader(Packets.OfHeap(1)), "datagrams"),
        Reader(stream => stream.AddUdpReader(new UdpSourceOptions()), "UDP"),
    ];

    private readonly ReceiveStream _stream = new(Explicit);

    public void Dispose() => _stream.Dispose();

    [Test]
    public void Nothing_is_received_before_start()
    {
        using IoThreadPool pool = new();
        using ReceiveStream waiting = new(Explicit, pool: pool);
        waiting.AddDatagramReader(Packets.OfHeaps(1));

        // The one thread of the pool would have served the older reader first.
        using ReceiveStream other = new(pool: pool);
        other.AddDatagramReader(Packets.OfHeaps(1));
        other.Read().Dispose();

        Assert.That(waiting.Statistics.Sum(pair => pair.Value), Is.Zero);
        Assert.That(waiting.TryRead(out _), Is.False);
        waiting.Start();
        using Heap heap = waiting.Read();
        Assert.That(heap.Cnt, Is.EqualTo(1));
    }

    [Test]
    public void Two_streams_get_what_waited_in_their_sockets()
    {
        using IoThreadPool pool = new(threads: 2);
        using ReceiveStream first = new(Explicit, pool: pool);
        using ReceiveStream second = new(Explicit, pool: pool);
        foreach (ReceiveStream stream in new[] { first, second })
        {
            using UdpSender sender = new(stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0)));
            sender.Send(Packets.OfHeaps(50));
            sender.Send(Packets.OfStop(51));
        }

        Assert.That(first.Statistics.Packets + second.Statistics.Packets, Is.Zero);
        first.Start();
        Assert.That(CntsOf(first), Is.EqualTo(Enumerable.Range(1, 50)));
        Assert.That(second.Statistics.Packets, Is.Zero);
        second.Start();
        Assert.That(CntsOf(second), Is.EqualTo(Enumerable.Range(1, 50)));
    }

    [TestCaseSource(nameof(Readers))]
    public void Reader_cannot_be_added_after_start(Action<IReceiveStream> add)
    {
        ArgumentNullException.ThrowIfNull(add);
        add(_stream);
        _stream.Start();

        Assert.That(() => add(_stream), Throws.InvalidOperationException.With.Message.Contains("start"));
    }

    [Test]
    public void Second_start_does_nothing()
    {
        _stream.AddDatagramReader(Packets.OfHeaps(3));
        _stream.Start();
        _stream.Start();

        Assert.That(CntsOf(_stream), Is.EqualTo(new[] { 1, 2, 3 }));
    }

    [Test]
    public void Start_of_a_stream_that_started_by_itself_does_nothing()
    {
        using ReceiveStream stream = new();
        stream.Start();
        stream.AddDatagramReader(Packets.OfHeaps(1));
        stream.Start();

        Assert.That(CntsOf(stream), Is.EqualTo(new[] { 1 }));
    }

    [Test]
    public void Stream_can_be_stopped_and_disposed_before_start([Values] bool start)
    {
        _stream.AddDatagramReader(Packets.OfHeaps(1));
        _stream.AddUdpReader(new UdpSourceOptions());
        _stream.Stop();
        if (start)
        {
            _stream.Start();
        }

        Assert.That(_stream.IsCompleted, Is.True);
    }

    private static TestCaseData<Action<IReceiveStream>> Reader(Action<IReceiveStream> add, string name) =>
        new TestCaseData<Action<IReceiveStream>>(add).SetArgDisplayNames(name);

    private static List<int> CntsOf(ReceiveStream stream)
    {
        List<int> cnts = [];
        while (stream.TryRead(out Heap? heap, Poll.Deadline))
        {
            cnts.Add((int)heap.Cnt);
            heap.Dispose();
        }

        return cnts;
    }
}
