// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>Takes heaps from a stream's ring, and lets those that wait for room follow. Any thread.</summary>
internal sealed class RingConsumer(RingSink sink, TimeSpan spinTime)
{
    private readonly Ring<LiveHeap> _ring = sink.Ring;

    /// <summary>Heaps that <see cref="Pop"/> would take at this moment.</summary>
    public int Count => _ring.Count;

    /// <summary>Takes heaps, as many as there is room for, without waiting; gives how many.</summary>
    public ReadResult Pop(Span<LiveHeap?> heaps, out int count)
    {
        bool moved;
        do
        {
            bool ended = _ring.IsEnded;
            count = _ring.Pop(heaps);
            moved = sink.SeeToWaiting();
            if (count != 0)
            {
                return ReadResult.Item;
            }

            if (ended)
            {
                return ReadResult.Stopped;
            }
        }
        while (moved);
        return ReadResult.Empty;
    }

    /// <summary>Takes heaps, waiting for the first; empty when the time has passed.</summary>
    public ReadResult PopWait(Span<LiveHeap?> heaps, TimeSpan timeout, out int count)
    {
        ReadResult result = Pop(heaps, out count);
        if (result != ReadResult.Empty)
        {
            return result;
        }

        long start = Stopwatch.GetTimestamp();
        if (timeout != TimeSpan.Zero)
        {
            bool isShort = timeout > TimeSpan.Zero && timeout < spinTime;
            Spin.Until(_ring, static ring => ring.HasNews, isShort ? timeout : spinTime);
        }

        while ((result = Pop(heaps, out count)) == ReadResult.Empty)
        {
            if (!Sleep(start, timeout))
            {
                return ReadResult.Empty;
            }
        }

        return result;
    }

    /// <summary>
    /// Asks for one call of <see cref="RingSink.Ready"/>, unless a heap waits or the stream has stopped: then there is
    /// none.
    /// </summary>
    public ReadResult RequestReady()
    {
        _ring.Request();
        sink.SeeToWaiting();
        bool ended = _ring.IsEnded;
        bool empty = _ring.IsEmpty;
        if (empty && !ended)
        {
            return ReadResult.Empty;
        }

        // If somebody else has answered the request meanwhile, the call back is on its way.
        if (!_ring.TakeRequest())
        {
            return ReadResult.Empty;
        }

        return empty ? ReadResult.Stopped : ReadResult.Item;
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

            milliseconds = (int)Math.Min(Math.Ceiling(remaining.TotalMilliseconds), int.MaxValue);
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
}
