// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Spead2.Managed;
using Spead2.Receive;
using Spead2.Send;

namespace Spead2.Benchmarks;

/// <summary>
/// The managed port in a fresh process, compiled as it runs: its first heap, from making a pool to giving the heap
/// back, and what a call costs later. The counterpart of native/bench/bench_api.c.
/// </summary>
internal static class StartBenchmark
{
    private const int HeapSize = 1024;
    private const int PacketSize = 1472;
    private const int Rounds = 41;
    private const int Calls = 100_000;
    private const double NanosecondsPerMicrosecond = 1000;

    /// <summary>Measures; to be the first thing that the process does.</summary>
    public static void Run(RowPrinter printer)
    {
        byte[] packet = new byte[PacketSize];
        HeapToSend data = new();
        data.AddItem(0x1000, new byte[HeapSize], allowImmediate: false);
        PacketEncoder encoder = new(default, PacketSize);
        encoder.Begin(data, 1);
        int length = encoder.Write(packet);

        long start = Stopwatch.GetTimestamp();
        using IoThreadPool pool = new();
        using ManagedReceiveStream stream = new(pool: pool);
        stream.AddBufferReader(packet.AsMemory(0, length));
        stream.Read().Dispose();
        double firstHeap = Stopwatch.GetElapsedTime(start).TotalNanoseconds;

        // Those of the managed port; the runtime comes on top.
        long size = new[] { typeof(ManagedReceiveStream), typeof(Heap) }.Sum(type => new FileInfo(type.Assembly.Location).Length);
        printer.Print(Row.Of(
            ("bench", "api"), ("method", "managed"), ("size", size), ("first_heap_us", firstHeap / NanosecondsPerMicrosecond)));

        Spread call = Spread.Quartiles([.. Enumerable.Range(0, Rounds).Select(_ => Call(stream))]);
        printer.Print(Row.Of(
            ("bench", "api"), ("method", "managed"), ("call", "sp2_receive_stream_get_stop_on_stop_item"),
            ("ns", call.Median), ("q1", call.Least), ("q3", call.Most)));
    }

    private static double Call(ManagedReceiveStream stream)
    {
        long start = Stopwatch.GetTimestamp();
        int stops = 0;
        for (int i = 0; i < Calls; i++)
        {
            stops += stream.StopOnStopItem ? 1 : 0;
        }

        return stops is 0 or Calls
            ? Stopwatch.GetElapsedTime(start).TotalNanoseconds / Calls
            : throw new InvalidOperationException("The property changed.");
    }
}
