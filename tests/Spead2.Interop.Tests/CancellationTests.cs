// SPDX-License-Identifier: MIT

using System.Net;
using Spead2.Receive;

namespace Spead2.Interop.Tests;

/// <summary>Reads of every kind, cancelled at random, and heaps: each heap goes to one read, in order.</summary>
public sealed class CancellationTests
{
    private const int Rounds = 20;
    private const int HeapCount = 300;

    [Test]
    public async Task Random_cancellations_lose_no_heap_and_keep_the_order()
    {
        Random random = Seeded.Random();
        for (int round = 0; round < Rounds; round++)
        {
            await RunRound(random.Next());
        }
    }

    [Test]
    public async Task Random_cancellations_by_another_thread_lose_no_heap_and_keep_the_order()
    {
        Random random = Seeded.Random();
        for (int round = 0; round < Rounds; round++)
        {
            await RunConcurrentRound(random.Next());
        }
    }

    /// <summary>Each heap is sent when it is known which read gets it.</summary>
    private static async Task RunRound(int seed)
    {
        Random random = new(seed);
        using ReceiveStream stream = new(new ReceiveStreamOptions { RingHeaps = HeapCount });
        using UdpSender sender = new(stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0)));
        List<(Task<Heap> Read, CancellationTokenSource Source)> inFlight = [];
        List<ulong> cnts = [];
        ulong sent = 0;
        while (sent < HeapCount || inFlight.Count > 0)
        {
            switch (random.Next(4))
            {
                case 0 or 1 when inFlight.Count < 10 && sent < HeapCount:
                    CancellationTokenSource source = new();
                    inFlight.Add((stream.ReadAsync(source.Token).AsTask(), source));
                    break;
                case 2 when inFlight.Count > 0:
                    int victim = random.Next(inFlight.Count);
                    await inFlight[victim].Source.CancelAsync();
                    await Finish(inFlight[victim], cnts, mayBeCancelled: true);
                    inFlight.RemoveAt(victim);
                    break;
                case 3 when inFlight.Count > 0 && sent < HeapCount:
                    sender.Send(Packets.OfHeap(++sent));
                    await Finish(inFlight[0], cnts, mayBeCancelled: false);
                    inFlight.RemoveAt(0);
                    break;
                default:
                    break;
            }
        }

        Assert.That(cnts, Is.EqualTo(Enumerable.Range(1, HeapCount)));
    }

    /// <summary>Several threads read while another cancels and heaps arrive.</summary>
    private static async Task RunConcurrentRound(int seed)
    {
        const int ReaderCount = 3;
        using ReceiveStream stream = new(new ReceiveStreamOptions { RingHeaps = HeapCount });
        using UdpSender sender = new(stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0)));
        Task<List<ulong>>[] readers =
            [.. Enumerable.Range(0, ReaderCount).Select(reader => Task.Run(() => ReadAll(stream, new(seed + reader))))];
        for (ulong cnt = 1; cnt <= HeapCount; cnt++)
        {
            sender.Send(Packets.OfHeap(cnt));
            Thread.Yield();
        }

        Poll.Until(() => stream.Statistics.Heaps == HeapCount, "every heap has arrived");
        stream.Stop();
        List<ulong>[] shares = await Task.WhenAll(readers).WaitAsync(Poll.Deadline);
        Assert.That(shares, Is.All.Ordered);
        Assert.That(
            shares.SelectMany(share => share).Order(), Is.EqualTo(Enumerable.Range(1, HeapCount)), $"Seed {seed}.");
    }

    private static async Task<List<ulong>> ReadAll(ReceiveStream stream, Random random)
    {
        List<ulong> cnts = [];
        while (true)
        {
            using CancellationTokenSource source = new();
            bool blocks = random.Next(2) == 0;
            Task<Heap> read = blocks
                ? Task.Run(() => stream.Read(source.Token))
                : stream.ReadAsync(source.Token).AsTask();
            Thread.SpinWait(random.Next(500));
            _ = Task.Run(source.Cancel);
            try
            {
                using Heap heap = await read;
                cnts.Add(heap.Cnt);
            }
            catch (OperationCanceledException)
            {
                // No heap yet.
            }
            catch (StreamStoppedException)
            {
                return cnts;
            }
        }
    }

    private static async Task Finish(
        (Task<Heap> Read, CancellationTokenSource Source) read, List<ulong> cnts, bool mayBeCancelled)
    {
        try
        {
            using Heap heap = await read.Read.WaitAsync(Poll.Deadline);
            cnts.Add(heap.Cnt);
        }
        catch (OperationCanceledException) when (mayBeCancelled)
        {
            // So it should.
        }
        finally
        {
            read.Source.Dispose();
        }
    }
}
