// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class UdpReaderTests : IDisposable
{
    private readonly ReceiveStream _stream = new();

    public void Dispose() => _stream.Dispose();

    [Test]
    public void End_point_gives_address_and_port()
    {
        int port = _stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0));
        using UdpSender sender = new(port);
        sender.Send(Packets.OfHeap(1));

        Assert.That(port, Is.InRange(1, 65535));
        using Heap heap = _stream.Read();
        Assert.That(heap.Cnt, Is.EqualTo(1));
    }

    [Test]
    public void Host_may_be_a_name_or_empty([Values("localhost", "", null)] string? host)
    {
        using UdpSender sender = new(_stream.AddUdpReader(0, host));
        sender.Send(Packets.OfHeap(1));

        using Heap heap = _stream.Read();
        Assert.That(heap.Cnt, Is.EqualTo(1));
    }

    [Test]
    public void Group_and_interface_may_be_names()
    {
        // An interface's own address stands for a group, so that the host's name of it does.
        using UdpSender sender = new(_stream.AddUdpReader("localhost", 0, "localhost"));
        sender.Send(Packets.OfHeap(1));

        using Heap heap = _stream.Read();
        Assert.That(heap.Cnt, Is.EqualTo(1));
    }

    [Test]
    public void Empty_interface_lets_the_system_choose()
    {
        Assert.That(_stream.AddUdpReader("239.255.88.88", 0, ""), Is.Positive);
    }

    [Test]
    public void Port_in_use_is_an_error_of_the_operating_system()
    {
        int port = _stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0));
        using ReceiveStream second = new();

        Assert.That(
            () => second.AddUdpReader(new IPEndPoint(IPAddress.Loopback, port)),
            Throws.InstanceOf<Spead2Exception>()
                .With.Property(nameof(Spead2Exception.Status)).EqualTo(Spead2Status.OperatingSystem)
                .And.Property(nameof(Spead2Exception.OsCode)).GreaterThan(0)
                .And.Message.Contains($"{port}"));
    }

    [Test]
    public void Host_that_does_not_resolve_is_named()
    {
        Assert.That(
            () => _stream.AddUdpReader(new UdpSourceOptions { BindHost = "no-such-host.invalid" }),
            Throws.InstanceOf<Spead2Exception>()
                .With.Property(nameof(Spead2Exception.Status)).EqualTo(Spead2Status.InvalidAddress)
                .And.Message.Contains("no-such-host.invalid"));
    }

    [Test]
    public void Option_that_breaks_its_rule_is_named()
    {
        Assert.That(
            () => _stream.AddUdpReader(new UdpSourceOptions { Port = 65536 }),
            Throws.InstanceOf<ArgumentOutOfRangeException>()
                .With.Property(nameof(ArgumentException.ParamName)).EqualTo(nameof(UdpSourceOptions.Port)));
    }

    [Test]
    public void Stop_closes_the_socket()
    {
        int port = _stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0));
        _stream.Stop();

        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        Assert.That(() => socket.Bind(new IPEndPoint(IPAddress.Loopback, port)), Throws.Nothing);
    }

    [Test]
    public void Reader_added_to_a_stopped_stream_does_nothing()
    {
        _stream.Stop();

        Assert.That(_stream.AddUdpReader(new UdpSourceOptions()), Is.Zero);
    }

    [Test]
    public void Datagram_larger_than_the_largest_counts_as_truncated()
    {
        UdpSourceOptions options = new() { BindHost = "127.0.0.1", MaxSize = 200 };
        using UdpSender sender = new(_stream.AddUdpReader(options));
        sender.Send(Packets.OfHeap(1, size: 1000));
        sender.Send(Packets.OfHeap(2));

        using Heap heap = _stream.Read();
        Assert.That(heap.Cnt, Is.EqualTo(2));
        Poll.Until(() => _stream.Statistics.Truncated == 1, "a datagram was truncated");
    }

    [Test]
    public void Buffer_size_may_be_left_to_the_operating_system_or_given([Values(0, 100_000)] long size)
    {
        UdpSourceOptions options = new() { BindHost = "127.0.0.1", BufferSize = size };
        using UdpSender sender = new(_stream.AddUdpReader(options));
        sender.Send(Packets.OfHeap(1));

        using Heap heap = _stream.Read();
        Assert.That(heap.Cnt, Is.EqualTo(1));
    }

    [Test]
    public void Several_sockets_feed_one_stream()
    {
        using UdpSender first = new(_stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0)));
        using UdpSender second = new(_stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0)));
        IReadOnlyList<ReadOnlyMemory<byte>> packets = Packets.OfHeap(1, size: 2000);
        first.Send(packets.Take(1));
        second.Send(packets.Skip(1));

        using Heap heap = _stream.Read();
        Assert.That(heap.Payload.ToArray(), Is.EqualTo(Packets.Content(1, 2000)));
    }
}
