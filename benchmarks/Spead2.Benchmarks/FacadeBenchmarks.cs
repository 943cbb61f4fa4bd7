// SPDX-License-Identifier: MIT

using BenchmarkDotNet.Attributes;
using Spead2.Managed;
using Spead2.Receive;
using Spead2.Send;

namespace Spead2.Benchmarks;

/// <summary>
/// What a heap costs in .NET, whatever its size: an engine reads heaps of one packet of 1 KiB from memory, and one
/// reader takes and disposes them. Times and bytes are per heap, and include what the engine does.
/// </summary>
public class FacadeBenchmarks : IDisposable
{
    private const int HeapCount = 20_000;
    private const int HeapSize = 1024;
    private const int PacketSize = 1472;
    private const int BatchSize = 64;

    private static readonly TimeSpan Forever = Timeout.InfiniteTimeSpan;

    private readonly Heap[] _batch = new Heap[BatchSize];
    private readonly IoThreadPool _pool = new();
    private byte[] _packets = [];
    private IReceiveStream? _stream;

    /// <summary>What receives.</summary>
    [Params("native", "managed")]
    public string Engine { get; set; } = "";

    /// <summary>Heaps that the ring holds: the default, and enough for a batch.</summary>
    [Params(ReceiveStreamOptions.DefaultRingHeaps, BatchSize)]
    public int RingHeaps { get; set; }

    /// <summary>Encodes the packets.</summary>
    [GlobalSetup]
    public void Setup()
    {
        using MemoryStream packets = new();
        byte[] packet = new byte[PacketSize];
        PacketEncoder encoder = new(default, PacketSize);
        for (ulong cnt = 1; cnt <= HeapCount; cnt++)
        {
            HeapToSend heap = new();
            heap.AddItem(0x1000, new byte[HeapSize], allowImmediate: false);
            encoder.Begin(heap, cnt);
            packets.Write(packet.AsSpan(0, encoder.Write(packet)));
        }

        _packets = packets.ToArray();
    }

    /// <summary>As many heaps as there are, up to 64, at once.</summary>
    [Benchmark(Baseline = true, OperationsPerInvoke = HeapCount)]
    public int TryReadBatch()
    {
        IReceiveStream stream = Begin();
        int total = 0;
        int count;
        while ((count = stream.TryReadBatch(_batch)) != 0 || !stream.IsCompleted)
        {
            foreach (Heap heap in _batch.AsSpan(0, count))
            {
                heap.Dispose();
            }

            total += count;
        }

        return Check(total);
    }

    /// <summary>One heap after the other, blocking.</summary>
    [Benchmark(OperationsPerInvoke = HeapCount)]
    public int TryRead()
    {
        IReceiveStream stream = Begin();
        int total = 0;
        while (stream.TryRead(out Heap? heap, Forever))
        {
            heap.Dispose();
            total++;
        }

        return Check(total);
    }

    /// <summary>One heap after the other, blocking; it throws when there are none.</summary>
    [Benchmark(OperationsPerInvoke = HeapCount)]
    public int Read()
    {
        IReceiveStream stream = Begin();
        for (int total = 0; total < HeapCount; total++)
        {
            stream.Read().Dispose();
        }

        return HeapCount;
    }

    /// <summary>One heap after the other, each awaited.</summary>
    [Benchmark(OperationsPerInvoke = HeapCount)]
    public async Task<int> ReadAsync()
    {
        IReceiveStream stream = Begin();
        for (int total = 0; total < HeapCount; total++)
        {
            Heap heap = await stream.ReadAsync().ConfigureAwait(false);
            heap.Dispose();
        }

        return HeapCount;
    }

    /// <summary>All heaps, asynchronously.</summary>
    [Benchmark(OperationsPerInvoke = HeapCount)]
    public async Task<int> ReadAllAsync()
    {
        IReceiveStream stream = Begin();
        int total = 0;
        await foreach (Heap heap in stream.ReadAllAsync().ConfigureAwait(false))
        {
            heap.Dispose();
            total++;
        }

        return Check(total);
    }

    /// <summary>Ends the threads.</summary>
    public void Dispose()
    {
        _stream?.Dispose();
        _pool.Dispose();
        GC.SuppressFinalize(this);
    }

    private IReceiveStream Begin()
    {
        _stream?.Dispose();
        ReceiveStreamOptions options = new() { RingHeaps = RingHeaps };
        _stream = Engine == "native"
            ? new ReceiveStream(options, pool: _pool)
            : new ManagedReceiveStream(options, pool: _pool);
        _stream.AddBufferReader(_packets);
        return _stream;
    }

    private static int Check(int total) =>
        total == HeapCount ? total : throw new InvalidOperationException($"{total} of {HeapCount} heaps arrived.");
}
