// SPDX-License-Identifier: MIT

using Spead2.Managed;
using Spead2.Receive;

namespace Spead2.Aot;

/// <summary>
/// A stream in the hands of a C program. Calls are counted, so that its end can wait for those that should not run any
/// more.
/// </summary>
internal sealed class NativeStream
{
    private readonly object _gate = new();
    private int _calls;
    private bool _closed;

    public NativeStream(
        ReceiveStreamOptions options, IoThreads threads, EngineLog log, IReadOnlyList<byte[]> customNames)
    {
        Core = new(options, threads, log);
        Ring.Ready = Ready.Call;
        Statistics = new(options.CustomStatistics, customNames);
    }

    public StreamCore Core { get; }

    /// <summary>What finished heaps wait in.</summary>
    public RingSink Ring => Core.Ring!;

    public ReadyCallback Ready { get; } = new();

    public StatisticList Statistics { get; }

    /// <summary>Begins a call; false if the stream is being destroyed.</summary>
    public bool TryEnter()
    {
        lock (_gate)
        {
            if (!_closed)
            {
                _calls++;
            }

            return !_closed;
        }
    }

    /// <summary>Ends a call.</summary>
    public void Exit()
    {
        lock (_gate)
        {
            if (--_calls == 0 && _closed)
            {
                Monitor.PulseAll(_gate);
            }
        }
    }

    /// <summary>Sets how packets are copied, by a function of the user's if there is one.</summary>
    public void SetCopy(CopyMethod method, PacketCopier? copier)
    {
        lock (Core.Gate)
        {
            Core.Copy.Method = method;
            Core.Copy.User = copier;
        }
    }

    /// <summary>Sets where payloads live; gives the allocator that was set before, with the stream's reference to it.</summary>
    public CountedAllocator? ExchangeAllocator(CountedAllocator? allocator)
    {
        PayloadMemory? memory = allocator is null ? null : new(allocator, Core.Log, Core.Tally);
        lock (Core.Gate)
        {
            CountedAllocator? old = (CountedAllocator?)Core.Ingest.Memory?.Allocator;
            Core.Ingest.Memory = memory;
            return old;
        }
    }

    /// <summary>Ends the stream, after the calls that are still running. Once.</summary>
    public void Destroy()
    {
        Core.Stop();
        lock (_gate)
        {
            _closed = true;
            while (_calls != 0)
            {
                Monitor.Wait(_gate);
            }
        }

        Core.Destroy(wait: true);
        ExchangeAllocator(null)?.Release();
    }
}
