// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>
/// Recycled records of heaps, so that a heap costs no garbage but the object that its user sees.
/// They are freed by any thread onto a list without a lock; the thread that needs one takes that list as a whole when its own
/// is empty. What was unused at the last look is used last, and let go if it is still unused at the next look.
/// </summary>
internal static class LiveHeapPool
{
    /// <summary>Longest list: more are let go at once. About a megabyte.</summary>
    private const int MostReturned = 2048;

    private static readonly Lock TakerLock = new();

    // Under the lock:
    private static LiveHeap? _ready;
    private static LiveHeap? _idle;

    private static LiveHeap? _returned;

    static LiveHeapPool()
    {
        Recycler.RecordsWait = static () => HasHeaps;
        Recycler.AgeRecords = Age;
    }

    /// <summary>Whether heaps wait.</summary>
    private static bool HasHeaps => Volatile.Read(ref _returned) is not null || Volatile.Read(ref _ready) is not null ||
        Volatile.Read(ref _idle) is not null;

    /// <summary>A heap of no packet; null if there is no memory.</summary>
    public static LiveHeap? Take()
    {
        lock (TakerLock)
        {
            if (Pop() is { } heap)
            {
                heap.Next = null;
                return heap;
            }
        }

        try
        {
            return new();
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    public static void Return(LiveHeap heap)
    {
        LiveHeap? list = Volatile.Read(ref _returned);
        LiveHeap? seen = list;
        do
        {
            list = seen;
            heap.ListLength = list is null ? 1 : list.ListLength + 1;
            if (heap.ListLength > MostReturned || !Recycler.HasUsers)
            {
                return;
            }

            heap.Next = list;
            seen = Interlocked.CompareExchange(ref _returned, heap, list);
        }
        while (seen != list);
    }

    /// <summary>Lets the idle heaps go and makes all that are unused now the idle ones.</summary>
    private static void Age()
    {
        lock (TakerLock)
        {
            _idle = null;
            LiveHeap? aged = null;
            while (Pop() is { } heap)
            {
                heap.Next = aged;
                aged = heap;
            }

            _idle = aged;
        }
    }

    private static LiveHeap? Pop()
    {
        if (_ready is null && Volatile.Read(ref _returned) is not null)
        {
            _ready = Interlocked.Exchange(ref _returned, null);
        }

        ref LiveHeap? list = ref _ready is not null ? ref _ready : ref _idle;
        LiveHeap? heap = list;
        list = heap?.Next;
        return heap;
    }
}
