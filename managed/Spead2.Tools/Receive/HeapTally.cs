// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Spead2.Receive;

namespace Spead2.Tools.Receive;

/// <summary>Counts heaps by what became of them. Written by one thread; others may look.</summary>
internal sealed class HeapTally(bool verify)
{
    private long _firstHeap;
    private long _lastHeap;

    /// <summary>Whether the content of heaps is looked at.</summary>
    public bool Verifies => verify;

    /// <summary>Heaps that were delivered.</summary>
    public long Total => Complete + Contiguous + Incomplete;

    /// <summary>Heaps of known length that arrived in full.</summary>
    public long Complete { get; private set; }

    /// <summary>Heaps of unknown length without a gap.</summary>
    public long Contiguous { get; private set; }

    /// <summary>Heaps with gaps.</summary>
    public long Incomplete { get; private set; }

    /// <summary>Complete heaps with the content that `spead2 send` gives them.</summary>
    public long Right { get; private set; }

    /// <summary>Complete heaps with another content.</summary>
    public long Wrong { get; private set; }

    /// <summary>Heap cnt of the first heap with another content.</summary>
    public ulong FirstWrong { get; private set; }

    /// <summary>Payload bytes of these heaps.</summary>
    public long Bytes { get; private set; }

    /// <summary>Time from the first heap to the last.</summary>
    public TimeSpan Duration => Stopwatch.GetElapsedTime(_firstHeap, _lastHeap);

    /// <summary>Takes a heap into account.</summary>
    public void Add(Heap heap)
    {
        _lastHeap = Stopwatch.GetTimestamp();
        _firstHeap = Total == 0 ? _lastHeap : _firstHeap;
        Bytes += heap.ReceivedLength;
        if (heap.IsComplete)
        {
            Complete++;
            Verify(heap);
        }
        else if (heap.IsContiguous)
        {
            Contiguous++;
        }
        else
        {
            Incomplete++;
        }
    }

    private void Verify(Heap heap)
    {
        // Heaps that carry stream control only are not expected to have content.
        if (!verify || heap.IsStartOfStream || heap.IsEndOfStream)
        {
            return;
        }

        if (HasRightContent(heap))
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
