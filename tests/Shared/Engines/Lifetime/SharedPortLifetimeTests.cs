// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Chunks;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>Streams that share a port end in any order, while packets come in and are handed over, and nothing is left.</summary>
[NonParallelizable]
public sealed class SharedPortLifetimeTests
{
    private const int Rounds = 25;
    private const int Streams = 3;
    private const int HeapSize = 5032;
    private const int PacketSize = 1048;
    private const int HeapsPerChunk = 8;

    [Test]
    public async Task Ends_in_any_order_leave_nothing([Values] bool chunks, [Values] bool alone)
    {
        AllocatorCounts counts = new();
        using TestAllocator memory = new(counts);
        ProcessResources before = ProcessResources.Now;
        for (int round = 0; round < Rounds; round++)
        {
            await Live(new Random(round), chunks, alone, memory).WaitAsync(Poll.Deadline);
        }

        // The AOT library was seen to keep one descriptor, of 25 and of 100 rounds: nothing may be kept of each.
        (before with { Descriptors = before.Descriptors + 1 }).AwaitAgain();

        Poll.Until(() => counts.InUse == 0, () => $"freed: {counts.InUse} blocks are in use");
    }

    private static async Task Live(Random random, bool chunks, bool alone, TestAllocator memory)
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        using ChunkGroup? group = chunks ? NewGroup(memory) : null;
        ReceiveStreamBase[] streams = [.. Enumerable.Range(0, Streams).Select(_ => Open(group, memory))];
        IReadOnlyList<PacketSource> sources = streams.AddShared(
            new UdpSourceOptions { BindHost = "127.0.0.1", Socket = alone ? socket : null });
        using CancellationTokenSource end = new();
        Task sender = Task.Run(() => Send(sources[0].Port, end.Token));
        Task[] consumers = group is not null ? [Task.Run(() => Consume(group))] : [.. streams.Select(stream => Task.Run(() => Consume(stream)))];
        Poll.Until(() => streams.Sum(stream => stream.Statistics.Packets) > random.Next(200), "received");

        Action[] ends =
        [
            .. streams.Select(stream => (Action)(random.Next(2) == 0 ? stream.Dispose : () => stream.Stop())),
            .. sources.Select(source => (Action)(() => source.Remove())),
            .. group is null ? (Action[])[] : [() => group.Stop(drain: random.Next(2) == 0)],
        ];
        random.Shuffle(ends);
        int together = random.Next(ends.Length);
        await Task.WhenAll(ends.Take(together).Select(Task.Run));
        Array.ForEach(ends[together..], action => action());
        if (group is null)
        {
            Array.ForEach(streams, stream => stream.Dispose());
        }

        await Task.WhenAll(consumers);
        await end.CancelAsync();
        await sender;
        Array.ForEach(streams, stream => stream.Dispose());
    }

    private static ChunkGroup NewGroup(TestAllocator memory)
    {
        ChunkGroupOptions options = ChunkGroupOptions.For(Layout());
        (options.Members, options.Eviction) = (Streams, ChunkEviction.Lossless);
        options.MemberTimeout = TimeSpan.FromMilliseconds(1);
        return new(options, memory);
    }

    private static ChunkLayout Layout() => new()
    {
        HeapSize = HeapSize,
        Axes = [new ChunkAxis { ItemId = 1, Count = HeapsPerChunk }],
    };

    private static ReceiveStreamBase Open(ChunkGroup? group, TestAllocator memory)
    {
        if (group is not null)
        {
            return group.AddStream(new ChunkOptions { Layout = Layout() }, logger: NullLogger.Instance);
        }

        return new ReceiveStream(new ReceiveStreamOptions(), NullLogger.Instance) { MemoryAllocator = memory };
    }

    /// <summary>Sends heaps until it is told to end; on loopback a port that has been closed refuses them.</summary>
    private static void Send(int port, CancellationToken end)
    {
        using Socket sender = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        IPEndPoint destination = new(IPAddress.Loopback, port);
        for (ulong cnt = 1; !end.IsCancellationRequested; cnt++)
        {
            foreach (ReadOnlyMemory<byte> packet in Packets.OfHeap(cnt, HeapSize, PacketSize))
            {
                sender.SendTo(packet.Span, destination);
            }
        }
    }

    private static void Consume(ChunkGroup group)
    {
        try
        {
            foreach (Chunk chunk in group.ReadAll())
            {
                chunk.Dispose();
            }
        }
        catch (ObjectDisposedException)
        {
            // That ends it, too.
        }
    }

    private static void Consume(ReceiveStreamBase stream)
    {
        try
        {
            while (stream.TryRead(out Heap? heap, Timeout.InfiniteTimeSpan))
            {
                heap.Dispose();
            }
        }
        catch (ObjectDisposedException)
        {
            // That ends it, too.
        }
    }
}
