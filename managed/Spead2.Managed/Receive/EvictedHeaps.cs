// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>
/// The latest heaps that were evicted, so that it is seen when more of them comes: then more heaps were under way than
/// there are slots, and what came is not missing. Under the stream's lock.
/// </summary>
internal sealed class EvictedHeaps
{
    /// <summary>Heaps that are kept.</summary>
    public const int Capacity = 1024;

    private readonly EvictedHeap?[] _heaps = new EvictedHeap?[Capacity];
    private readonly Dictionary<(ulong Cnt, ulong Sender), EvictedHeap> _byCnt = [];

    // Heaps that were kept, ever; and of these the first ones, which are all counted or forgotten.
    private long _kept;
    private long _counted;

    /// <summary>What is missing of heaps that have been counted, since this was set to 0.</summary>
    public Missing Due;

    /// <summary>
    /// Keeps a heap, in place of one of its cnt and sender, and of the one that was evicted <see cref="Capacity"/> heaps
    /// before it, which are counted.
    /// </summary>
    /// <param name="heap">A heap that has just been evicted.</param>
    /// <param name="sender">Who sends it, where senders are kept apart; else 0.</param>
    /// <param name="begun">Heaps of its substream that have begun.</param>
    public void Keep(LiveHeap heap, ulong sender, uint begun)
    {
        ref EvictedHeap? place = ref _heaps[_kept++ % Capacity];
        if (place is not null && IsKept(place))
        {
            Count(place);
            Forget(place);
        }

        if (Find(heap.Cnt, sender) is { } same)
        {
            Count(same);
        }

        place = new(heap.Cnt, sender, Math.Max(heap.ReturnedEnd, heap.ReceivedEnd), heap.Number, begun);
        _byCnt[(heap.Cnt, sender)] = place;
    }

    /// <summary>Says what is missing of the heap that was kept last.</summary>
    /// <param name="missing">What is missing in all.</param>
    /// <param name="inside">What of that is before the end of what has come.</param>
    /// <param name="isCounted">More of it that comes changes nothing.</param>
    public void Note(in Missing missing, in Missing inside, bool isCounted)
    {
        EvictedHeap last = _heaps[(_kept - 1) % Capacity]!;
        last.Missing = missing;
        last.Inside = inside;
        last.IsCounted = isCounted;
    }

    /// <summary>The oldest heap that has not been counted; null if there is none.</summary>
    public EvictedHeap? Oldest()
    {
        for (_counted = Math.Max(_counted, _kept - Capacity); _counted < _kept; _counted++)
        {
            EvictedHeap heap = _heaps[_counted % Capacity]!;
            if (!heap.IsCounted && IsKept(heap))
            {
                return heap;
            }
        }

        return null;
    }

    /// <summary>Counts what is missing of a heap.</summary>
    public void Count(EvictedHeap heap)
    {
        if (!heap.IsCounted)
        {
            heap.IsCounted = true;
            Due.Packets += heap.Missing.Packets;
            Due.Bytes += heap.Missing.Bytes;
        }
    }

    /// <summary>The one of this cnt and sender; null if none is kept.</summary>
    public EvictedHeap? Find(ulong cnt, ulong sender) => _byCnt.GetValueOrDefault((cnt, sender));

    /// <summary>Forgets a heap that is kept, and what is missing of it.</summary>
    public void Forget(EvictedHeap heap) => _byCnt.Remove((heap.Cnt, heap.Sender));

    private bool IsKept(EvictedHeap heap) => ReferenceEquals(Find(heap.Cnt, heap.Sender), heap);
}

/// <summary>What is kept of an evicted heap.</summary>
/// <param name="Cnt">Its cnt.</param>
/// <param name="Sender">Who sent it, where senders are kept apart; else 0.</param>
/// <param name="End">Where what had come of it ends.</param>
/// <param name="Number">Its <see cref="LiveHeap.Number"/>.</param>
/// <param name="Begun">Heaps of its substream that had begun when it was evicted.</param>
internal sealed record EvictedHeap(ulong Cnt, ulong Sender, ulong End, uint Number, uint Begun)
{
    /// <summary>What is missing in all.</summary>
    public Missing Missing { get; set; }

    /// <summary>What of that is before <see cref="End"/>.</summary>
    public Missing Inside { get; set; }

    /// <summary>What is missing has been counted: more of the heap that comes changes nothing.</summary>
    public bool IsCounted { get; set; }
}
