// SPDX-License-Identifier: MIT

using System.Net;
using Microsoft.Extensions.Logging;
using Spead2.Receive;
using Spead2.Tools.Network;
using Spead2.Tools.Receive;

namespace Spead2.Tools.Bench;

/// <summary>What an agent receives in one pass. Threads: one.</summary>
internal sealed class ReceivePass : IAsyncDisposable
{
    /// <summary>Item whose immediate is the time at which the heap was due, if it has been sent by a rate.</summary>
    public const long DueItem = 0x1601;

    private const int Batch = 64;

    // So long without a packet means that none is on its way any more; on a network it is a thousand times what it takes.
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(200);

    private readonly IReceiveStream _stream;
    private readonly TimeSpan _cpuBefore = Environment.CpuUsage.TotalTime;
    private readonly Latencies _latencies = new();
    private readonly Task _consumer;
    private long _heaps;

    /// <summary>Opens the socket and begins to receive.</summary>
    /// <param name="options">How.</param>
    /// <param name="host">The agent's own address; the options may have another.</param>
    /// <param name="port">The port, unless groups have ports of their own.</param>
    /// <param name="engine">What receives.</param>
    /// <param name="logger">Gets its warnings.</param>
    /// <exception cref="UserErrorException">An option is refused.</exception>
    /// <exception cref="ArgumentException">An option is refused.</exception>
    /// <exception cref="Spead2Exception">The socket cannot be opened.</exception>
    public ReceivePass(AgentOptions options, IPAddress host, int port, ReceiveEngine engine, ILogger logger)
    {
        if (options.Tcp)
        {
            throw new UserErrorException("TCP is not measured; UDP is.");
        }

        _stream = engine.Open(
            new ReceiveStreamOptions
            {
                MaxHeaps = ToInt32(options.ConcurrentHeaps, "concurrent heaps"),
                RingHeaps = ToInt32(options.RingHeaps, "ring heaps"),
                Substreams = ToInt32(options.Substreams, "substreams"),
                Accounting = HeapAccounting.BySubstream,
            },
            logger,
            options.MemoryPool
                ? new(
                    options.MemoryLower,
                    options.MemoryUpper,
                    ToInt32(options.MemoryMaxFree, "free blocks"),
                    ToInt32(options.MemoryInitial, "initial blocks"))
                : null,
            options.NonTemporal ? CopyMethod.NonTemporal : CopyMethod.Auto);
        try
        {
            foreach (UdpSourceOptions source in Sources(options, host, port))
            {
                source.MaxSize = ToInt32(options.Packet, "packet");
                source.BufferSize = options.Buffer;
                _stream.Add(source);
            }
        }
        catch
        {
            _stream.Dispose();
            throw;
        }

        _consumer = Task.Run(ConsumeAsync);
    }

    /// <summary>
    /// Ends the pass: when its stop heap has come, or nothing has for a while.
    /// </summary>
    public async Task<PassReport> FinishAsync()
    {
        long before;
        do
        {
            before = _stream.Statistics["packets"];
            await Task.WhenAny(_consumer, Task.Delay(Silence));
        }
        while (!_consumer.IsCompleted && _stream.Statistics["packets"] != before);

        _stream.Stop();
        await _consumer;
        StreamStatistics statistics = _stream.Statistics;
        return new PassReport
        {
            Heaps = _heaps,
            Packets = statistics["packets"],
            PayloadBytes = statistics["payload_bytes"],
            Cpu = Environment.CpuUsage.TotalTime - _cpuBefore,
            Clock = Latencies.Clock,
            Latencies = _latencies.Count == 0 ? [] : _latencies.AtPercentiles(),
            LatencyHistogram = _latencies.Histogram(),
            Loss = statistics
                .Where(pair => pair.Value != 0 && LossExplanation.Of(pair.Key) is not null)
                .ToDictionary(pair => pair.Key, pair => pair.Value),
        };
    }

    public async ValueTask DisposeAsync()
    {
        _stream.Stop();
        await _consumer;
        await _stream.DisposeAsync();
    }

    private static IEnumerable<UdpSourceOptions> Sources(AgentOptions options, IPAddress host, int port)
    {
        if (options.Multicast.Count == 0)
        {
            yield return new() { Port = port, BindHost = options.Bind.Length == 0 ? host.ToString() : options.Bind };
        }

        foreach (Endpoint group in options.Multicast.Select(text => Endpoint.Parse(text, "multicast")))
        {
            foreach (IPAddress address in group.Addresses)
            {
                yield return new()
                {
                    Port = group.Port,
                    Group = address.ToString(),
                    InterfaceName = group.Interface,
                    InterfaceAddress = options.Bind,
                };
            }
        }
    }

    private static int ToInt32(long value, string what) => value is >= 0 and <= int.MaxValue
        ? (int)value
        : throw new UserErrorException($"The number of {what} cannot be {value}.");

    private async Task ConsumeAsync()
    {
        Heap[] heaps = new Heap[Batch];
        while (await _stream.ReadBatchAsync(heaps) is int count and > 0)
        {
            long now = Latencies.Now;
            for (int i = 0; i < count; i++)
            {
                using Heap heap = heaps[i];
                _heaps++;
                foreach (RawItem item in heap.Items)
                {
                    if (item is { Id: DueItem, IsImmediate: true })
                    {
                        _latencies.Add(item.Value, now);
                    }
                }
            }
        }
    }
}
