// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

public sealed class RefusedDatagramTests
{
    private static readonly byte[] WrongMagic = Convert.FromHexString("5204020600000000");

    [Test]
    public void First_datagram_of_each_cause_is_kept()
    {
        byte[] tooLong = [.. Packets.OfHeap(1)[0].Span, .. new byte[100]];
        DateTimeOffset before = DateTimeOffset.UtcNow;
        using ReceiveStream stream = new(new ReceiveStreamOptions(), NullLogger.Instance);
        stream.AddDatagramReader([WrongMagic, new byte[] { 1, 2, 3 }, (byte[])[.. WrongMagic, 7], tooLong]);
        Assert.That(() => stream.Read(), Throws.InstanceOf<StreamStoppedException>());

        IReadOnlyList<RefusedDatagram> refused = stream.RefusedDatagrams;
        Assert.That(
            refused.Select(datagram => (datagram.Cause, datagram.Length, datagram.Sender)),
            Is.EqualTo(new (RefusalCause, long, IPEndPoint?)[]
            {
                (RefusalCause.Size, 3, null),
                (RefusalCause.Magic, 8, null),
                (RefusalCause.SizeMismatch, tooLong.Length, null),
            }));
        Assert.That(refused[0].FirstBytes, Is.EqualTo(new byte[] { 1, 2, 3 }));
        Assert.That(refused[2].FirstBytes, Is.EqualTo(tooLong[..RefusedDatagram.MostBytes]));
        Assert.That(
            refused.Select(datagram => datagram.Time),
            Has.All.InRange(before.AddMilliseconds(-1), DateTimeOffset.UtcNow.AddMilliseconds(1)));
    }

    [Test]
    public void Sender_of_a_refused_datagram_is_known()
    {
        using Socket sender = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        using ReceiveStream stream = Receive(sender, maxSize: 1000);
        sender.Send(new byte[1001]);
        Poll.Until(() => stream.Statistics.Truncated == 1, "the datagram is refused");

        RefusedDatagram refused = stream.RefusedDatagrams.Single();
        Assert.That(
            (refused.Cause, refused.Length, refused.Sender), Is.EqualTo((RefusalCause.Truncated, 1001L, sender.LocalEndPoint)));
    }

    [Test]
    public void Sender_within_a_batch_is_known_from_the_next_one()
    {
        using Socket sender = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        using Socket other = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        using ReceiveStream stream = Receive(sender, maxSize: 1000, explicitStart: true);
        other.Connect(sender.RemoteEndPoint!);
        other.Send(Packets.OfHeap(1)[0].Span);
        sender.Send(WrongMagic);
        stream.Start();
        Poll.Until(() => stream.Statistics.Malformed == 1, "the first one is refused");
        IPEndPoint? first = stream.RefusedDatagrams.Single().Sender;
        sender.Send(WrongMagic);
        Poll.Until(() => stream.Statistics.Malformed == 2, "the second one is refused");

        Assert.That(first, Is.Null.Or.EqualTo(sender.LocalEndPoint));
        Assert.That(stream.RefusedDatagrams.Single().Sender, Is.EqualTo(sender.LocalEndPoint));
    }

    [Test]
    public void Stream_without_refused_datagrams_has_none()
    {
        using ReceiveStream stream = new(new ReceiveStreamOptions(), NullLogger.Instance);
        stream.AddDatagramReader(Packets.OfHeaps(1));
        using Heap heap = stream.Read();

        Assert.That(stream.RefusedDatagrams, Is.Empty);
    }

    private static ReceiveStream Receive(Socket sender, int maxSize, bool explicitStart = false)
    {
        ReceiveStream stream = new(new ReceiveStreamOptions { ExplicitStart = explicitStart }, NullLogger.Instance);
        PacketSource source = stream.Add(
            new UdpSourceOptions { BindHost = IPAddress.Loopback.ToString(), MaxSize = maxSize });
        sender.Connect(source.LocalEndPoint!);
        return stream;
    }
}
