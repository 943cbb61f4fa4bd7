// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Net;
using Spead2.Receive;
using Spead2.Tools.Items;

namespace Spead2.Tools.Receive;

/// <summary>Counts heaps by what became of them. Written by one thread; others may look.</summary>
/// <param name="verify">Whether the content of heaps is looked at.</param>
/// <param name="interpret">Whether heaps are interpreted with an item group.</param>
/// <param name="unpointedItemId">The item that payload is which nothing points to; null: there is none.</param>
internal sealed class HeapTally(bool verify, bool interpret, long? unpointedItemId = null)
{
    // Senders that are told apart: more are not needed to know that they are several.
    private const int MostSenders = 64;

    private readonly StepWatch _steps = new();
    private readonly HashSet<IPEndPoint> _senders = [];
    private IPEndPoint? _latestSender;
    private long _firstHeap;
    private long _lastHeap;

    /// <summary>Whether the content of heaps is looked at.</summary>
    public bool Verifies => verify;

    /// <summary>Whether heaps are interpreted with an item group.</summary>
    public bool Interprets => interpret;

    /// <summary>Heaps that were delivered.</summary>
    public long Total => Complete + Contiguous + Incomplete;

    /// <summary>Heaps without a gap, as far as that is known.</summary>
    public long Full => Complete + Contiguous;

    /// <summary>Heaps of known length that arrived in full.</summary>
    public long Complete { get; private set; }

    /// <summary>Heaps of unknown length without a gap.</summary>
    public long Contiguous { get; private set; }

    /// <summary>Heaps with gaps.</summary>
    public long Incomplete { get; private set; }

    /// <summary>Heaps whose descriptors and values are all understood.</summary>
    public long Interpreted { get; private set; }

    /// <summary>Heaps with a descriptor or value that cannot be interpreted, or what should be a descriptor and is none.</summary>
    public long NotInterpreted { get; private set; }

    /// <summary>Heaps in full with the content that `spead2 send` gives them.</summary>
    public long Right { get; private set; }

    /// <summary>Heaps in full with another content.</summary>
    public long Wrong { get; private set; }

    /// <summary>Heap cnt of the first heap with another content.</summary>
    public ulong FirstWrong { get; private set; }

    /// <summary>Heap cnt of the latest heap; null if there is none.</summary>
    public ulong? LastCnt { get; private set; }

    /// <summary>How the step of the heap cnts has changed, in words; null if it has not.</summary>
    public string? StepChange => _steps.Change;

    /// <summary>Whether a heap that was delivered ends the stream.</summary>
    public bool EndOfStream { get; private set; }

    /// <summary>Of those in full, heaps that end a stream, which only streams that go on deliver.</summary>
    public long Stops { get; private set; }

    /// <summary>Who has sent heaps, as far as that is recorded.</summary>
    public IReadOnlyCollection<IPEndPoint> Senders => _senders;

    /// <summary>Whether a sender has gone on after another one had begun.</summary>
    public bool SendersTakeTurns { get; private set; }

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
        _steps.Add(heap.Cnt);
        EndOfStream |= heap.IsEndOfStream;
        Stops += heap.IsEndOfStream && heap.IsContiguous ? 1 : 0;
        Add(heap.Sender);
        Complete += heap.IsComplete ? 1 : 0;
        Contiguous += heap.IsContiguous && !heap.IsComplete ? 1 : 0;
        Incomplete += heap.IsContiguous ? 0 : 1;
        if (heap.IsContiguous)
        {
            Verify(heap, update);
        }

        if (update is not null)
        {
            Interpreted += update.IsUnderstood ? 1 : 0;
            NotInterpreted += update.IsUnderstood ? 0 : 1;
        }
    }

    private void Add(IPEndPoint? sender)
    {
        if (sender is null || sender.Equals(_latestSender))
        {
            return;
        }

        _latestSender = sender;
        SendersTakeTurns |= _senders.Contains(sender);
        if (_senders.Count < MostSenders)
        {
            _senders.Add(sender);
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

    private bool HasRightContent(Heap heap)
    {
        foreach (RawItem item in heap.Items)
        {
            if ((item.Id == HeapContent.DataId || item.Id == unpointedItemId) && !item.IsImmediate)
            {
                return HeapContent.IsRight(item.Bytes.Span, heap.Cnt);
            }
        }

        return false;
    }
}
