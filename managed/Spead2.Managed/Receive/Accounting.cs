// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>
/// Which heaps never arrived, by the cnts or items of those that did: spead2core/statistics.h has the rules. Memory and
/// work per heap are bounded whatever is sent. Under the stream's lock.
/// </summary>
internal sealed class Accounting(ReceiveStreamOptions options, Tally tally)
{
    /// <summary>Most sequences of heap cnts that a stream accounts for.</summary>
    public const int MaxSequences = 16384;

    private readonly bool _bySource = options.Accounting == HeapAccounting.BySource;
    private readonly bool _bySender = options.Senders == SenderTracking.Separate;
    private readonly ulong _substreams = (ulong)options.Substreams;
    private readonly ulong _step = (ulong)options.CntStep;
    private readonly ulong _countItem = (ulong)options.CountItem;
    private readonly ulong _setItem = (ulong)options.SetItem;
    private readonly Dictionary<SequenceKey, CntSequence> _sequences = [];

    // Null unless all values of _setItem have the same heaps.
    private readonly SetGroup? _group = options is
    {
        SetItem: not 0, Substreams: 1, Accounting: not HeapAccounting.BySource, Senders: not SenderTracking.Separate,
    }
        ? new(tally)
        : null;

    private SequenceKey _recentKey;
    private CntSequence? _recent;

    /// <summary>Whether heaps are placed when they leave the assembly, not when they begin.</summary>
    public bool ByItem { get; } = options.CountItem != 0 || options.SetItem != 0;

    /// <summary>A heap has begun; not <see cref="ByItem"/>. Says in the heap whether it is a repetition.</summary>
    /// <param name="heap">The heap.</param>
    /// <param name="shares">Whether further heaps with its cnt are no duplicates.</param>
    public void Take(LiveHeap heap, bool shares)
    {
        if (!TakeRest(heap))
        {
            Take(heap, set: 0, heap.Cnt, shares);
        }
    }

    /// <summary>The same for a heap that is leaving the assembly; <see cref="ByItem"/>.</summary>
    public void TakeItems(LiveHeap heap)
    {
        if (TakeRest(heap))
        {
            return;
        }

        ulong number = heap.Cnt;
        ulong set = 0;
        if ((_countItem != 0 && !TryFindValue(heap, _countItem, out number)) ||
            (_setItem != 0 && !TryFindValue(heap, _setItem, out set)))
        {
            tally[Statistic.HeapsUnplaced]++;
            return;
        }

        Take(heap, set, number, shares: false);
    }

    /// <summary>The stream has ended: what has not arrived will not.</summary>
    public void Settle()
    {
        if (_group is not null)
        {
            _group.End(_sequences.Values);
        }
        else
        {
            bool hasRestarted = false;
            foreach (CntSequence sequence in _sequences.Values)
            {
                _ = sequence.Settle(ref hasRestarted);
                sequence.ForgetLesson();
            }

            tally[Statistic.HeapsUncertain] = 0;
        }

        foreach (CntSequence sequence in _sequences.Values)
        {
            sequence.CountHoles();
        }
    }

    /// <summary>What is left of a heap that was evicted: its place is taken, and tells nothing of the sender.</summary>
    private bool TakeRest(LiveHeap heap)
    {
        tally[Statistic.HeapsDuplicate] += heap.HasReturned ? 1 : 0;
        return heap.HasReturned;
    }

    /// <summary>The value of a heap's first immediate of an identifier.</summary>
    private static bool TryFindValue(LiveHeap heap, ulong id, out ulong value)
    {
        foreach (ulong pointer in heap.Pointers.All)
        {
            if ((pointer & Wire.ImmediateBit) != 0 && Wire.Id(pointer, heap.AddressBits) == id)
            {
                value = Wire.Value(pointer, heap.AddressBits);
                return true;
            }
        }

        value = 0;
        return false;
    }

    private ulong SubstreamOf(ulong cnt) => _substreams == 1 ? 0 : cnt % _substreams;

    private void Take(LiveHeap heap, ulong set, ulong number, bool shares)
    {
        SequenceKey key = new(
            SubstreamOf(heap.Cnt), _bySource ? heap.FedBy : 0, set, _bySender ? heap.SenderNumber : 0);
        if (_recent is null || key != _recentKey)
        {
            if (!TryFind(key, out CntSequence? found))
            {
                tally[Statistic.HeapsUnplaced]++;
                return;
            }

            (_recent, _recentKey) = (found, key);
        }

        long restarts = tally[Statistic.SenderRestarts];
        long holes = _recent!.Main.Holes;
        bool hasMoved = _recent.Take(heap, number, shares);
        tally[Statistic.HeapsUncertain] += _recent.Main.Holes - holes;
        _group?.Take(_recent, number, hasMoved, tally[Statistic.SenderRestarts] != restarts, _sequences.Values);
    }

    private bool TryFind(SequenceKey key, out CntSequence? sequence)
    {
        if (_sequences.TryGetValue(key, out sequence))
        {
            return true;
        }

        if (_sequences.Count == MaxSequences)
        {
            return false;
        }

        try
        {
            sequence = new(_step, tally) { Before = _group?.Latest };
            _sequences.Add(key, sequence);
            return true;
        }
        catch (OutOfMemoryException)
        {
            return false;
        }
    }

    /// <summary>What sequences are told apart by.</summary>
    private readonly record struct SequenceKey(ulong Substream, int Source, ulong Set, ulong Sender)
    {
        /// <summary>
        /// Who does not know the process's seed cannot choose values that fall into one bucket; halves of a number that are
        /// exclusive-ored, as its own hash does, could be chosen.
        /// </summary>
        public override int GetHashCode() =>
            HashCode.Combine(Substream, Source, (uint)Set, (uint)(Set >> 32), (uint)Sender, (uint)(Sender >> 32));
    }
}
