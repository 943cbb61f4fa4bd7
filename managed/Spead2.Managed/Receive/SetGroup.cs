// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>
/// The sets of a stream whose heaps go on together: what one of them has, the others have to have. Under the stream's lock.
/// </summary>
internal sealed class SetGroup(Tally tally)
{
    // Heaps of a set with which it is held to its group in any case: fewer may be no sender's. And heaps after which sets are
    // held to it: sooner than the others are a window ahead of a silent one.
    private const int LeastOfSet = 8;
    private const int ExpectAfter = CntStretch.Window / 2;

    // Of the groups so far; 0: there is none.
    private int _number;

    private ulong _step;
    private int _addressBits;

    // Number of the foremost heap, and heaps from the first one to that, which each set has to have.
    private ulong _top;
    private long _span;

    // When one of its sets went on last.
    private long _moved;

    // Sets that have counted what they lack at their beginning, but for a heap; and whether a set began one heap later, so that
    // perhaps what came first was not all of it.
    private long _late;
    private bool _isCut;

    // Heaps of sets, and likewise since sets were held to their group.
    private long _takes;
    private long _unexpected;

    // Heaps that sets were then behind it, but for one each.
    private long _lags;

    /// <summary>Number of the latest heap of a set.</summary>
    public ulong? Latest { get; private set; }

    /// <summary>A heap of a set has come.</summary>
    /// <param name="set">The set.</param>
    /// <param name="number">The heap's number.</param>
    /// <param name="hasMoved">Whether it has a place, which is the foremost one.</param>
    /// <param name="hasRestarted">Whether the set began again with it.</param>
    /// <param name="sets">All sets, in the order in which they came.</param>
    public void Take(CntSequence set, ulong number, bool hasMoved, bool hasRestarted, IReadOnlyCollection<CntSequence> sets)
    {
        Latest = number;
        _takes++;
        _unexpected++;
        if (set.Main.Span != 0)
        {
            Follow(set, hasMoved, hasRestarted, sets.Count);
        }

        if (_unexpected >= ExpectAfter && _unexpected >= sets.Count)
        {
            Expect(sets);
        }
    }

    /// <summary>What sets lack at their ends is missing, as far as that is sure; the stream has ended.</summary>
    public void End(IReadOnlyCollection<CntSequence> sets)
    {
        foreach (CntSequence set in sets)
        {
            bool hasRestarted = false;
            if (set.Settle(ref hasRestarted))
            {
                Follow(set, hasMoved: true, hasRestarted, sets.Count);
            }
        }

        tally[Statistic.HeapsUncertain] = 0;
        foreach (CntSequence set in sets)
        {
            if (set.IsInLesson && _number != 0)
            {
                Adopt(set, sets.Count);
            }

            set.ForgetLesson();
        }

        EndGroup([.. sets.Where(IsMember)]);
    }

    private bool IsMember(CntSequence set) => set.Group != 0 && set.Group == _number;

    /// <summary>No set of the group has gone on for so long that all of them could have.</summary>
    private bool HasEnded(int sets) => _takes - _moved > Math.Max(ExpectAfter, sets);

    /// <summary>A heap of a set has its place.</summary>
    private void Follow(CntSequence set, bool hasMoved, bool hasRestarted, int sets)
    {
        if (hasRestarted)
        {
            (set.Group, set.Late) = (0, 0);
        }

        if (!IsMember(set))
        {
            Join(set, sets);
        }

        if (!IsMember(set))
        {
            return;
        }

        if (set.AddressBits != _addressBits || !set.TryCountSteps(set.Main.Top, _top, out long lead) || lead > CntStretch.Window)
        {
            (set.Group, set.Late) = (0, 0);
            return;
        }

        if (lead > 0)
        {
            _top = set.Main.Top;
            _span += lead;
        }

        _moved = hasMoved ? _takes : _moved;
        if (set.Late != 0 && set.Main.Received >= LeastOfSet)
        {
            CountLate(set);
        }
    }

    /// <summary>A set that is of no group begins one, or joins the one that there is if it fits.</summary>
    private void Join(CntSequence set, int sets)
    {
        if (_number == 0 || HasEnded(sets))
        {
            (_number, _addressBits, _step, _late, _isCut) = (_number + 1, set.AddressBits, set.Step, 0, false);
            (_top, _span, _moved) = (set.Main.Top, set.Main.Span, _takes);
        }
        else if (set.Step != _step || set.AddressBits != _addressBits ||
            !set.TryCountSteps(set.Main.Top, _top, out long distance) || Math.Abs(distance) > CntStretch.Window)
        {
            return;
        }
        else if (!set.WasMember)
        {
            set.Late = HeapsBefore(set);
            _isCut |= set.Late == 1;
        }

        set.Group = _number;
        set.WasMember = true;
    }

    /// <summary>
    /// The heaps that the group had before the first one of a set. What it had got to when that came is known: a set may be
    /// ahead of others, and late all the same.
    /// </summary>
    private long HeapsBefore(CntSequence set)
    {
        long first = PlaceOfFirst(set);
        return first > 0 && set.Before is { } number && PlaceOf(set, number) is >= 0 and var before
            ? Math.Min(first, before + 1)
            : 0;
    }

    private long PlaceOfFirst(CntSequence set) =>
        PlaceOf(set, set.Main.Top - ((ulong)(set.Main.Span - 1) * set.Step));

    /// <summary>How many heaps the group had before a number; -1 where it has no place.</summary>
    private long PlaceOf(CntSequence set, ulong number) =>
        set.TryCountSteps(number, _top, out long distance) ? _span - 1 + distance : -1;

    /// <summary>
    /// What a set lacks at its beginning is missing, but the first heap: others may have begun with it as all came in the
    /// middle of what belongs together.
    /// </summary>
    private void CountLate(CntSequence set)
    {
        // What was overtaken may have come since.
        if (PlaceOfFirst(set) is > 0 and var first)
        {
            tally[Statistic.HeapsMissing] += Math.Min(set.Late, first) - 1;
            _late++;
        }

        set.Late = 0;
    }

    /// <summary>How far a set is behind its group.</summary>
    private long LagOf(CntSequence set) => set.TryCountSteps(_top, set.Main.Top, out long lag) && lag > 0 ? lag : 0;

    /// <summary>Now and then all sets are held to their group.</summary>
    private void Expect(IReadOnlyCollection<CntSequence> sets)
    {
        long lags = 0;
        _unexpected = 0;
        foreach (CntSequence set in sets)
        {
            long before = set.Main.Holes;
            if (set.IsInLesson && _number != 0 && IsSilent(set))
            {
                Adopt(set, sets.Count);
            }

            if (IsMember(set) && set.Main.Received >= LeastOfSet && !set.HasCandidate)
            {
                Expect(set, CntStretch.Window);
                lags += Math.Max(0, LagOf(set) - 1);
            }

            tally[Statistic.HeapsUncertain] += set.Main.Holes - before;
        }

        tally[Statistic.HeapsUncertain] += lags - _lags;
        _lags = lags;
    }

    /// <summary>What a set lacks at its end counts, but for so many heaps.</summary>
    private void Expect(CntSequence set, long open)
    {
        if (LagOf(set) is var lag && lag > open)
        {
            long missing = set.Main.Missing;
            set.Main.PassOver(lag - open, set.Step);
            tally[Statistic.HeapsMissing] += set.Main.Missing - missing;
        }
    }

    private bool IsSilent(CntSequence set) =>
        set.AddressBits == _addressBits &&
        set.Ahead(_top, set.LatestOfLesson) / (long)_step > CntStretch.Window / 2;

    /// <summary>A set that has fallen silent before it had heaps enough to learn a step goes by its group's.</summary>
    private void Adopt(CntSequence set, int sets)
    {
        long restarts = tally[Statistic.SenderRestarts];
        set.EndLesson(_step);
        Follow(set, hasMoved: true, tally[Statistic.SenderRestarts] != restarts, sets);
    }

    private void EndGroup(CntSequence[] members)
    {
        // One that lacks the last heap alone: perhaps the sender ended in its middle.
        bool isCut = members.Any(set => LagOf(set) == 1);

        // Of a set with a few heaps something is missing where most heaps have come that the group has to have.
        bool isFull = members.Sum(set => set.Main.Received) >= members.Length * _span / 2;
        foreach (CntSequence set in members)
        {
            if (_span == 1)
            {
                // Heaps of a single moment do not tell how many sets there are.
                tally[Statistic.HeapsAccounted] -= set.Main.Received;
                tally[Statistic.HeapsUnplaced] += set.Main.Received;
            }

            long lag = LagOf(set);
            if (!isFull && set.Main.Received < LeastOfSet)
            {
                tally[Statistic.HeapsUncertain] += set.Late + lag;
                continue;
            }

            if (set.Late != 0)
            {
                CountLate(set);
            }

            Expect(set, isCut ? 1 : 0);
            tally[Statistic.HeapsUncertain] += isCut && lag != 0 ? 1 : 0;
        }

        tally[_isCut ? Statistic.HeapsUncertain : Statistic.HeapsMissing] += _late;
    }
}
