// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Spead2.Receive;
using Spead2.Tools.Items;

namespace Spead2.Tools.Receive;

/// <summary>Counts heaps by what became of them. Written by one thread; others may look.</summary>
internal sealed class HeapTally(bool verify, bool interpret)
{
    private long _firstHeap;
    private long _lastHeap;

    /// <summary>Whether the content of heaps is looked at.</summary>
    public bool Verifies => verify;

    /// <summary>Whether heaps are interpreted with an item group.</summary>
    public bool Interprets => interpret;

    /// <summary>Heaps that were delivered.</summary>
    public long Total => Complete + Contiguous + Incomplete;

    /// <summary>Heaps of known length that arrived in full.</summary>
    public long Complete { get; private set; }

    /// <summary>Heaps of unknown length without a gap.</summary>
    public long Contiguous { get; private set; }

    /// <summary>Heaps with gaps.</summary>
    public long Incomplete { get; private set; }

    /// <summary>Heaps whose descriptors and values are all understood.</summary>
    public long Interpreted { get; private set; }

    /// <summary>Heaps with a descriptor or value that cannot be interpreted.</summary>
    public long NotInterpreted { get; private set; }

    /// <summary>Complete heaps with the content that `spead2 send` gives them.</summary>
    public long Right { get; private set; }

    /// <summary>Complete heaps with another content.</summary>
    public long Wrong { get; private set; }

    /// <summary>Heap cnt of the first heap with another content.</summary>
    public ulong FirstWrong { get; private set; }

    /// <summary>Heap cnt of the latest heap; null if there is none.</summary>
    public ulong? LastCnt { get; private set; }

    /// <summary>Whether a heap that was delivered ends the stream.</summary>
    public bool EndOfStream { get; private set; }

    /// <summary>Payload bytes of these heaps.</summary>
    public long Bytes { get; private set; }

    /// <summary>Time from the first heap to the last.</summary>
    public TimeSpan Duration => Stopwatch.GetElapsedTime(_firstHeap, _lastHeap);

    /// <summary>Takes a heap into account.</summary>
    /// <param name="heap">The heap.</param>
    /// <param name="update">Its values, if it was interpreted.</param>
    public void Add(Heap heap, ItemUpdate? update)
    {
        _lastHeap = Stopwatch.GetTimestamp();
        _firstHeap = Total == 0 ? _lastHeap : _firstHeap;
        Bytes += heap.ReceivedLength;
        LastCnt = heap.Cnt;
        EndOfStream |= heap.IsEndOfStream;
        if (heap.IsComplete)
        {
            Complete++;
            Verify(heap, update);
        }
        else if (heap.IsContiguous)
        {
            Contiguous++;
        }
        else
        {
            Incomplete++;
        }

        if (update is not null)
        {
            Interpreted += update.Failed.Count == 0 ? 1 : 0;
            NotInterpreted += update.Failed.Count == 0 ? 0 : 1;
        }
    }

    private void Verify(Heap heap, ItemUpdate? update)
    {
        // Heaps that carry stream control only are not expected to have content.
        if (!verify || heap.IsStartOfStream || heap.IsEndOfStream)
        {
            return;
        }

        if (update is null ? HasRightContent(heap) : ItemContent.IsRight(update.Items, heap.Cnt))
        {
            Right++;
        }
        else
        {
            FirstWrong = Wrong == 0 ? heap.Cnt : FirstWrong;
            Wrong++;
        }
    }

    private static bool HasRightContent(Heap heap)
    {
        foreach (RawItem item in heap.Items)
        {
            if (item.Id == HeapContent.DataId && !item.IsImmediate)
            {
                return HeapContent.IsRight(item.Bytes.Span, heap.Cnt);
            }
        }

        return false;
    }
}
