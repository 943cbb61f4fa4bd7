// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>Handles of packet sources.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SourceTests : IDisposable
{
    private static readonly UdpSourceOptions Loopback = new() { BindHost = "127.0.0.1" };

    private readonly ReceiveStream _stream = new();

    public void Dispose() => _stream.Dispose();

    [Test]
    public void Udp_source_tells_what_it_is_bound_to()
    {
        PacketSource source = _stream.Add(Loopback);

        Assert.Multiple(() =>
        {
            Assert.That(source.Kind, Is.EqualTo(SourceKind.Udp));
            Assert.That(source.State, Is.EqualTo(SourceState.Running));
            Assert.That(source.LocalEndPoint!.Address, Is.EqualTo(IPAddress.Loopback));
            Assert.That(source.LocalEndPoint.Port, Is.EqualTo(source.Port).And.Positive);
            Assert.That(source.ToString(), Is.EqualTo($"Udp 127.0.0.1:{source.Port}, Running"));
        });
    }

    [Test]
    public void Source_in_memory_has_no_end_point([Values] bool buffer)
    {
        PacketSource source = _stream.Add(buffer
            ? new BufferSourceOptions { Packets = Packets.Concatenate(Packets.OfHeaps(1)) }
            : new DatagramSourceOptions { Datagrams = Packets.OfHeaps(1) });

        Assert.Multiple(() =>
        {
            Assert.That(source.Kind, Is.EqualTo(buffer ? SourceKind.Buffer : SourceKind.Datagrams));
            Assert.That(source.LocalEndPoint, Is.Null);
            Assert.That(source.Port, Is.Zero);
        });
        using Heap heap = _stream.Read();
        Assert.That(() => _stream.Read(), Throws.InstanceOf<StreamStoppedException>());
        Poll.Until(() => source.State == SourceState.Ended, "the source has ended");
    }

    [Test]
    public void Removed_source_closes_its_socket_and_the_others_go_on([Values] bool dispose)
    {
        PacketSource first = _stream.Add(Loopback);
        PacketSource second = _stream.Add(Loopback);
        using UdpSender toSecond = new(second.Port);
        IReadOnlyList<ReadOnlyMemory<byte>> packets = Packets.OfHeap(1, size: 2000);
        using (UdpSender toFirst = new(first.Port))
        {
            toFirst.Send(packets.Take(1));
            Poll.Until(() => _stream.Statistics.Packets == 1, "the first packet has come");
        }

        if (dispose)
        {
            first.Dispose();
        }

        first.Remove();
        Assert.That(first.State, Is.EqualTo(SourceState.Removed));
        Assert.That(second.State, Is.EqualTo(SourceState.Running));
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        Assert.That(() => socket.Bind(new IPEndPoint(IPAddress.Loopback, first.Port)), Throws.Nothing);

        // The heap under assembly has stayed.
        toSecond.Send(packets.Skip(1));
        using Heap heap = _stream.Read();
        Assert.That(heap.Payload.ToArray(), Is.EqualTo(Packets.Content(1, 2000)));
    }

    [Test]
    public void Stream_without_sources_goes_on()
    {
        _stream.Add(Loopback).Dispose();
        Assert.That(_stream.IsCompleted, Is.False);

        using UdpSender sender = new(_stream.Add(Loopback).Port);
        sender.Send(Packets.OfHeap(1));
        using Heap heap = _stream.Read();
        Assert.That(heap.Cnt, Is.EqualTo(1));
    }

    [Test]
    public void Source_that_nobody_refers_to_goes_on()
    {
        using UdpSender sender = new(Port(_stream));
        GC.Collect();
        GC.WaitForPendingFinalizers();
        sender.Send(Packets.OfHeap(1));

        using Heap heap = _stream.Read();
        Assert.That(heap.Cnt, Is.EqualTo(1));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static int Port(ReceiveStream stream) => stream.Add(Loopback).Port;
    }

    [Test]
    public void Handle_outlives_its_stream()
    {
        PacketSource source = _stream.Add(Loopback);
        _stream.Dispose();

        Assert.That(source.State, Is.EqualTo(SourceState.Ended));
        Assert.That(source.LocalEndPoint, Is.Not.Null);
        Assert.That(() => source.Statistics, Throws.Nothing);
        Assert.That(source.Remove, Throws.Nothing);
    }

    [Test]
    public void Source_added_to_a_stopped_stream_has_ended()
    {
        _stream.Stop();
        PacketSource source = _stream.Add(Loopback);

        Assert.That(source.State, Is.EqualTo(SourceState.Ended));
        Assert.That(source.LocalEndPoint, Is.Null);
        Assert.That(source.ToString(), Is.EqualTo("Udp, Ended"));
    }

    [Test]
    public void State_follows_the_stream()
    {
        using ReceiveStream stream = new(
            new ReceiveStreamOptions { ExplicitStart = true, RingHeaps = 1 }, NullLogger.Instance);
        PacketSource source = stream.Add(new DatagramSourceOptions { Datagrams = Packets.OfHeaps(10) });
        Assert.That(source.State, Is.EqualTo(SourceState.Unstarted));

        stream.Start();
        Poll.Until(() => source.State == SourceState.Blocked, "the source waits for the consumer");
        foreach (Heap heap in stream.ReadAll())
        {
            heap.Dispose();
        }

        Poll.Until(() => source.State == SourceState.Ended, "the source has ended");
        Assert.That(
            () => stream.Add(Loopback),
            Throws.InvalidOperationException.With.Message.Contains(nameof(ReceiveStreamOptions.ExplicitStart)));
    }

    [Test]
    public void Options_may_be_used_for_several_sources()
    {
        PacketSource first = _stream.Add(Loopback);
        PacketSource second = _stream.Add(Loopback);

        Assert.That(first.Port, Is.Not.EqualTo(second.Port));
    }

    [Test]
    public void Options_that_break_a_rule_are_refused()
    {
        Assert.That(() => _stream.Add(null!), Throws.ArgumentNullException);
        Assert.That(
            () => _stream.Add(new DatagramSourceOptions { Datagrams = null! }),
            Throws.ArgumentNullException.With.Property("ParamName").EqualTo("Datagrams"));
        Assert.That(
            () => _stream.Add(new UdpSourceOptions { MaxSize = 0 }),
            Throws.InstanceOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("MaxSize"));
    }
}
