// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Spead2.Receive;
using Spead2.Send;
using Spead2.Tools.Output;

namespace Spead2.Tools.Bench;

/// <summary>
/// `spead2 bench memory`: how fast heaps are made of packets in memory, without a network, beside plain copies of the same
/// payload in the same run, in turns.
/// </summary>
internal sealed class MemoryBench(BenchSettings settings, Terminal terminal)
{
    // Several times the cache of a processor, so that packets come from memory as those of a network card do.
    private const long Bytes = 256 << 20;

    private readonly List<int> _lengths = [];
    private readonly List<double> _received = [];
    private readonly List<double> _copied = [];
    private readonly List<double> _ratios = [];

    /// <summary>Runs the passes and shows the medians.</summary>
    /// <returns>The process's exit code.</returns>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        long heaps = Math.Max(Bytes / settings.HeapSize, 1);
        byte[] packets = Encode(heaps);
        byte[] destination = GC.AllocateUninitializedArray<byte>(settings.HeapSize, pinned: true);
        for (int pass = 0; pass <= settings.Passes; pass++)
        {
            cancellation.ThrowIfCancellationRequested();
            double received = await ReceiveAsync(packets, heaps);
            double copied = Copy(packets, destination);

            // The first pass warms up.
            if (pass > 0)
            {
                _received.Add(received);
                _copied.Add(copied);
                _ratios.Add(received / copied);
            }
        }

        Report(packets.Length, heaps);
        return ExitCode.Success;
    }

    private byte[] Encode(long heaps)
    {
        PacketEncoder encoder = new(default, settings.PacketSize);
        byte[] content = new byte[settings.HeapSize];
        byte[] packet = new byte[settings.PacketSize];
        using MemoryStream all = new();
        for (long cnt = 1; cnt <= heaps; cnt++)
        {
            HeapContent.Fill(content, (ulong)cnt);
            HeapToSend heap = new();
            heap.AddItem(HeapContent.DataId, content, allowImmediate: false);
            encoder.Begin(heap, (ulong)cnt);
            while (!encoder.IsFinished)
            {
                int length = encoder.Write(packet);
                all.Write(packet, 0, length);
                if (all.Length > Array.MaxLength - settings.PacketSize)
                {
                    throw new UserErrorException($"A heap of {settings.HeapSize} bytes is too large to keep in memory.");
                }

                _lengths.Add(length);
            }
        }

        return all.ToArray();
    }

    private async Task<double> ReceiveAsync(byte[] packets, long heaps)
    {
        using IReceiveStream stream = settings.Engine.Open(
            new ReceiveStreamOptions { ExplicitStart = true }, new TerminalLogger(terminal, LogLevel.Warning));
        stream.Add(new BufferSourceOptions { Packets = packets });
        long start = Stopwatch.GetTimestamp();
        stream.Start();
        long count = 0;
        Heap[] batch = new Heap[ReceiveStreamOptions.DefaultRingHeaps];
        while (await stream.ReadBatchAsync(batch) is int read and > 0)
        {
            for (int i = 0; i < read; i++)
            {
                count += batch[i].IsComplete ? 1 : 0;
                batch[i].Dispose();
            }
        }

        double nanoseconds = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
        return count == heaps
            ? nanoseconds / _lengths.Count
            : throw new UserErrorException($"{count} of {heaps} heaps were received from memory.");
    }

    /// <summary>Copies every packet into memory for a heap, one after the other.</summary>
    private double Copy(byte[] packets, byte[] destination)
    {
        long start = Stopwatch.GetTimestamp();
        int from = 0;
        int to = 0;
        foreach (int length in _lengths)
        {
            int copied = Math.Min(length, destination.Length);
            to = to + copied > destination.Length ? 0 : to;
            packets.AsSpan(from, copied).CopyTo(destination.AsSpan(to));
            from += length;
            to += copied;
        }

        return Stopwatch.GetElapsedTime(start).TotalNanoseconds / _lengths.Count;
    }

    private void Report(long bytes, long heaps)
    {
        double bitsPerPacket = bytes * 8.0 / _lengths.Count;
        if (settings.Json)
        {
            using JsonLines lines = new(terminal.Output);
            Utf8JsonWriter json = lines.Json;
            json.WriteStartObject();
            json.WriteNumber("heaps", heaps);
            json.WriteNumber("packets", _lengths.Count);
            json.WriteNumber("bytes", bytes);
            json.WriteNumber("passes", settings.Passes);
            Write(json, "nanoseconds_per_packet", _received);
            Write(json, "memcpy_nanoseconds_per_packet", _copied);
            Write(json, "times_memcpy", _ratios);
            json.WriteNumber("gigabits_per_second", bitsPerPacket / Median.Of(_received));
            json.WriteEndObject();
            lines.EndLine();
            lines.Flush();
            return;
        }

        TextTable table = new TextTable(
                $"{Readable.Number(heaps)} heaps of {Readable.Bytes(settings.HeapSize)} from memory, {settings.Passes} passes")
            .AddColumn("")
            .AddColumn("median", isRight: true)
            .AddColumn("least", isRight: true)
            .AddColumn("most", isRight: true);
        AddRow(table, "received, ns per packet", _received);
        AddRow(table, "copied by memcpy, ns per packet", _copied);
        AddRow(table, "times memcpy", _ratios);
        terminal.Write(table);
        terminal.WriteLine(FormattableString.Invariant($"{bitsPerPacket / Median.Of(_received):0.00} Gb/s of packets."));
    }

    private static void Write(Utf8JsonWriter json, string name, List<double> values)
    {
        json.WriteStartObject(name);
        json.WriteNumber("median", Median.Of(values));
        json.WriteNumber("min", values.Min());
        json.WriteNumber("max", values.Max());
        json.WriteEndObject();
    }

    private static void AddRow(TextTable table, string name, List<double> values) =>
        table.AddRow(name, Number(Median.Of(values)), Number(values.Min()), Number(values.Max()));

    private static string Number(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);
}
