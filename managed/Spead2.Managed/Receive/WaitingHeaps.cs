// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>Finished heaps that found the ring full, in order. Under the stream's lock.</summary>
internal struct WaitingHeaps
{
    private LiveHeap? _first;
    private LiveHeap? _last;

    public readonly bool IsEmpty => _first is null;

    public void Add(LiveHeap heap)
    {
        heap.Next = null;
        if (_first is null)
        {
            _first = heap;
        }
        else
        {
            _last!.Next = heap;
        }

        _last = heap;
    }

    /// <summary>Moves heaps to the ring until none is left or it is full.</summary>
    public void MoveTo(Ring ring)
    {
        while (_first is { } heap)
        {
            // Whoever takes the heap from the ring may use it for something else at once.
            LiveHeap? next = heap.Next;
            if (!ring.TryPush(heap))
            {
                return;
            }

            _first = next;
        }
    }

    /// <summary>Gives all heaps back.</summary>
    public void Free()
    {
        while (_first is { } heap)
        {
            _first = heap.Next;
            heap.Free();
        }
    }
}
