// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Runtime.CompilerServices;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>The readers of a stream's ring.</summary>
internal sealed class ManagedReadQueue(Delivery delivery, TimeSpan spinTime) : ReadQueue
{
    private readonly Ring _ring = delivery.Ring;

    /// <summary>Takes a heap, waiting for one without a place in the line of those who wait.</summary>
    public ReadResult PopWait(TimeSpan timeout, out Heap? heap)
    {
        ReadResult result = Pop(out heap);
        if (result != ReadResult.Empty)
        {
            return result;
        }

        long start = Stopwatch.GetTimestamp();
        if (timeout != TimeSpan.Zero)
        {
            Spin.Until(_ring, static ring => ring.HasNews, spinTime);
        }

        while ((result = Pop(out heap)) == ReadResult.Empty)
        {
            if (!Sleep(start, timeout))
            {
                return ReadResult.Empty;
            }
        }

        return result;
    }

    protected override ReadResult Pop(out Heap? heap)
    {
        heap = null;
        bool moved;
        do
        {
            bool stopped = _ring.IsStopped;
            LiveHeap? live = _ring.Pop();
            moved = delivery.SeeToBlocked();
            if (live is not null)
            {
                heap = ManagedHeap.Own(live);
                return ReadResult.Heap;
            }

            if (stopped)
            {
                return ReadResult.Stopped;
            }
        }
        while (moved);
        return ReadResult.Empty;
    }

    protected override int PopBatch(Span<Heap> heaps)
    {
        int total = 0;
        LiveHeapBatch batch = default;
        while (total < heaps.Length)
        {
            Span<LiveHeap?> live = batch;
            int count = _ring.Pop(live[..Math.Min(live.Length, heaps.Length - total)]);
            if (!delivery.SeeToBlocked() && count == 0)
            {
                break;
            }

            Own(live[..count], heaps[total..]);
            total += count;
        }

        return total;
    }

    protected override ReadResult RequestReady()
    {
        _ring.Request();
        delivery.SeeToBlocked();
        bool stopped = _ring.IsStopped;
        bool empty = _ring.IsEmpty;
        if (empty && !stopped)
        {
            return ReadResult.Empty;
        }

        // If somebody else has answered the request meanwhile, the call back is on its way.
        if (!_ring.TakeRequest())
        {
            return ReadResult.Empty;
        }

        return empty ? ReadResult.Stopped : ReadResult.Heap;
    }

    private static void Own(ReadOnlySpan<LiveHeap?> live, Span<Heap> heaps)
    {
        int owned = 0;
        try
        {
            while (owned < live.Length)
            {
                LiveHeap heap = live[owned]!;
                owned++;
                heaps[owned - 1] = ManagedHeap.Own(heap);
            }
        }
        finally
        {
            // Nobody else knows of these if one before them could not be taken over.
            while (owned < live.Length)
            {
                live[owned++]!.Free();
            }
        }
    }

    /// <summary>Sleeps until there may be a heap, or for the rest of the time; false if that has passed.</summary>
    private bool Sleep(long start, TimeSpan timeout)
    {
        int milliseconds = Timeout.Infinite;
        if (timeout != Timeout.InfiniteTimeSpan)
        {
            TimeSpan remaining = timeout - Stopwatch.GetElapsedTime(start);
            if (remaining <= TimeSpan.Zero)
            {
                return false;
            }

            milliseconds = (int)Math.Ceiling(remaining.TotalMilliseconds);
        }

        int key = _ring.Wake.Prepare();
        if (_ring.HasNews)
        {
            _ring.Wake.Cancel();
        }
        else
        {
            _ring.Wake.Wait(key, milliseconds);
        }

        return true;
    }

    [InlineArray(64)]
    private struct LiveHeapBatch
    {
        private LiveHeap? _first;
    }
}
