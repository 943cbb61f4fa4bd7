// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Receive;

namespace Spead2.Managed.Tests;

/// <summary>
/// Heaps that arrive on several sockets of one stream: who is read first must not decide which heaps are evicted.
/// </summary>
public sealed class SeveralSocketsTests
{
    private const int Sockets = 4;
    private const int Heaps = 2000;
    private const int HeapsPerSecond = 3000;
    private const int HeapSize = 8 * 1000;

    // Of payload 1,000 bytes in the first packet, which has one more pointer, and 1,008 in the others.
    private const int MaxPacketSize = 1048;
    private const int HeapsPerNap = 50;

    private static readonly TimeSpan Nap = TimeSpan.FromMilliseconds(20);

    [Test]
    public void Stuttering_consumer_of_four_sockets_evicts_nothing([Values(1, 4)] int threads)
    {
        using IoThreadPool pool = new(threads);
        using ManagedReceiveStream stream = new(logger: NullLogger.Instance, pool: pool);
        UdpSender[] senders = [.. Enumerable.Range(0, Sockets).Select(
            _ => new UdpSender(stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0))))];
        IReadOnlyList<ReadOnlyMemory<byte>>[] heaps = [.. Enumerable.Range(1, Heaps).Select(
            cnt => Packets.OfHeap((ulong)cnt, HeapSize, MaxPacketSize))];
        Task sending = Task.Factory.StartNew(() => Send(senders, heaps), TaskCreationOptions.LongRunning);
        int received = 0;
        while (received < Heaps && stream.TryRead(out Heap? heap, Poll.Deadline))
        {
            heap.Dispose();
            if (++received % HeapsPerNap == 0)
            {
                Thread.Sleep(Nap);
            }
        }

        sending.Wait();
        Array.ForEach(senders, sender => sender.Dispose());
        StreamStatistics statistics = stream.Statistics;
        Assert.That(
            (received, statistics.IncompleteHeapsEvicted, statistics.KernelDropMessages), Is.EqualTo((Heaps, 0, 0)));
        Assert.That(statistics.WorkerBlocked, Is.Not.Zero, "The ring was never full.");
    }

    private static void Send(UdpSender[] senders, IReadOnlyList<ReadOnlyMemory<byte>>[] heaps)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < heaps.Length; i++)
        {
            while (Stopwatch.GetElapsedTime(start).TotalSeconds * HeapsPerSecond < i)
            {
                Thread.SpinWait(100);
            }

            senders[i % Sockets].Send(heaps[i]);
        }
    }
}
