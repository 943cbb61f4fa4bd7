// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>Packets from TCP connections: whatever stands between them, and however the connection ends.</summary>
[Platform("Linux")]
internal sealed class TcpSourceTests
{
    private const int PacketBytes = 64;

    private static TcpSourceOptions Loopback => new() { Host = "127.0.0.1" };

    // The vectors of the specification's section A5.5, however they are cut; P is a packet of the heap behind it.
    [Test]
    public void Packets_are_found_whatever_stands_between_them([Values(1, 7, 1 << 16)] int piece)
    {
        (string Words, long[] Heaps, long Malformed, long Mismatch, long Skipped, long Unfinished)[] vectors =
        [
            ("P1 P2", [1, 2], 0, 0, 0, 0),
            ("P1 4741524241474521 P2", [1, 2], 1, 0, 8, 0),
            ("P1 4741524241 P2 P3", [1, 2, 3], 1, 0, 5, 0),
            ("P1 5304030500000005 8000010000000002 80000200", [1], 0, 0, 0, 20),
            ("P1 5304030500000002 8000030000000000 8000040000000004 61626364 P2", [1, 2], 1, 0, 0, 0),
            ("P1 5304030500000006 8000010000000007 8000020000000010 8000030000000000 8000040000000010 8000040000000008"
                + " 0010000000000000 000102030405060708090a0b0c0d0e0f P2", [1, 2], 0, 1, 0, 0),
            ("P1 5304030500000001 8000010000000007 P2", [1, 2], 1, 0, 16, 0),
            ("P1 530403050000ffff P2", [1, 2], 1, 0, 8, 0),
            ("P1 53040306 P2 53040008 P3", [1, 2, 3], 2, 0, 8, 0),
            ("P1 00 5304030500000001 8000040fffffffff P2", [1, 2], 1, 0, 17, 0),
            ("P1 0000005304", [1], 1, 0, 5, 0),
        ];
        foreach (var vector in vectors)
        {
            using ReceiveStream stream = new();
            PacketSource source = stream.Add(Loopback);
            byte[] bytes = BytesOf(vector.Words);
            using (Socket sender = Connect(source.Port))
            {
                for (int i = 0; i < bytes.Length; i += piece)
                {
                    sender.Send(bytes.AsSpan(i, Math.Min(piece, bytes.Length - i)));
                }
            }

            long[] heaps = ReadAll(stream);
            PacketSourceStatistics statistics = source.Statistics;
            Assert.Multiple(() =>
            {
                Assert.That(heaps, Is.EqualTo(vector.Heaps), vector.Words);
                Assert.That(statistics.Packets, Is.EqualTo(vector.Heaps.Length), vector.Words);
                Assert.That(statistics.Malformed, Is.EqualTo(vector.Malformed), vector.Words);
                Assert.That(statistics.SizeMismatch, Is.EqualTo(vector.Mismatch), vector.Words);
                Assert.That(statistics.SkippedBytes, Is.EqualTo(vector.Skipped), vector.Words);
                Assert.That(statistics.UnfinishedBytes, Is.EqualTo(vector.Unfinished), vector.Words);
                Assert.That(statistics.Bytes, Is.EqualTo(bytes.Length), vector.Words);
                Assert.That(statistics.Connections, Is.EqualTo(1), vector.Words);
                Assert.That(statistics.Errors, Is.Zero, vector.Words);
            });
        }
    }

    [Test]
    public void Packet_larger_than_the_largest_is_passed_over([Values(1, 1000, 1 << 16)] int piece)
    {
        using ReceiveStream stream = new();
        PacketSource source = stream.Add(new TcpSourceOptions { Host = "127.0.0.1", MaxSize = 2048 });
        byte[] bytes =
        [
            .. BytesOf("P1"),
            .. Packets.Concatenate(Packets.OfHeap(9, 3000, maxPacketSize: 4000)),
            .. BytesOf("P2"),
        ];
        using (Socket sender = Connect(source.Port))
        {
            for (int i = 0; i < bytes.Length; i += piece)
            {
                sender.Send(bytes.AsSpan(i, Math.Min(piece, bytes.Length - i)));
            }
        }

        Assert.That(ReadAll(stream), Is.EqualTo(new[] { 1L, 2L }));
        Assert.That(source.Statistics.Truncated, Is.EqualTo(1));
        Assert.That(source.Statistics.SkippedBytes, Is.Zero);
    }

    [Test]
    public void Sender_waits_while_the_ring_is_full_and_nothing_is_lost()
    {
        const int Heaps = 100;
        const int HeapBytes = 200_000;
        using ReceiveStream stream = new(new() { RingHeaps = 1 });
        PacketSource source = stream.Add(Loopback);
        Task sending = Task.Run(() =>
        {
            using Socket sender = Connect(source.Port);
            for (int cnt = 1; cnt <= Heaps; cnt++)
            {
                sender.Send(Packets.Concatenate(Packets.OfHeap((ulong)cnt, HeapBytes)));
            }
        });
        Poll.Until(() => source.Statistics.Blocked != 0, "the ring is full");
        Assert.That(source.Statistics.Bytes, Is.LessThan(4 * HeapBytes));

        for (int cnt = 1; cnt <= Heaps; cnt++)
        {
            using Heap heap = stream.Read();
            Assert.That(heap.Cnt, Is.EqualTo(cnt));
            Assert.That(heap.Payload.Span.SequenceEqual(Packets.Content((ulong)cnt, HeapBytes)), Is.True);
        }

        sending.Wait();
        Assert.That(ReadAll(stream), Is.Empty);
    }

    [Test]
    public void Connection_that_is_reset_ends_the_stream()
    {
        using ReceiveStream stream = new();
        PacketSource source = stream.Add(Loopback);
        Socket sender = Connect(source.Port);
        sender.Send(BytesOf("P1 5304"));
        Poll.Until(() => source.Statistics.Bytes == PacketBytes + 2, "all has come");
        sender.LingerState = new(enable: true, seconds: 0);
        sender.Dispose();

        Assert.That(ReadAll(stream), Is.EqualTo(new[] { 1L }));
        Assert.That(source.Statistics.Errors, Is.EqualTo(1));
        Assert.That(source.Statistics.UnfinishedBytes, Is.EqualTo(2));
    }

    [Test]
    public void Source_that_reaccepts_goes_on_with_the_next_connection()
    {
        using ReceiveStream stream = new();
        PacketSource source = stream.Add(new TcpSourceOptions { Host = "127.0.0.1", Reaccept = true });
        string[] connections =
        [
            "P1",
            "P2 5304030500000005 8000010000000009 8000020000000010 8000030000000000 8000040000000010 0010000000000000 0001",
            "P3 00",
        ];
        for (int i = 0; i < connections.Length; i++)
        {
            using Socket sender = Connect(source.Port);
            sender.Send(BytesOf(connections[i]));
            sender.Shutdown(SocketShutdown.Both);
            using Heap heap = stream.Read();
            Assert.That(heap.Cnt, Is.EqualTo(i + 1));
        }

        Poll.Until(() => source.Statistics.SkippedBytes == 1, "the last connection has ended");
        Assert.That(source.Statistics.Connections, Is.EqualTo(3));
        Assert.That(source.Statistics.UnfinishedBytes, Is.EqualTo(50));
        Assert.That(source.State, Is.EqualTo(SourceState.Running));
        stream.Stop();
        Assert.That(() => Connect(source.Port), Throws.InstanceOf<SocketException>());
    }

    [Test]
    public void Second_connection_is_refused()
    {
        using ReceiveStream stream = new();
        PacketSource source = stream.Add(Loopback);
        using Socket sender = Connect(source.Port);
        Poll.Until(() => source.Statistics.Connections == 1, "accepted");

        Assert.That(
            Assert.Throws<SocketException>(() => Connect(source.Port))!.SocketErrorCode,
            Is.EqualTo(SocketError.ConnectionRefused));
    }

    [Test]
    public void Unstarted_stream_listens_but_accepts_at_its_start()
    {
        using ReceiveStream stream = new(new() { ExplicitStart = true });
        PacketSource source = stream.Add(Loopback);
        using (Socket sender = Connect(source.Port))
        {
            sender.Send(BytesOf("P1"));
            Assert.That(source.Statistics.Connections, Is.Zero);
            Assert.That(source.State, Is.EqualTo(SourceState.Unstarted));
            stream.Start();
        }

        Assert.That(ReadAll(stream), Is.EqualTo(new[] { 1L }));
    }

    [Test]
    public void Source_connects_to_a_sender_that_listens()
    {
        using Socket listener = Listen();
        IPEndPoint endPoint = (IPEndPoint)listener.LocalEndPoint!;
        using ReceiveStream stream = new();
        PacketSource source = stream.Add(new TcpSourceOptions { Host = "127.0.0.1", Port = endPoint.Port, Connect = true });
        using (Socket sender = listener.Accept())
        {
            sender.Send(BytesOf("P1 P2"));
        }

        Assert.That(ReadAll(stream), Is.EqualTo(new[] { 1L, 2L }));
        Assert.That(source.Kind, Is.EqualTo(SourceKind.Tcp));
        Assert.That(source.Statistics.LastSender, Is.EqualTo(endPoint));
    }

    // Which of the two it is depends on when the other host answers.
    [Test]
    public void Connection_that_nobody_accepts_is_an_error()
    {
        int port;
        using (Socket listener = Listen())
        {
            port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        }

        using ReceiveStream stream = new();
        try
        {
            PacketSource source = stream.Add(new TcpSourceOptions { Host = "127.0.0.1", Port = port, Connect = true });
            Assert.That(ReadAll(stream), Is.Empty);
            Assert.That(source.Statistics.Errors, Is.EqualTo(1));
        }
        catch (Spead2Exception exception)
        {
            Assert.That(exception.Status, Is.EqualTo(Spead2Status.OperatingSystem));
            Assert.That(exception.Message, Does.Contain("connect to TCP port"));
        }
    }

    [Test]
    public void Sockets_of_the_user_are_used([Values] bool listens)
    {
        using Socket listener = Listen();
        using Socket sender = Connect(((IPEndPoint)listener.LocalEndPoint!).Port);
        using Socket connected = listens ? sender : listener.Accept();
        using ReceiveStream stream = new();
        PacketSource source = stream.Add(new TcpSourceOptions { Socket = listens ? listener : connected });
        sender.Send(BytesOf("P1"));
        sender.Shutdown(SocketShutdown.Send);

        Assert.That(ReadAll(stream), Is.EqualTo(new[] { 1L }));
        Assert.That(source.Port, Is.EqualTo(((IPEndPoint)listener.LocalEndPoint!).Port));
    }

    [Test]
    public void Socket_that_neither_listens_nor_is_connected_is_refused()
    {
        using Socket idle = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using ReceiveStream stream = new();

        Spead2Exception exception =
            Assert.Throws<Spead2Exception>(() => stream.Add(new TcpSourceOptions { Socket = idle }))!;
        Assert.That(exception.Status, Is.EqualTo(Spead2Status.InvalidArgument));
        Assert.That(exception.Message, Does.Contain("not one for TCP that listens or is connected"));
    }

    [Test]
    public void Connected_socket_cannot_reaccept()
    {
        using Socket listener = Listen();
        using Socket sender = Connect(((IPEndPoint)listener.LocalEndPoint!).Port);
        using ReceiveStream stream = new();

        Assert.That(
            Assert.Throws<Spead2Exception>(
                () => stream.Add(new TcpSourceOptions { Socket = sender, Reaccept = true }))!.Message,
            Does.Contain("does not listen"));
    }

    [Test]
    public void Port_in_use_and_unknown_host_are_refused()
    {
        using Socket listener = Listen();
        using ReceiveStream stream = new();

        Assert.That(
            Assert.Throws<Spead2Exception>(() => stream.AddTcpReader(
                ((IPEndPoint)listener.LocalEndPoint!).Port, "127.0.0.1"))!.Message,
            Does.Contain("cannot bind to TCP port"));
        Assert.That(
            Assert.Throws<Spead2Exception>(() => stream.AddTcpReader(0, "no.such.host.invalid"))!.Status,
            Is.EqualTo(Spead2Status.InvalidAddress));
    }

    [Test]
    public void Source_of_a_stopped_stream_has_ended()
    {
        using ReceiveStream stream = new();
        stream.Stop();
        PacketSource source = stream.Add(Loopback);

        Assert.That(source.State, Is.EqualTo(SourceState.Ended));
        Assert.That(source.Port, Is.Zero);
    }

    private static Socket Listen()
    {
        Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        return listener;
    }

    private static Socket Connect(int port)
    {
        Socket sender = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            sender.Connect(IPAddress.Loopback, port);
            return sender;
        }
        catch
        {
            sender.Dispose();
            throw;
        }
    }

    private static long[] ReadAll(ReceiveStream stream)
    {
        List<long> cnts = [];
        while (stream.TryRead(out Heap? heap, Timeout.InfiniteTimeSpan))
        {
            using (heap)
            {
                cnts.Add((long)heap.Cnt);
            }
        }

        return [.. cnts];
    }

    private static byte[] BytesOf(string words) =>
        [.. words.Split(' ').SelectMany(word => word[0] == 'P' ? PacketOf(word[1]) : Convert.FromHexString(word))];

    private static byte[] PacketOf(char cnt) => Convert.FromHexString(
        $"5304030500000005800001000000000{cnt}80000200000000108000030000000000800004000000001000100000000000" +
        "00000102030405060708090a0b0c0d0e0f");
}
