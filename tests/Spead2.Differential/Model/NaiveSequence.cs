// SPDX-License-Identifier: MIT

namespace Spead2.Differential.Model;

/// <summary>
/// The heap cnts of a substream, and what they tell of heaps that never arrived: the rules of
/// spead2core/statistics.h, with every heap remembered.
/// </summary>
internal sealed class NaiveSequence(long step, Action<string, long> count)
{
    private readonly List<long> _cnts = [];
    private long _step = step;
    private int _addressBits;
    private Stretch? _main;
    private Stretch? _candidate;
    private List<long> _repeated = [];

    // Whether other heaps may have the cnt of the latest one, and how many share those of _cnts and of the candidate.
    private bool _shares;
    private int _sharedCnts;
    private int _sharedByCandidate;

    /// <summary>Whether a heap with the cnt of the latest one had come before.</summary>
    public bool IsRepeated { get; private set; }

    /// <summary>Whether the sequence began again with the latest heap, or those that waited.</summary>
    public bool HasRestarted { get; private set; }

    /// <summary>Numbers of heaps that wait for the step to be known.</summary>
    public IReadOnlyList<long> Waiting => _cnts;

    public long Step => _step;

    public int AddressBits => _addressBits;

    public bool IsPlaced => _main is not null;

    public bool HasCandidate => _candidate is not null;

    public long Top => _main!.Top;

    public long First => _main!.First(_step);

    public long Span => _main!.TopPlace - _main.Places.Min + 1;

    public long Received => _main!.Places.Count;

    /// <summary>The group's: number of the latest heap of other sets before its first one.</summary>
    public long? Before { get; set; }

    /// <summary>The group's: what it lacks at its beginning, until that counts.</summary>
    public long Late { get; set; }

    /// <summary>The group's: it began one heap after others.</summary>
    public bool IsOneLate { get; set; }

    /// <summary>The group's: it has been in one.</summary>
    public bool HasJoined { get; set; }

    /// <summary>The group's, of the set that began it: what it had then.</summary>
    public int FoundedWith { get; set; }

    /// <inheritdoc cref="FoundedWith"/>
    public long FoundedStep { get; set; }

    /// <summary>
    /// A heap has begun; <paramref name="shares"/>: other heaps may have its cnt. Returns whether it is further than what was
    /// there, or there is no telling.
    /// </summary>
    public bool Take(long cnt, int addressBits, bool shares)
    {
        long? top = _main?.Top;
        TakeOne(cnt, addressBits, shares);
        return top is null || _main?.Top != top;
    }

    private void TakeOne(long cnt, int addressBits, bool shares)
    {
        _addressBits = addressBits;
        _shares = shares;
        HasRestarted = false;
        if (_step > 0)
        {
            IsRepeated = Place(cnt);
            return;
        }

        IsRepeated = !shares && _cnts.Contains(cnt);
        if (shares && _cnts.Contains(cnt))
        {
            _sharedCnts++;
            return;
        }

        _cnts.Add(cnt);
        if (_cnts.Count is 16 or 32 or 64 && TryLearn())
        {
            PlaceAll();
        }
        else if (_cnts.Count == 64)
        {
            Forget();
        }
    }

    /// <summary>The step is known from elsewhere.</summary>
    public void Learn(long step)
    {
        _step = step;
        HasRestarted = false;
        PlaceAll();
    }

    /// <summary>Heaps do not come, but the others have them.</summary>
    public void Pass(long steps) => _main!.Pass(steps, _step);

    /// <summary>The end of the stream; false: there is no telling.</summary>
    public bool Settle()
    {
        HasRestarted = false;
        if (_step == 0 && !TryLearn())
        {
            return false;
        }

        PlaceAll();
        EndRepetition();
        if (_candidate is not null && (Continuation > 0 || _candidate.Places.Count >= 8))
        {
            Promote();
        }

        DropCandidate();
        return true;
    }

    private long? Continuation =>
        Steps(_candidate!.First(_step), _main!.Top) is > 0 and < 1 << 24 and var steps ? steps : null;

    private void PlaceAll()
    {
        foreach (long cnt in _cnts)
        {
            Place(cnt);
        }

        _cnts.Clear();
        count("heaps_accounted", _sharedCnts);
        _sharedCnts = 0;
    }

    /// <summary>True if it is a repetition.</summary>
    private bool Place(long cnt)
    {
        _main ??= new Stretch(cnt);
        if (Steps(cnt, _main.Top) is not (> -256 and <= 256 and var steps))
        {
            EndRepetition();
            return PlaceStray(cnt);
        }

        bool isNew = _main.TryAdd(cnt, steps);
        DropCandidate();
        if (isNew || _shares)
        {
            EndRepetition();
            count("heaps_accounted", 1);
            return false;
        }

        return Repeat(cnt);
    }

    private bool PlaceStray(long cnt)
    {
        if (_candidate is null || Steps(cnt, _candidate.Top) is not (> -256 and <= 256 and var steps))
        {
            DropCandidate();
            _candidate = new(cnt);
            steps = 0;
        }

        if (!_candidate.TryAdd(cnt, steps))
        {
            _sharedByCandidate += _shares ? 1 : 0;
            count("heaps_duplicate", _shares ? 0 : 1);
            return !_shares;
        }

        if (_candidate.Places.Count == 64)
        {
            Promote();
        }

        return false;
    }

    private bool Repeat(long cnt)
    {
        if (_repeated.Count > 0 && Steps(cnt, _repeated[^1]) != 1)
        {
            EndRepetition();
        }

        _repeated.Add(cnt);
        if (_repeated.Count < 8)
        {
            return true;
        }

        CountHoles();
        _main = new(_repeated[0]);
        for (int i = 0; i < 8; i++)
        {
            _main.TryAdd(_repeated[i], Math.Min(i, 1));
        }

        count("heaps_accounted", 8);
        count("sender_restarts", 1);
        HasRestarted = true;
        _repeated = [];
        return false;
    }

    private void EndRepetition()
    {
        count("heaps_duplicate", _repeated.Count);
        _repeated = [];
    }

    private void Promote()
    {
        HasRestarted |= Continuation is null;
        count(Continuation is null ? "sender_restarts" : "heaps_missing", (Continuation ?? 2) - 1);
        count("heaps_accounted", _candidate!.Places.Count + _sharedByCandidate);
        CountHoles();
        (_main, _candidate, _sharedByCandidate) = (_candidate, null, 0);
    }

    private void DropCandidate()
    {
        if (_candidate is not null)
        {
            count(
                Steps(_candidate.Top, _main!.Top) < 0 ? "heaps_late" : "heaps_unplaced",
                _candidate.Places.Count + _sharedByCandidate);
            _candidate = null;
            _sharedByCandidate = 0;
        }
    }

    /// <summary>The heaps up to the top that have not come.</summary>
    public void CountHoles()
    {
        if (_main is not null)
        {
            count("heaps_missing", _main.TopPlace - _main.Places.Min + 1 - _main.Places.Count);
        }
    }

    /// <summary>No step comes of what waits.</summary>
    public void Forget()
    {
        count("heaps_unplaced", _cnts.Count + _sharedCnts);
        _sharedCnts = 0;
        _cnts.Clear();
    }

    private bool TryLearn()
    {
        long[] distances = [.. _cnts.Select(cnt => Distance(cnt, _cnts[0])).Distinct().Order()];
        long[] differences = [.. distances.Skip(1).Select((far, i) => far - distances[i])];
        if (differences.Length == 0)
        {
            return false;
        }

        // A common divisor that is one of the differences is the smallest of them.
        long least = differences.Min();
        int equal = differences.Count(difference => difference == least);
        bool isLearned = differences.All(difference => difference % least == 0)
            && equal * 4 >= differences.Length
            && (least == 1 || equal >= 3);
        _step = isLearned ? least : 0;
        return isLearned;
    }

    /// <summary>Cnts wrap.</summary>
    public long Distance(long cnt, long from)
    {
        long all = 1L << _addressBits;
        long distance = (((cnt - from) % all) + all) % all;
        return distance >= all / 2 ? distance - all : distance;
    }

    public long? Steps(long cnt, long from) =>
        Distance(cnt, from) % _step == 0 ? Distance(cnt, from) / _step : null;

    private sealed class Stretch(long top)
    {
        public long TopPlace { get; private set; }

        public long Top { get; private set; } = top;

        /// <summary>Which heaps have arrived, in steps from the first one.</summary>
        public SortedSet<long> Places { get; } = [];

        public long First(long step) => Top - ((TopPlace - Places.Min) * step);

        public void Pass(long steps, long step)
        {
            TopPlace += steps;
            Top += steps * step;
        }

        public bool TryAdd(long cnt, long steps)
        {
            bool isNew = Places.Add(TopPlace + steps);
            if (steps > 0)
            {
                TopPlace += steps;
                Top = cnt;
            }

            return isNew;
        }
    }
}
