// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Spead2.Managed;
using Spead2.Receive;
using Spead2.Send;
using Spead2.Tools;

namespace Spead2.Benchmarks.Udp;

/// <summary>
/// What do the UDP sources of the two engines lose, and what does a GB cost them? Heaps of 1 MiB over loopback with
/// segmentation offload at the sender, engines in turns. The sender has one processor, the receiving thread another; the
/// consumer shares them.
/// </summary>
internal sealed class UdpBenchmark(RowPrinter printer)
{
    private const int SenderCpu = 0;
    private const int ReceiverCpu = 1;
    private const int HeapSize = 1 << 20;
    private const int RingHeaps = 16;

    // What comes before the payload of all packets of a heap but the first: five words of 64 bits.
    private const int HeaderSize = 40;
    private const double BytesPerGigabit = 1e9 / 8;
    private const double GB = 1e9;

    // Well after the last packet.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    private static readonly (string Name, Func<IReceiveStream> NewStream)[] Engines = [("native", Native), ("managed", Managed)];

    /// <summary>Measures rates with packets of one size.</summary>
    public void Run(int payloadSize, IReadOnlyList<double> gigabits, int runs, double seconds)
    {
        foreach ((_, Func<IReceiveStream> newStream) in Engines)
        {
            RunOnce(newStream, payloadSize, gigabits[0], seconds);
        }

        foreach (double rate in gigabits)
        {
            List<UdpRun>[] results = [.. Engines.Select(_ => new List<UdpRun>())];
            for (int run = 0; run < runs; run++)
            {
                Console.Error.WriteLine($"packets of {payloadSize} bytes at {rate} Gb/s: run {run + 1} of {runs}");
                for (int engine = 0; engine < Engines.Length; engine++)
                {
                    results[engine].Add(RunOnce(Engines[engine].NewStream, payloadSize, rate, seconds));
                }
            }

            for (int engine = 0; engine < Engines.Length; engine++)
            {
                Print(Engines[engine].Name, payloadSize, rate, results[engine]);
            }
        }
    }

    private void Print(string engine, int payloadSize, double rate, List<UdpRun> runs)
    {
        Spread cpu = Spread.Extremes(runs.Select(run => run.CpuSecondsPerGB));
        printer.Print(Row.Of(
            ("bench", "udp_engines"),
            ("method", engine),
            ("heap", HeapSize),
            ("payload", payloadSize),
            ("rate_gbps", rate),
            ("sent_gbps", Spread.Extremes(runs.Select(run => run.SentGigabits)).Median),
            ("runs", runs.Count),
            ("loss_free", runs.Count(run => run.Lost == 0)),
            ("packets", runs.Sum(run => run.Packets)),
            ("lost_packets", runs.Sum(run => run.Lost)),
            ("cpu_s_per_gb", cpu.Median),
            ("min", cpu.Least),
            ("max", cpu.Most)));
    }

    private static UdpRun RunOnce(Func<IReceiveStream> newStream, int payloadSize, double gigabits, double seconds)
    {
        using IReceiveStream stream = newStream();
        int port = stream.AddUdpReader(new UdpSourceOptions { BindHost = "127.0.0.1", MaxSize = UdpSourceOptions.LargestDatagram });
        double before = ThreadTimes.Of("bench");
        Task<(SendResult Result, TimeSpan Time)> sending = SendAsync(port, payloadSize, gigabits, seconds);
        while (stream.TryRead(out Heap? heap, Patience) || !sending.IsCompleted)
        {
            heap?.Dispose();
        }

        (SendResult sent, TimeSpan time) = sending.GetAwaiter().GetResult();
        double cpu = ThreadTimes.Of("bench") - before;
        stream.Stop();
        StreamStatistics statistics = stream.Statistics;
        return new(
            sent.Packets,
            sent.Packets - statistics.PacketsAccepted,
            sent.Bytes / BytesPerGigabit / time.TotalSeconds,
            cpu / (statistics.PayloadBytes / GB));
    }

    private static async Task<(SendResult Result, TimeSpan Time)> SendAsync(
        int port, int payloadSize, double gigabits, double seconds)
    {
        double bytesPerSecond = gigabits * BytesPerGigabit;
        int heaps = (int)Math.Max(1, bytesPerSecond * seconds / HeapSize);
        HeapToSend heap = new();
        heap.AddItem(HeapContent.DataId, new byte[HeapSize], allowImmediate: false);
        using IoThreadPool pool = new(affinity: [SenderCpu], name: "sender");
        await using SendStream stream = new(
            new SendStreamOptions
            {
                MaxHeaps = heaps,
                MaxPacketSize = payloadSize + HeaderSize,
                Rate = bytesPerSecond,
            },
            pool: pool);
        stream.Add(new UdpWriterOptions("127.0.0.1", port));
        long start = Stopwatch.GetTimestamp();
        SendResult result = await stream.SendAsync([.. Enumerable.Repeat(new HeapReference(heap), heaps)], GroupMode.Serial);
        TimeSpan time = Stopwatch.GetElapsedTime(start);
        result.ThrowIfFailed();
        return (result, time);
    }

    // A pool for each stream: its thread's time is that of the run.
    private static ReceiveStream Native()
    {
        using IoThreadPool pool = new(affinity: [ReceiverCpu], name: "bench");
        return new ReceiveStream(new ReceiveStreamOptions { RingHeaps = RingHeaps }, pool: pool);
    }

    private static ManagedReceiveStream Managed()
    {
        using IoThreadPool pool = new(affinity: [ReceiverCpu], name: "bench");
        return new ManagedReceiveStream(new ReceiveStreamOptions { RingHeaps = RingHeaps }, pool: pool);
    }
}
