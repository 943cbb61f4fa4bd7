// SPDX-License-Identifier: MIT

namespace Spead2.Differential.Model;

/// <summary>
/// The values of an item that are expected to have the same heaps: the rules of spead2core/statistics.h. Heaps of a group have
/// places from 0 on.
/// </summary>
internal sealed class NaiveGroup(Action<string, long> count)
{
    private readonly List<NaiveSequence> _sets = [];
    private List<NaiveSequence> _members = [];
    private NaiveSequence? _founder;
    private long? _latest;
    private long _top;
    private long _topPlace;
    private long _movedAt;
    private long _heaps;
    private long _heapsSinceExpected;

    // Sets that have counted what they lack at their beginning, but for a heap.
    private int _late;

    /// <summary>A value that has not been there before.</summary>
    public void Add(NaiveSequence set)
    {
        _sets.Add(set);
        set.Before = _latest;
    }

    /// <summary>A heap of a set has come.</summary>
    public void Take(NaiveSequence set, long number, bool hasMoved, bool hasRestarted)
    {
        _latest = number;
        _heaps++;
        if (set.IsPlaced)
        {
            Follow(set, hasMoved, hasRestarted);
        }

        if (++_heapsSinceExpected >= Math.Max(128, _sets.Count))
        {
            _heapsSinceExpected = 0;
            _sets.ForEach(Expect);
        }
    }

    /// <summary>The end of the stream.</summary>
    public void End()
    {
        foreach (NaiveSequence set in _sets.Where(set => set.Settle()))
        {
            Follow(set, hasMoved: true, set.HasRestarted);
        }

        foreach (NaiveSequence set in _sets.Where(set => set.Waiting.Count > 0))
        {
            if (_founder is not null)
            {
                Adopt(set);
            }

            set.Forget();
        }

        bool beginIsCut = _sets.Exists(set => set.IsOneLate);
        bool endIsCut = _members.Exists(set => Lag(set) == 1);
        bool isFull = _members.Sum(set => set.Received) >= _members.Count * (_topPlace + 1) / 2;
        foreach (NaiveSequence set in _members.Where(_ => _topPlace == 0))
        {
            count("heaps_accounted", -set.Received);
            count("heaps_unplaced", set.Received);
        }

        foreach (NaiveSequence set in _members)
        {
            long lag = Lag(set);
            if (isFull || set.Received >= 8)
            {
                CountLate(set);
                set.Pass(Math.Max(0, lag - (endIsCut ? 1 : 0)));
                count("heaps_uncertain", endIsCut && lag > 0 ? 1 : 0);
            }
            else
            {
                count("heaps_uncertain", lag + set.Late);
            }
        }

        count(beginIsCut ? "heaps_uncertain" : "heaps_missing", _late);
    }

    private void Follow(NaiveSequence set, bool hasMoved, bool hasRestarted)
    {
        if (hasRestarted)
        {
            Leave(set);
        }

        if (!_members.Contains(set) && !Join(set))
        {
            return;
        }

        if (set.AddressBits != _founder!.FoundedWith || set.Steps(set.Top, _top) is not (<= 256 and var lead))
        {
            Leave(set);
            return;
        }

        _topPlace += Math.Max(0, lead);
        _top = lead > 0 ? set.Top : _top;
        _movedAt = hasMoved ? _heaps : _movedAt;
        if (set.Received >= 8)
        {
            CountLate(set);
        }
    }

    private bool Join(NaiveSequence set)
    {
        if (_founder is null || _heaps - _movedAt > Math.Max(128, _sets.Count))
        {
            _sets.ForEach(other => other.IsOneLate = false);
            (_founder, _members, _late) = (set, [], 0);
            set.FoundedWith = set.AddressBits;
            set.FoundedStep = set.Step;
            (_top, _topPlace, _movedAt) = (set.Top, set.Span - 1, _heaps);
        }
        else if (set.Step != _founder.FoundedStep || set.AddressBits != _founder.FoundedWith
            || set.Steps(set.Top, _top) is not (>= -256 and <= 256))
        {
            return false;
        }
        else if (!set.HasJoined)
        {
            set.Late = PlacesBefore(set);
            set.IsOneLate = set.Late == 1;
        }

        set.HasJoined = true;
        _members.Add(set);
        return true;
    }

    private void Leave(NaiveSequence set)
    {
        _members.Remove(set);
        set.Late = 0;
    }

    /// <summary>The places before that of a set's first heap, as far as the group had got to them when it came.</summary>
    private long PlacesBefore(NaiveSequence set)
    {
        long first = Place(set, set.First);
        return set.Before is not null && first > 0 && Place(set, set.Before.Value) is >= 0 and var before
            ? Math.Min(first, before + 1)
            : 0;
    }

    private long Place(NaiveSequence set, long number) =>
        set.Steps(number, _top) is long steps ? _topPlace + steps : -1;

    private void CountLate(NaiveSequence set)
    {
        if (set.Late > 0 && Place(set, set.First) is > 0 and var first)
        {
            count("heaps_missing", Math.Min(set.Late, first) - 1);
            _late++;
        }

        set.Late = 0;
    }

    private long Lag(NaiveSequence set) => Math.Max(0, set.Steps(_top, set.Top) ?? 0);

    /// <summary>A set that is silent before it has a step gets the group's; one that is behind goes on without heaps.</summary>
    private void Expect(NaiveSequence set)
    {
        if (set.Waiting.Count > 0 && _founder is not null && set.AddressBits == _founder.FoundedWith
            && set.Distance(_top, set.Waiting[^1]) / _founder.FoundedStep > 128)
        {
            Adopt(set);
        }

        if (_members.Contains(set) && set.Received >= 8 && !set.HasCandidate)
        {
            set.Pass(Math.Max(0, Lag(set) - 256));
        }
    }

    private void Adopt(NaiveSequence set)
    {
        set.Learn(_founder!.FoundedStep);
        Follow(set, hasMoved: true, set.HasRestarted);
    }
}
