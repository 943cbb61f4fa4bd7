// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>Finished heaps that wait in a sink, in order. Under the stream's lock.</summary>
internal struct HeapQueue
{
    private LiveHeap? _last;

    /// <summary>The heap that has waited longest; null if none waits.</summary>
    public LiveHeap? First { get; private set; }

    public readonly bool IsEmpty => First is null;

    public void Add(LiveHeap heap)
    {
        heap.Next = null;
        if (First is null)
        {
            First = heap;
        }
        else
        {
            _last!.Next = heap;
        }

        _last = heap;
    }

    /// <summary>Moves heaps to a ring until none is left or it is full.</summary>
    public void MoveTo(Ring<LiveHeap> ring)
    {
        while (First is { } heap)
        {
            // The consumer that takes the heap from the ring may use it for something else at once.
            LiveHeap? next = heap.Next;
            if (!ring.TryPush(heap))
            {
                return;
            }

            First = next;
        }
    }

    /// <summary>Takes the first heap out; null if none waits.</summary>
    public LiveHeap? Take()
    {
        LiveHeap? heap = First;
        First = heap?.Next;
        return heap;
    }

    /// <summary>Frees all heaps.</summary>
    public void Free()
    {
        while (Take() is { } heap)
        {
            heap.Free();
        }
    }
}
