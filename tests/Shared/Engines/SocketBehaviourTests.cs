// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>
/// Sockets that their owners hand in, whatever they do to them, in each state of a stream: everything that is sent
/// arrives, and a socket that brings nothing costs nothing. That is counted in slices, not measured in time.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SocketBehaviourTests : IDisposable
{
    /// <summary>A socket that was asked each time the loop goes round would have so many slices.</summary>
    private const int Rounds = 200;

    /// <summary>
    /// What one event of a socket may cost: a slice for it, one to see that there is nothing more, and the same once more
    /// where the kernel tells of it twice.
    /// </summary>
    private const int SlicesForAnEvent = 4;

    // The first heaps fill the ring, and one more waits for room.
    private static readonly ulong[] Heaps = [1, 2, 3, 4, 5, 6, 7, 8];

    private readonly IoThreadPool _pool = new(1);
    private readonly LoopNeighbour _neighbour;
    private readonly RecordingLogger _logger = new();

    public SocketBehaviourTests() => _neighbour = new(_pool);

    public void Dispose()
    {
        _neighbour.Dispose();
        _pool.Dispose();
    }

    [Test]
    public void Idle_socket_costs_nothing_and_receives([Values] CallersSocketKind kind)
    {
        using CallersSocket socket = new(kind);
        using ReceiveStream stream = new(new ReceiveStreamOptions { RingHeaps = Heaps.Length }, _logger, _pool);
        PacketSource source = stream.Add(new UdpSourceOptions { Socket = socket.Socket });
        socket.Disturb();
        AssertIdle(source);

        socket.Send(Heaps);
        AssertReceived(stream, Heaps);
        AssertIdle(source);
        PacketSourceStatistics statistics = source.Statistics;
        Assert.That((statistics.Malformed, statistics.SizeMismatch, statistics.Truncated), Is.EqualTo((0, 0, 0)));
        Assert.That(statistics.Messages, Is.LessThan(statistics.Datagrams), "Nothing was coalesced.");
        Assert.That(statistics.Errors != 0, Is.EqualTo(socket.HasErrors));
        AssertTold(socket);
    }

    [Test]
    public void Socket_disturbed_before_it_is_added_receives([Values] CallersSocketKind kind)
    {
        using CallersSocket socket = new(kind);
        using ReceiveStream stream = new(new ReceiveStreamOptions { RingHeaps = Heaps.Length }, _logger, _pool);
        if (socket.IsKept)
        {
            socket.Disturb();
        }

        socket.Send(Heaps[..4]);
        PacketSource source = stream.Add(new UdpSourceOptions { Socket = socket.Socket });
        AssertReceived(stream, Heaps.AsSpan(..4));
        AssertIdle(source);
        socket.Send(Heaps[4..]);
        AssertReceived(stream, Heaps.AsSpan(4..));
    }

    [Test]
    public void Unstarted_stream_leaves_the_socket_alone([Values] CallersSocketKind kind)
    {
        using CallersSocket socket = new(kind);
        using ReceiveStream stream = new(
            new ReceiveStreamOptions { ExplicitStart = true, RingHeaps = Heaps.Length }, _logger, _pool);
        PacketSource source = stream.Add(new UdpSourceOptions { Socket = socket.Socket });
        socket.Send(Heaps);
        socket.Disturb();
        AssertIdle(source);
        PacketSourceStatistics statistics = source.Statistics;
        Assert.That((source.State, statistics.Messages, statistics.Errors), Is.EqualTo((SourceState.Unstarted, 0, 0)));

        stream.Start();
        AssertReceived(stream, Heaps);
        AssertIdle(source);
        AssertTold(socket);
    }

    [Test]
    public void Full_sink_pauses_the_socket([Values] CallersSocketKind kind)
    {
        using CallersSocket socket = new(kind);
        using ReceiveStream stream = new(new ReceiveStreamOptions { RingHeaps = 1 }, _logger, _pool);
        PacketSource source = stream.Add(new UdpSourceOptions { Socket = socket.Socket });
        socket.Send(Heaps);
        Poll.Until(() => source.State == SourceState.Blocked, "the sink is full");
        socket.Disturb();
        AssertIdle(source);
        socket.Send([100]);
        AssertIdle(source);
        Assert.That(source.State, Is.EqualTo(SourceState.Blocked));

        AssertReceived(stream, [.. Heaps, 100]);
        AssertIdle(source);
    }

    [Test]
    public void Stopped_stream_leaves_the_socket_to_its_owner([Values] CallersSocketKind kind)
    {
        using CallersSocket socket = new(kind);
        using ReceiveStream stream = new(null, _logger, _pool);
        PacketSource source = stream.Add(new UdpSourceOptions { Socket = socket.Socket });
        stream.Stop();
        long slices = source.Statistics.Slices;
        socket.Disturb();
        _neighbour.GoRound(Rounds);
        Assert.That((source.State, source.Statistics.Slices), Is.EqualTo((SourceState.Ended, slices)));
        if (socket.IsKept)
        {
            // A socket that tells of an error first has the datagram all the same.
            socket.Send([1]);
            Poll.Until(() => socket.Socket.Available != 0, "the owner has the datagram");
        }
        else
        {
            using Socket other = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            Assert.That(() => other.Bind(new IPEndPoint(IPAddress.Loopback, socket.Port)), Throws.Nothing);
        }
    }

    [Test]
    public void Disposed_udp_client_goes_on_receiving()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Ignore("Elsewhere nothing is received for a socket that was shut down.");
        }

        using ReceiveStream stream = new();
        int port;
        using (UdpClient client = new(new IPEndPoint(IPAddress.Loopback, 0)))
        {
            port = stream.AddUdpReader(new UdpSourceOptions { Socket = client.Client });
        }

        using UdpSender sender = new(port);
        for (ulong cnt = 1; cnt <= 5; cnt++)
        {
            sender.Send(Packets.OfHeap(cnt));
            AssertReceivedCnt(stream, cnt);
        }
    }

    /// <summary>Nothing is done for a source when the loop goes round, but for what has just happened.</summary>
    private void AssertIdle(PacketSource source)
    {
        // Of what has just happened.
        _neighbour.GoRound(SlicesForAnEvent);
        PacketSourceStatistics before = source.Statistics;
        _neighbour.GoRound(Rounds);
        PacketSourceStatistics after = source.Statistics;
        Assert.That(after.Slices - before.Slices, Is.AtMost(SlicesForAnEvent), "The source does not rest.");
    }

    /// <summary>What has happened to the socket is in the log, once.</summary>
    private void AssertTold(CallersSocket socket)
    {
        string[] expected =
            socket.HasErrors ? [$"cannot receive from UDP port {socket.Port}: Connection refused"]
            : socket.IsShutDown
                ? [$"the socket of UDP port {socket.Port} was shut down by its owner; it is received from as before"]
            : [];
        Poll.Until(() => _logger.Messages.Count >= expected.Length, "the message has come");
        Assert.That(_logger.Texts.ToArray(), Is.EqualTo(expected));
    }

    private static void AssertReceived(ReceiveStream stream, ReadOnlySpan<ulong> cnts)
    {
        foreach (ulong cnt in cnts)
        {
            Assert.That(stream.TryRead(out Heap? heap, Poll.Deadline), Is.True, $"Heap {cnt} has not arrived.");
            using (heap)
            {
                Assert.That(heap!.Cnt, Is.EqualTo(cnt));
                Assert.That(heap.Payload.Span.SequenceEqual(CallersSocket.Content(cnt)), Is.True);
            }
        }
    }

    private static void AssertReceivedCnt(ReceiveStream stream, ulong cnt)
    {
        Assert.That(stream.TryRead(out Heap? heap, Poll.Deadline), Is.True, $"Heap {cnt} has not arrived.");
        using (heap)
        {
            Assert.That(heap!.Cnt, Is.EqualTo(cnt));
        }
    }
}
