// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using Spead2.Receive;

namespace Spead2.Interop.Tests;

/// <summary>What each packet source counts for itself, and what it releases when it is removed.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SourceStatisticsTests : IDisposable
{
    private readonly ReceiveStream _stream = new();

    public void Dispose() => _stream.Dispose();

    [Test]
    public void Each_source_counts_what_came_to_it()
    {
        UdpSourceOptions options = new() { BindHost = "127.0.0.1", MaxSize = 1000 };
        PacketSource first = _stream.Add(options);
        PacketSource second = _stream.Add(options);
        Assert.That(first.Statistics.LastSender, Is.Null);
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(IPAddress.Loopback, first.Port);
        ReadOnlyMemory<byte> packet = Packets.OfHeap(1).Single();
        socket.Send(packet.Span);
        socket.Send(new byte[20]);
        socket.Send(Array.Empty<byte>());
        socket.Send(new byte[1001]);
        Poll.Until(() => first.Statistics.Truncated == 1, "all have come");

        PacketSourceStatistics statistics = first.Statistics;
        Assert.Multiple(() =>
        {
            Assert.That(statistics.Packets, Is.EqualTo(1));
            Assert.That(statistics.Datagrams, Is.EqualTo(4));
            Assert.That(statistics.Bytes, Is.AtLeast(packet.Length + 20));
            Assert.That(statistics.Malformed, Is.EqualTo(1));
            Assert.That(statistics.Empty, Is.EqualTo(1));
            Assert.That(statistics.ToString(), Does.StartWith($"1 packets, {statistics.Bytes} bytes"));
            Assert.That(second.Statistics.Datagrams, Is.Zero);
        });
    }

    [Test]
    public void Removed_source_keeps_its_last_statistics()
    {
        PacketSource source = _stream.Add(new UdpSourceOptions { BindHost = "127.0.0.1" });
        using UdpSender sender = new(source.Port);
        sender.Send(Packets.OfHeap(1));
        _stream.Read().Dispose();
        source.Remove();
        _stream.Dispose();

        Assert.That(source.Statistics.Packets, Is.EqualTo(1));
    }

    [Test]
    public void Removed_source_needs_its_memory_no_more([Values] bool buffer, [Values] bool fails)
    {
        TestMemory memory = new(Packets.Concatenate(Packets.OfHeap(1)));
        if (fails)
        {
            memory.OnUnpin = () => throw new InvalidOperationException();
        }

        using ReceiveStream stream = new(new ReceiveStreamOptions { ExplicitStart = true });
        PacketSource source = stream.Add(buffer
            ? new BufferSourceOptions { Packets = memory.Memory }
            : new DatagramSourceOptions { Datagrams = [memory.Memory] });
        Assert.That(memory.Pins, Is.EqualTo(1));

        source.Remove();
        source.Remove();
        Assert.That(memory.Pins, Is.Zero);
        stream.Dispose();
        Assert.That(memory.Pins, Is.Zero);
    }

    [Test]
    public void Refused_source_needs_its_memory_no_more()
    {
        TestMemory memory = new(new byte[8]);
        using ReceiveStream stream = new(new ReceiveStreamOptions { ExplicitStart = true });
        stream.Start();

        Assert.That(() => stream.AddBufferReader(memory.Memory), Throws.InvalidOperationException);
        Assert.That(memory.Pins, Is.Zero);
    }
}
