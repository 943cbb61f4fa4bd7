// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Chunks;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

public sealed class SharedPortTests
{
    private const int Heaps = 600;
    private const string Interface = "127.0.0.1";

    // Five packets of a heap, all of one size, so that the kernel can cut those of several heaps out of one message.
    private const int PacketSize = 1048;
    private const int HeapSize = 5032;

    // That are under way at most, for sockets with small buffers.
    private const int Window = 100;
    private const int MostSegments = 60;
    private const int UdpLevel = 17;
    private const int UdpSegment = 103;

    [Test]
    public async Task Heaps_of_a_shared_port_are_whole([Values(1, 2, 4)] int count, [Values] bool multicast, [Values] bool segments)
    {
        ReceiveStream[] streams = Open(count);
        IReadOnlyList<PacketSource> sources = streams.AddShared(OptionsOf(multicast));
        Task<ulong[]>[] readers = [.. streams.Select(ReadAllAsync)];
        Send(streams, sources[0], multicast, segments);
        ulong[][] cnts = await Task.WhenAll(readers);

        Assert.That(cnts.SelectMany(heaps => heaps).Order(), Is.EqualTo(Enumerable.Range(1, Heaps).Select(cnt => (ulong)cnt)));
        Assert.That(cnts, Has.All.Not.Empty);
        Assert.That(streams.Sum(stream => stream.Statistics.IncompleteHeapsEvicted), Is.Zero);
        Assert.That(streams.Sum(stream => stream.Statistics.KernelDropMessages), Is.Zero);
        Assert.That(
            sources.Sum(source => source.Statistics.Datagrams), Is.EqualTo(streams.Sum(stream => stream.Statistics.Packets)));
        Array.ForEach(streams, stream => stream.Dispose());
    }

    [Test]
    public async Task Heaps_that_one_socket_gets_are_handed_over()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        ReceiveStream[] streams = Open(3);
        UdpSourceOptions options = OptionsOf(multicast: false);
        options.Socket = socket;
        IReadOnlyList<PacketSource> sources = streams.AddShared(options);
        Task<ulong[]>[] readers = [.. streams.Select(ReadAllAsync)];
        Send(streams, sources[0], multicast: false, segments: false);
        ulong[][] cnts = await Task.WhenAll(readers);

        Assert.That(cnts.Sum(heaps => heaps.Length), Is.EqualTo(Heaps));
        Assert.That(cnts, Has.All.Not.Empty);
        Assert.That(sources.Skip(1).Select(source => source.Statistics.Datagrams), Has.All.Zero);
        Array.ForEach(streams, stream => stream.Dispose());
    }

    [Test]
    public void Chunks_of_a_shared_port_have_all_heaps([Values] bool segments)
    {
        const int HeapsPerChunk = 50;
        ChunkLayout layout = new()
        {
            HeapSize = HeapSize,
            Axes = [new ChunkAxis { ItemId = 1, Count = HeapsPerChunk }],
            Origin = 1,
        };
        ChunkGroupOptions options = ChunkGroupOptions.For(layout);
        options.Members = 3;
        options.Eviction = ChunkEviction.Lossless;
        using ChunkGroup group = new(options);
        ReceiveStreamBase[] streams =
            [.. Enumerable.Range(0, 3).Select(_ => group.AddStream(new ChunkOptions { Layout = layout }))];
        PacketSource source = streams.AddShared(OptionsOf(multicast: false))[0];
        Task sending = Task.Run(() => Send(streams, source, multicast: false, segments));
        int present = 0;
        foreach (Chunk chunk in group.ReadAll())
        {
            present += chunk.PresentCount;
            chunk.Dispose();
        }

        sending.Wait();
        Assert.That(present, Is.EqualTo(Heaps));
        Assert.That(streams.Sum(stream => stream.Statistics.TooOldHeaps), Is.Zero);
        Array.ForEach(streams, stream => stream.Dispose());
    }

    [Test]
    public void Streams_that_cannot_share_a_port_are_refused()
    {
        using ReceiveStream stream = new(logger: NullLogger.Instance);
        using ReceiveStream inOrder = new(new ReceiveStreamOptions { AllowOutOfOrder = false }, NullLogger.Instance);
        UdpSourceOptions options = OptionsOf(multicast: false);

        Assert.That(() => Array.Empty<ReceiveStream>().AddShared(options), Throws.ArgumentException);
        Assert.That(() => new[] { stream, stream }.AddShared(options), Throws.ArgumentException.With.Message.Contains("twice"));
        Assert.That(
            () => new[] { stream, inOrder }.AddShared(options),
            Throws.ArgumentException.With.Message.Contains(nameof(ReceiveStreamOptions.AllowOutOfOrder)));
        Assert.That(
            () => Enumerable.Repeat(stream, UdpSourceOptions.MostStreams + 1).ToArray().AddShared(options), Throws.ArgumentException);
        Assert.That(new[] { inOrder }.AddShared(options), Has.Count.EqualTo(1));
    }

    private static ReceiveStream[] Open(int count) =>
        [.. Enumerable.Range(0, count).Select(_ => new ReceiveStream(new ReceiveStreamOptions(), NullLogger.Instance))];

    private static UdpSourceOptions OptionsOf(bool multicast) => multicast
        ? new() { Group = GroupOfThisProcess(), InterfaceAddress = Interface }
        : new() { BindHost = Interface };

    private static string GroupOfThisProcess() =>
        $"239.255.{Environment.ProcessId / 250 % 250}.{Environment.ProcessId % 250}";

    private static async Task<ulong[]> ReadAllAsync(ReceiveStream stream)
    {
        List<ulong> cnts = [];
        await foreach (Heap heap in stream.ReadAllAsync())
        {
            using (heap)
            {
                Assert.That(heap.IsComplete);
                Assert.That(heap.Payload.Span.SequenceEqual(Packets.Content(heap.Cnt, HeapSize)), $"content of heap {heap.Cnt}");
                cnts.Add(heap.Cnt);
            }
        }

        return [.. cnts];
    }

    private static void Send(IReadOnlyList<IReceiveStream> streams, PacketSource source, bool multicast, bool segments)
    {
        using Socket sender = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        sender.SetSocketOption(
            SocketOptionLevel.IP, SocketOptionName.MulticastInterface, IPAddress.Parse(Interface).GetAddressBytes());
        sender.Connect(new IPEndPoint(IPAddress.Parse(multicast ? GroupOfThisProcess() : Interface), source.Port));
        int most = segments && OperatingSystem.IsLinux() ? MostSegments : 1;
        if (most > 1)
        {
            sender.SetRawSocketOption(UdpLevel, UdpSegment, BitConverter.GetBytes(PacketSize));
        }

        long sent = 0;
        IEnumerable<ReadOnlyMemory<byte>> packets =
            Enumerable.Range(1, Heaps).SelectMany(cnt => Packets.OfHeap((ulong)cnt, HeapSize, PacketSize));
        foreach (ReadOnlyMemory<byte>[] message in packets.Chunk(most))
        {
            SpinWait.SpinUntil(() => sent - streams.Sum(stream => stream.Statistics.Packets) <= Window);
            sender.Send(Packets.Concatenate(message));
            sent += message.Length;
        }

        sender.Send(Packets.OfStop(Heaps + 1)[0].Span);
    }
}
