// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>
/// Heaps that newer ones have pushed out, and that stay live for now as more of them may wait in another socket. The oldest
/// first.
/// </summary>
internal sealed class KeptHeaps
{
    private LiveHeap? _last;
    private int _count;
    private long _bytes;

    public LiveHeap? First { get; private set; }

    /// <summary>Whether there are more of them than may be.</summary>
    public bool IsFull =>
        _count > SteeredMember.MostKeptHeaps || (_bytes > SteeredMember.MostKeptBytes && _count > 1);

    public void Add(LiveHeap heap, SteeredMember keeper)
    {
        heap.Keeper = keeper;
        heap.KeptUntil = keeper.NextRound;
        heap.KeptStarts = null;
        heap.KeptBytes = (long)heap.ReceivedLength;
        heap.KeptBefore = _last;
        heap.KeptAfter = null;
        if (_last is null)
        {
            First = heap;
        }
        else
        {
            _last.KeptAfter = heap;
        }

        _last = heap;
        _bytes += heap.KeptBytes;
        _count++;
    }

    public void Remove(LiveHeap heap)
    {
        if (heap.KeptBefore is null)
        {
            First = heap.KeptAfter;
        }
        else
        {
            heap.KeptBefore.KeptAfter = heap.KeptAfter;
        }

        if (heap.KeptAfter is null)
        {
            _last = heap.KeptBefore;
        }
        else
        {
            heap.KeptAfter.KeptBefore = heap.KeptBefore;
        }

        heap.KeptBefore = null;
        heap.KeptAfter = null;
        heap.Keeper = null;
        _bytes -= heap.KeptBytes;
        _count--;
    }
}
