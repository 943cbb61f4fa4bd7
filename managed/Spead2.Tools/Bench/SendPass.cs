// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Spead2.Send;
using Spead2.Tools.Send;

namespace Spead2.Tools.Bench;

/// <summary>What a master sends in one pass.</summary>
internal sealed class SendPass
{
    private const double BitsPerByte = 8;
    private const double Giga = 1e9;

    // Heaps whose bytes are under way: enough to fill calls of the system.
    private const long BytesAtATime = 1 << 20;
    private const long MostHeapsAtATime = 1024;

    // As the two tools of spead2 number and name theirs (spec: A12.1).
    private const long TextItem = 0x1234;
    private const long JsonItem = 0x1000;

    private readonly BenchSettings _settings;
    private readonly UdpWriterOptions _writer;
    private readonly byte[] _content;
    private readonly ReadOnlyMemory<byte> _jsonDescriptor;
    private readonly int _maxHeaps;

    /// <summary>Prepares passes.</summary>
    /// <param name="settings">What is sent.</param>
    /// <param name="writer">Where to.</param>
    public SendPass(BenchSettings settings, UdpWriterOptions writer)
    {
        _settings = settings;
        _writer = writer;
        _content = new byte[settings.HeapSize];
        _jsonDescriptor = DescribeJsonItem(settings.HeapSize);
        _maxHeaps = (int)Math.Clamp(BytesAtATime / settings.HeapSize, SendStreamOptions.DefaultMaxHeaps, MostHeapsAtATime);
    }

    /// <summary>Sends heaps and a stop heap.</summary>
    /// <param name="heaps">How many.</param>
    /// <param name="rate">In Gb/s of packets; 0: as fast as possible.</param>
    /// <param name="bytesPerHeap">Bytes of the packets of a heap; with a rate only.</param>
    /// <param name="logger">Gets the stream's warnings.</param>
    /// <param name="cancellation">Ends it early; the stop heap is sent all the same.</param>
    /// <exception cref="UserErrorException">A packet could not be sent, or an option is refused.</exception>
    public async Task<SendTotals> RunAsync(
        long heaps, double rate, double bytesPerHeap, ILogger logger, CancellationToken cancellation)
    {
        await using ISendStream stream = _settings.Engine.OpenSender(
            new SendStreamOptions
            {
                MaxHeaps = _maxHeaps,
                MaxPacketSize = _settings.PacketSize,
                Rate = rate * Giga / BitsPerByte,
                Pacing = _settings.Pace ? Pacing.Packets : Pacing.Bursts,
            },
            logger);
        stream.Add(_writer);
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        SendResult result = await stream.SendAllAsync(Heaps(heaps, rate == 0 ? 0 : bytesPerHeap * BitsPerByte / rate, cancellation), CancellationToken.None);
        if (!result.IsSuccess)
        {
            throw new UserErrorException(
                $"Packets cannot be sent to {_writer.Destinations[0].Host}: {Sender.ReasonOf(result)}.");
        }

        TimeSpan time = Stopwatch.GetElapsedTime(start);
        cpu = Environment.CpuUsage.TotalTime - cpu;
        HeapToSend end = new();
        end.AddEnd();
        await stream.SendAsync(end, CancellationToken.None);
        return new SendTotals(heaps, result.Packets, result.Bytes, time, cpu);
    }

    private static ReadOnlyMemory<byte> DescribeJsonItem(int size)
    {
        using ItemGroup group = new();
        group.Add(ItemDescriptor.FromNumPy(
            JsonItem, "Test item", "Zeros", new ItemShape(size), ItemType.FromNumPy("|u1")));
        return new HeapGenerator(group, default).Next(ItemSelection.All, ItemSelection.None).Items[0].Data;
    }

    /// <summary>Makes the heaps.</summary>
    /// <param name="count">How many.</param>
    /// <param name="interval">Nanoseconds from one to the next; 0: they are not due at any time.</param>
    /// <param name="cancellation">Ends it early.</param>
#pragma warning disable CS1998 // They are asked for later, but never waited for.
    private async IAsyncEnumerable<HeapToSend> Heaps(
        long count, double interval, [EnumeratorCancellation] CancellationToken cancellation)
#pragma warning restore CS1998
    {
        HeapToSend heap = new();
        long start = Latencies.Now;
        for (long i = 0; i < count && !cancellation.IsCancellationRequested; i++)
        {
            heap.Clear();
            if (_settings.Protocol == Protocol.Json && i == 0)
            {
                heap.AddDescriptor(_jsonDescriptor);
            }

            heap.AddItem(_settings.Protocol == Protocol.Json ? JsonItem : TextItem, _content, allowImmediate: false);
            if (_settings.Protocol == Protocol.Own && interval != 0)
            {
                heap.AddImmediate(ReceivePass.DueItem, Latencies.Encode(start + (long)((i + 1) * interval)));
            }

            yield return heap;
        }
    }
}
