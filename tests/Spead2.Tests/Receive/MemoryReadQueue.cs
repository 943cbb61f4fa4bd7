// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Tests.Receive;

/// <summary>
/// The waiters of a small engine: a queue in memory that calls back whenever heaps are added, on the same thread, asked
/// or not.
/// </summary>
internal sealed class MemoryReadQueue(bool spins = true) : ReadQueue<Heap>(spins)
{
    private readonly Queue<Heap> _ring = new();
    private bool _stopped;
    private bool _asked;

    /// <summary>Runs once, when a heap has been taken from the ring and not been handed over yet.</summary>
    public Action? DuringPop { get; set; }

    /// <summary>Runs whenever the ring was found empty.</summary>
    public Action? AfterEmptyPop { get; set; }

    /// <summary>Runs once, when a request has found the ring empty.</summary>
    public Action? AfterRequest { get; set; }

    protected override int RingCount => _ring.Count;

    public void Add(params ReadOnlySpan<Heap> heaps)
    {
        AddUntold(heaps);
        OnReady();
    }

    /// <summary>Adds heaps for which the engine has not called back yet.</summary>
    public void AddUntold(params ReadOnlySpan<Heap> heaps)
    {
        foreach (Heap heap in heaps)
        {
            _ring.Enqueue(heap);
        }
    }

    /// <summary>Calls back as engines do: only if it was asked to, and has not answered since.</summary>
    public void CallBackIfAsked()
    {
        if (_asked)
        {
            _asked = false;
            OnReady();
        }
    }

    public void Stop()
    {
        _stopped = true;
        OnReady();
    }

    protected override ReadResult Pop(out Heap? heap)
    {
        ReadResult result = _ring.TryDequeue(out heap) ? ReadResult.Item : Nothing;
        if (result == ReadResult.Item && DuringPop is { } duringPop)
        {
            DuringPop = null;
            duringPop();
        }

        if (result == ReadResult.Empty)
        {
            AfterEmptyPop?.Invoke();
        }

        return result;
    }

    protected override ReadResult PopWait(TimeSpan timeout, out Heap? heap) => Pop(out heap);

    protected override int PopBatch(Span<Heap> heaps)
    {
        int count = 0;
        while (count < heaps.Length && Pop(out Heap? heap) == ReadResult.Item)
        {
            heaps[count++] = heap!;
        }

        return count;
    }

    protected override ReadResult RequestReady()
    {
        ReadResult result = _ring.Count != 0 ? ReadResult.Item : Nothing;
        _asked = result == ReadResult.Empty;
        if (_asked && AfterRequest is { } afterRequest)
        {
            AfterRequest = null;
            afterRequest();
        }

        return result;
    }

    private ReadResult Nothing => _stopped ? ReadResult.Stopped : ReadResult.Empty;
}
