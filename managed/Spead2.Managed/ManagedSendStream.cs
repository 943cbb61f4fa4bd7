// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Spead2.Send;

namespace Spead2.Managed;

/// <summary>A stream of heaps that are sent without native code.</summary>
/// <inheritdoc cref="ISendStream" path="/remarks"/>
[SuppressMessage("Naming", "CA1711", Justification = "SPEAD calls it a stream.")]
public sealed class ManagedSendStream : SendStreamBase
{
    private readonly SendCore _core;
    private readonly bool _repeatPointers;
    private readonly SendDialect _dialect;

    // Whether an exception of a function that takes packets was logged.
    private int _faultSaid;

    /// <summary>Makes a stream.</summary>
    /// <param name="options">Options; the defaults if left out.</param>
    /// <param name="logger">
    /// Receives the stream's messages, one at a time and in order, on threads of the .NET thread pool. Which levels are
    /// wanted is asked once. Without a logger, warnings go to standard error.
    /// </param>
    /// <param name="pool">
    /// Threads, one of which sends the packets; one thread of its own if left out. The pool may be disposed before the
    /// stream.
    /// </param>
    /// <exception cref="ArgumentException">An option breaks its rule.</exception>
    /// <exception cref="ObjectDisposedException">The pool has been disposed.</exception>
    /// <exception cref="Spead2Exception">For example there is not enough memory.</exception>
    public ManagedSendStream(SendStreamOptions? options = null, ILogger? logger = null, IoThreadPool? pool = null)
        : base(options ??= new())
    {
        options.Validate();
        _repeatPointers = options.RepeatPointers;
        _dialect = options.Dialect;
        IoThreads threads = pool is null ? ManagedIoThreads.NewThreads() : ManagedIoThreads.RetainOf(pool);
        try
        {
            _core = new(SettingsOf(options), threads, EngineLog.For(logger));
        }
        catch (Exception exception)
        {
            // Also what a logger throws that is asked which levels it wants.
            threads.Release(wait: true);
            if (exception is OutOfMemoryException)
            {
                throw StatusException.NoMemory("a send stream (MaxHeaps and MaxPacketSize decide its size)");
            }

            throw;
        }

        ShowInMeter(options);
    }

    /// <summary>Stops and frees a stream that was never disposed.</summary>
    ~ManagedSendStream()
    {
        // Null if the constructor failed.
        _core?.Abandon();
    }

    internal static SendSettings SettingsOf(SendStreamOptions options) => new(
        options.MaxHeaps,
        options.MaxPacketSize / 8 * 8,
        options.Rate,
        options.BurstSize,
        options.BurstRateRatio,
        options.Pacing);

    internal override void AddUdp(UdpWriterOptions options) => UdpWriter.Add(_core, options, UdpWriterNames.DotNet);

    internal override void AddFunction(FunctionWriterOptions options)
    {
        PacketTaker taker = new(options.Function!, SayFault);
        _core.Add(new FunctionWriter(_core, taker.Take, options.Substreams));
    }

    internal override void AddInProcess(InProcessWriterOptions options) => _core.Add(new InprocWriter(
        _core, [.. options.Queues.Select(queue => queue.As<ManagedInProcessQueue>(nameof(options.Queues)).Queue)]));

    internal override unsafe Spead2Status Queue(ReadOnlySpan<HeapReference> heaps, GroupMode mode, PendingSend pending)
    {
        // Of the group before, which the engine does not need any more.
        HeapSending[] sendings = pending.EngineCache as HeapSending[] ?? [];
        if (sendings.Length < heaps.Length)
        {
            Array.Resize(ref sendings, heaps.Length);
            pending.EngineCache = sendings;
        }

        int part = 0;
        for (int i = 0; i < heaps.Length; i++)
        {
            SendHeap heap = sendings[i].Heap ?? new(Flavour.AddressBits, _repeatPointers, _dialect);
            heap.Clear();
            IReadOnlyList<ItemToSend> items = heaps[i].Heap.Items;
            for (int j = 0; j < items.Count; j++)
            {
                ItemToSend item = items[j];
                if (item.IsImmediate)
                {
                    heap.AddImmediate((ulong)item.Id, item.Value);
                }
                else
                {
                    heap.AddItem((ulong)item.Id, pending.Address(part), (ulong)item.Data.Length, item.AllowImmediate);
                }

                part++;
            }

            sendings[i] = new(
                heap,
                heaps[i].Cnt ?? HeapSending.AutomaticCnt,
                (ulong)heaps[i].Substream,
                heaps[i].Rate ?? HeapSending.StreamRate);
        }

        return _core.Send(sendings.AsSpan(..heaps.Length), mode, pending);
    }

    internal override void SetCnts(ulong next, ulong step) => _core.SetCntSequence(next, step);

    internal override SendStatistics ReadStatistics() => _core.Statistics;

    internal override void FlushEngine() => _core.Flush(Timeout.InfiniteTimeSpan);

    internal override void StopEngine() => _core.Stop();

    internal override void DisposeEngine() => _core.Destroy();

    private void SayFault(Exception exception)
    {
        if (Interlocked.Exchange(ref _faultSaid, 1) == 0)
        {
            _core.Log.Write(
                MessageKind.User,
                LogLevel.Warning,
                exception,
                static exception =>
                    $"a packet function failed; further failures are not logged. {ExceptionText.Of(exception)}");
        }
    }
}
