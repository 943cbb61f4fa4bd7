// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Managed.Tests;

/// <summary>What receiving costs the garbage collector, once a stream runs.</summary>
[NonParallelizable]
public sealed class AllocationTests
{
    private const int BytesPerHeap = 150;

    // What the runtime and the test framework may allocate meanwhile.
    private const long Slack = 128 << 10;

    [Test]
    public void Million_packets_cost_garbage_for_their_heaps_only([Values] bool reversed)
    {
        const int PacketsPerHeap = 1024;
        const int Heaps = 1_000_000 / PacketsPerHeap;

        Assert.That(Receive(Heaps, PacketsPerHeap, reversed), Is.LessThan(Heaps * BytesPerHeap + Slack));
    }

    [Test]
    public void Heap_of_one_packet_costs_little_garbage()
    {
        const int Heaps = 100_000;

        Assert.That(Receive(Heaps, packetsPerHeap: 1, reversed: false), Is.LessThan(Heaps * BytesPerHeap + Slack));
    }

    /// <summary>Receives heaps that were received once before; gives the bytes that all threads have allocated.</summary>
    private static long Receive(int heapCount, int packetsPerHeap, bool reversed)
    {
        const int PayloadSize = 64;
        ReadOnlyMemory<byte>[] heap =
            [.. Enumerable.Range(0, packetsPerHeap).Select(i => Packet(i, packetsPerHeap, PayloadSize))];
        if (reversed)
        {
            Array.Reverse(heap);
        }

        ReadOnlyMemory<byte>[] packets = [.. Enumerable.Repeat(heap, heapCount).SelectMany(packet => packet)];
        using IoThreadPool pool = new();
        ReadAll(packets[..(packetsPerHeap * Math.Min(heapCount, 100))], pool);
        return ReadAll(packets, pool);
    }

    private static long ReadAll(ReadOnlyMemory<byte>[] packets, IoThreadPool pool)
    {
        using ManagedReceiveStream stream = new(new ReceiveStreamOptions { ExplicitStart = true }, pool: pool);
        stream.AddDatagramReader(packets);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        stream.Start();
        while (stream.TryRead(out Heap? heap, Timeout.InfiniteTimeSpan))
        {
            heap.Dispose();
        }

        return GC.GetTotalAllocatedBytes(precise: true) - before;
    }

    private static ReadOnlyMemory<byte> Packet(int index, int packetsPerHeap, int payloadSize)
    {
        string length = $"{packetsPerHeap * payloadSize:x12}";
        string header = "5304020600000004" + "8001000000000001" + $"8002{length}" +
            $"8003{index * payloadSize:x12}" + $"8004{payloadSize:x12}";
        return (byte[])[.. Convert.FromHexString(header), .. new byte[payloadSize]];
    }
}
