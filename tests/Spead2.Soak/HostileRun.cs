// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Spead2.Receive;
using Spead2.Soak.Receiving;
using Spead2.Soak.Resources;
using Spead2.Soak.Sending;

namespace Spead2.Soak;

/// <summary>
/// A hostile sender at full speed beside a good one that is slower, each to a port of its own of one stream: what the
/// good one sends arrives, memory and log stay bounded.
/// </summary>
/// <remarks>
/// To a port of its own, because a sender that is fast enough fills any socket, and the kernel then drops what comes
/// next, whoever sent it.
/// </remarks>
internal static class HostileRun
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(5);
    private const int BufferSize = 4 << 20;

    /// <summary>Runs for the time that is asked for.</summary>
    public static HostileResult Run(HostileSettings settings, CancellationToken cancellation)
    {
        CountingLogger logger = new();
        using ReceiverSocket goodSocket = new(BufferSize);
        using ReceiverSocket hostileSocket = new(BufferSize);
        using GoodTraffic good = new(goodSocket.Port, settings.BytesPerSecond);
        using HostileTraffic hostile = new(hostileSocket.Port, 0, settings.Seed, settings.MaxHeapSize);
        long residentBefore = ProcessMemory.ResidentBytes();
        EngineMemory before = EngineMemory.Of(settings.Engine);
        long start = Stopwatch.GetTimestamp();
        using IReceiveStream stream = settings.Engine.Open(
            new ReceiveStreamOptions
            {
                MaxHeaps = settings.MaxHeaps,
                RingHeaps = settings.RingHeaps,
                MaxHeapSize = settings.MaxHeapSize,
                StopOnStopItem = false,
            },
            logger);
        stream.AddUdpReader(new UdpSourceOptions { Socket = goodSocket.Socket });
        stream.AddUdpReader(new UdpSourceOptions { Socket = hostileSocket.Socket });
        Consumer consumer = new(stream, way: 0, pause: TimeSpan.Zero);
        good.Resume();
        hostile.Resume();
        long mostUsed = 0;
        long mostCached = 0;
        long mostResident = 0;
        while (Stopwatch.GetElapsedTime(start) < settings.Time && !cancellation.IsCancellationRequested)
        {
            Thread.Sleep(Tick);
            EngineMemory memory = EngineMemory.Of(settings.Engine);
            mostUsed = Math.Max(mostUsed, memory.Used - before.Used);
            mostCached = Math.Max(mostCached, memory.Cached);
            mostResident = Math.Max(mostResident, ProcessMemory.ResidentBytes());
        }

        hostile.Pause();
        good.Pause();
        long waiting = Stopwatch.GetTimestamp();
        while (!(goodSocket.IsEmpty && hostileSocket.IsEmpty) && Stopwatch.GetElapsedTime(waiting) < Deadline)
        {
            Thread.Sleep(1);
        }

        stream.Stop();
        consumer.Join(Deadline);
        StreamStatistics statistics = stream.Statistics;
        Sums sums = new();
        sums.Add(statistics, consumer);
        return new HostileResult
        {
            Settings = settings,
            Time = Stopwatch.GetElapsedTime(start),
            HostileDatagrams = hostile.Datagrams,
            HostileDropped = hostileSocket.CountDrops(),
            SmallHeaps = good.SmallHeaps,
            SmallArrived = consumer.RightOdd,
            LargerHeaps = good.LargerHeaps,
            LargerArrived = consumer.Right - consumer.RightOdd,
            MostUsed = mostUsed,
            MostCached = mostCached,
            MostGrowth = mostResident - residentBefore,
            Messages = logger.Messages,
            Received = sums,
            Identities =
            [
                new(
                    "sent = received + dropped by the kernel + left in the sockets",
                    good.Datagrams + hostile.Datagrams,
                    sums.Received + statistics.KernelDropMessages + goodSocket.Drain() + hostileSocket.Drain()),
                .. Audit.OfStream(statistics, consumer),
                new("good heaps of one packet = those that arrived", good.SmallHeaps, consumer.RightOdd),
                new("good datagrams dropped by the kernel = 0", goodSocket.CountDrops(), 0),
            ],
        };
    }
}
