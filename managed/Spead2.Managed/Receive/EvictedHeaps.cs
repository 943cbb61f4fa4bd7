// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>
/// The latest heaps that were evicted, so that it is seen when more of them comes: then more heaps were under way than
/// there are slots. Under the stream's lock.
/// </summary>
internal sealed class EvictedHeaps
{
    /// <summary>Heaps that are kept.</summary>
    public const int Capacity = 1024;

    private readonly EvictedHeap?[] _heaps = new EvictedHeap?[Capacity];
    private readonly Dictionary<(ulong Cnt, ulong Sender), EvictedHeap> _byCnt = [];

    // Place of the next one.
    private int _next;

    /// <summary>
    /// Keeps a heap, in place of one of its cnt and sender, and of the one that was evicted <see cref="Capacity"/> heaps
    /// before it.
    /// </summary>
    /// <param name="heap">A heap that has just been evicted.</param>
    /// <param name="sender">Who sends it, where senders are kept apart; else 0.</param>
    public void Keep(LiveHeap heap, ulong sender)
    {
        if (_heaps[_next] is { } oldest && ReferenceEquals(Find(oldest.Cnt, oldest.Sender), oldest))
        {
            Forget(oldest);
        }

        EvictedHeap kept = new(heap.Cnt, sender, heap.ReceivedEnd, heap.Number);
        _byCnt[(kept.Cnt, sender)] = kept;
        _heaps[_next] = kept;
        _next = (_next + 1) % Capacity;
    }

    /// <summary>The one of this cnt and sender; null if none is kept.</summary>
    public EvictedHeap? Find(ulong cnt, ulong sender) => _byCnt.GetValueOrDefault((cnt, sender));

    /// <summary>Forgets a heap that is kept.</summary>
    public void Forget(EvictedHeap heap) => _byCnt.Remove((heap.Cnt, heap.Sender));
}

/// <summary>What is kept of an evicted heap.</summary>
/// <param name="Cnt">Its cnt.</param>
/// <param name="Sender">Who sent it, where senders are kept apart; else 0.</param>
/// <param name="End">Where what had come of it ends.</param>
/// <param name="Number">Its <see cref="LiveHeap.Number"/>.</param>
internal sealed record EvictedHeap(ulong Cnt, ulong Sender, ulong End, uint Number);
