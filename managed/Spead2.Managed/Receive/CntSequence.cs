// SPDX-License-Identifier: MIT

using System.Numerics;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>The heap cnts of a substream, or of one of a packet source.</summary>
internal sealed class CntSequence(ulong step, Tally tally)
{
    // Heaps that a step is learned from: the first time, and the last. Of the differences between their cnts one in
    // LeastShare must be the step, and LeastEqual of them, unless it is 1.
    private const int FirstLesson = 16;
    private const int LastLesson = 64;
    private const int LeastShare = 4;
    private const int LeastEqual = 3;

    // Heaps in a row that make a sequence of repetitions.
    private const int RepeatedRun = 8;

    // Steps that a sequence may be ahead of the one before, as its continuation.
    private const long MostAhead = 1 << 24;

    // Heaps, as long as the step is not known.
    private readonly List<(ulong Cnt, ulong Sender)> _lesson = [];

    // Further heaps with these cnts.
    private long _lessonShared;

    private ulong _step = step;
    private CntStretch _main;

    // Heaps in a row that have no place in the main stretch.
    private CntStretch _candidate;

    // Further heaps with cnts of those.
    private long _candidateShared;

    // Of the latest heap: its sender, 0 if it is not known, and whether others may have its cnt.
    private int _addressBits;
    private ulong _sender;
    private bool _shares;

    // Heaps in a row that repeat, each the successor of the one before, those of them that another sender had sent, and the
    // cnt of the latest.
    private int _repeated;
    private int _repeatedOfOthers;
    private ulong _lastRepeated;

    // Senders before and after the latest restart with another one; 0: there was none.
    private ulong _replaced;
    private ulong _successor;

    private enum Placing
    {
        Placed,
        Repeated,
        Outside,
    }

    /// <summary>What has come, but for heaps that have no place yet.</summary>
    public ref CntStretch Main => ref _main;

    /// <summary>How far the cnts of neighbouring heaps are apart; 0: not known yet.</summary>
    public ulong Step => _step;

    /// <summary>Bits of the latest heap's cnt.</summary>
    public int AddressBits => _addressBits;

    /// <summary>Whether heaps have no place in the main stretch that may be the next one.</summary>
    public bool HasCandidate => _candidate.Span != 0;

    /// <summary>Whether heaps wait for the step to be known.</summary>
    public bool IsInLesson => _lesson.Count != 0;

    /// <summary>Number of the latest of those.</summary>
    public ulong LatestOfLesson => _lesson[^1].Cnt;

    /// <summary>The group's: the one that it belongs to; 0: none.</summary>
    public int Group { get; set; }

    /// <summary>The group's: whether it has belonged to one.</summary>
    public bool WasMember { get; set; }

    /// <summary>The group's: number of the latest heap of other sets when its first one came.</summary>
    public ulong? Before { get; init; }

    /// <summary>The group's: heaps that it had before the first one of this set, if they are not counted yet.</summary>
    public long Late { get; set; }

    /// <summary>A heap has begun. Says in it whether it is a repetition.</summary>
    /// <returns>Whether the sequence has gone on.</returns>
    /// <param name="heap">The heap.</param>
    /// <param name="cnt">Its cnt, or what takes its place.</param>
    /// <param name="shares">Whether further heaps with its cnt are no duplicates.</param>
    public bool Take(LiveHeap heap, ulong cnt, bool shares)
    {
        _addressBits = heap.AddressBits;
        _sender = heap.SenderNumber;
        _shares = shares;
        if (_step != 0)
        {
            bool isFirst = _main.Span == 0;
            ulong top = _main.Top;
            heap.IsRepeat = Take(cnt);
            return isFirst || _main.Top != top;
        }

        bool isKnown = _lesson.Exists(known => known.Cnt == cnt);
        if (shares && isKnown)
        {
            _lessonShared++;
            return true;
        }

        heap.IsRepeat = isKnown;
        _lesson.Add((cnt, _sender));
        bool isLesson = _lesson.Count >= FirstLesson && BitOperations.IsPow2(_lesson.Count);
        if (isLesson && !TryLearn() && _lesson.Count == LastLesson)
        {
            ForgetLesson();
        }

        return true;
    }

    /// <summary>What is not in the window of the last heaps any more has been counted; now the rest is.</summary>
    public void CountHoles()
    {
        tally[Statistic.HeapsMissing] += _main.Holes;
        _main.Missing += _main.Holes;
    }

    /// <summary>The stream has ended: all heaps get their place.</summary>
    /// <returns>False: there is no telling.</returns>
    /// <param name="hasRestarted">Set if the sequence has begun again.</param>
    public bool Settle(ref bool hasRestarted)
    {
        long restarts = tally[Statistic.SenderRestarts];
        if (_step == 0 && !TryLearn())
        {
            return false;
        }

        if (_repeated >= RepeatedRun)
        {
            // Nobody else goes on.
            Restart();
        }

        EndRepetition();
        if (_candidate.Span != 0)
        {
            if (ContinuesAfter != 0 || _candidate.Received >= RepeatedRun)
            {
                Promote();
            }
            else
            {
                DropCandidate();
            }
        }

        hasRestarted = tally[Statistic.SenderRestarts] != restarts;
        return true;
    }

    /// <summary>The step is known now: the heaps so far get their places.</summary>
    public void EndLesson(ulong step)
    {
        _step = step;
        foreach ((ulong cnt, ulong sender) in _lesson)
        {
            _sender = sender;
            Take(cnt);
        }

        tally[Statistic.HeapsAccounted] += _lessonShared;
        _lessonShared = 0;
        _lesson.Clear();
    }

    /// <summary>How far the candidate is ahead of what was so far, if that goes on there, or else 0.</summary>
    private long ContinuesAfter
    {
        get
        {
            if (AreDifferent(_main.OnlySender, _candidate.OnlySender))
            {
                // A sender that has restarted has another port.
                return 0;
            }

            ulong first = _candidate.Top - ((ulong)(_candidate.Span - 1) * _step);
            return TryCountSteps(first, _main.Top, out long steps) && steps is > 0 and < MostAhead ? steps : 0;
        }
    }

    /// <summary>Whether both are known, and are not the same.</summary>
    private static bool AreDifferent(ulong sender, ulong other) => sender != 0 && other != 0 && sender != other;

    /// <summary>True if a heap with this cnt has come before.</summary>
    private bool Take(ulong cnt)
    {
        if (_main.Span == 0)
        {
            tally[Statistic.HeapsAccounted]++;
            _main = CntStretch.Of(cnt, 1, _sender);
            return false;
        }

        if (_repeated >= RepeatedRun && GoesOn(cnt))
        {
            return TakeRepeated(cnt);
        }

        long missing = _main.Missing;
        Placing where = Place(ref _main, cnt);
        tally[Statistic.HeapsMissing] += _main.Missing - missing;
        if (_candidate.Span != 0 && where != Placing.Outside)
        {
            DropCandidate();
        }

        if (where == Placing.Repeated && !_shares)
        {
            return TakeRepeated(cnt);
        }

        if (_repeated != 0)
        {
            EndRepetition();
        }

        if (where != Placing.Outside)
        {
            tally[Statistic.HeapsAccounted]++;
            return false;
        }

        return TakeStray(cnt);
    }

    /// <summary>
    /// Whether the latest heap goes on with repetitions of another sender, in which case it is not the first one's. What that
    /// has not sent yet tells that it does not send any more: a restart.
    /// </summary>
    private bool GoesOn(ulong cnt)
    {
        if (!AreDifferent(_sender, _main.LatestSender) || !TryCountSteps(cnt, _lastRepeated, out long steps) || steps != 1)
        {
            return false;
        }

        bool isNew = TryCountSteps(cnt, _main.Top, out steps) && steps > 0;
        if (isNew)
        {
            Restart();
        }

        return !isNew;
    }

    /// <summary>How far a cnt is ahead of another one, where cnts wrap.</summary>
    public long Ahead(ulong cnt, ulong other)
    {
        int unused = 64 - _addressBits;
        return (long)((cnt - other) << unused) >> unused;
    }

    /// <summary>The same in steps; false if it is not a number of them.</summary>
    public bool TryCountSteps(ulong cnt, ulong other, out long steps)
    {
        (steps, long rest) = Math.DivRem(Ahead(cnt, other), (long)_step);
        return rest == 0;
    }

    /// <summary>Puts a heap where it belongs in a stretch, if that is in its window.</summary>
    private Placing Place(ref CntStretch stretch, ulong cnt)
    {
        if (!TryCountSteps(cnt, stretch.Top, out long steps) ||
            steps is > CntStretch.Window or <= -CntStretch.Window)
        {
            return Placing.Outside;
        }

        if (steps > 0)
        {
            stretch.Advance(cnt, (int)steps, _sender);
            return Placing.Placed;
        }

        return stretch.TryFill((int)-steps, _sender) ? Placing.Placed : Placing.Repeated;
    }

    /// <summary>A heap far from the sequence, or off its step. True if it has come before.</summary>
    private bool TakeStray(ulong cnt)
    {
        Placing where = _candidate.Span == 0 ? Placing.Outside : Place(ref _candidate, cnt);
        if (where == Placing.Repeated && _shares)
        {
            _candidateShared++;
        }
        else if (where == Placing.Repeated)
        {
            tally[Statistic.HeapsDuplicate]++;
        }
        else if (where == Placing.Outside)
        {
            DropCandidate();
            _candidate = CntStretch.Of(cnt, 1, _sender);
        }
        else if (_candidate.Received == CntStretch.Run)
        {
            Promote();
        }

        return where == Placing.Repeated && !_shares;
    }

    /// <summary>
    /// A heap that has come before: the network's doing, another sender's, or that of the sender, which has restarted: then it
    /// is false. Another sender may have begun while the first one goes on, so that more of its heaps are waited for.
    /// </summary>
    private bool TakeRepeated(ulong cnt)
    {
        if (_repeated != 0 && !(TryCountSteps(cnt, _lastRepeated, out long steps) && steps == 1))
        {
            EndRepetition();
        }

        _lastRepeated = cnt;
        _repeated++;
        _repeatedOfOthers += AreDifferent(_sender, _main.LatestSender) ? 1 : 0;
        if (_repeated < (_repeatedOfOthers == 0 ? RepeatedRun : CntStretch.Run))
        {
            return true;
        }

        Restart();
        return false;
    }

    /// <summary>The repetitions in a row are a sequence that has begun again.</summary>
    private void Restart()
    {
        tally[Statistic.HeapsMissing] += _main.Holes;
        tally[Statistic.HeapsAccounted] += _repeated;
        CountRestart();
        _main = CntStretch.Of(_lastRepeated, _repeated, _sender);
        _repeated = 0;
        _repeatedOfOthers = 0;
    }

    /// <summary>
    /// The sequence begins again, with the latest heap's sender. Where the same two have taken turns before, both send.
    /// </summary>
    private void CountRestart()
    {
        ulong before = _main.LatestSender;
        if (!AreDifferent(before, _sender))
        {
            tally[Statistic.SenderRestarts]++;
            return;
        }

        tally[Statistic.SenderRestarts] += _sender != _replaced && _sender != _successor ? 1 : 0;
        _replaced = before;
        _successor = _sender;
    }

    private void EndRepetition()
    {
        tally[Statistic.HeapsDuplicate] += _repeated;
        tally[Statistic.HeapsMixed] += _repeatedOfOthers;
        _repeated = 0;
        _repeatedOfOthers = 0;
    }

    /// <summary>
    /// The candidate takes the place of what was so far: the sequence goes on there, or begins again.
    /// </summary>
    private void Promote()
    {
        long steps = ContinuesAfter;
        if (steps != 0)
        {
            tally[Statistic.HeapsMissing] += steps - 1;
        }
        else
        {
            CountRestart();
        }

        tally[Statistic.HeapsMissing] += _main.Holes + _candidate.Missing;
        tally[Statistic.HeapsAccounted] += _candidate.Received + _candidateShared;
        _main = _candidate;
        _candidate = default;
        _candidateShared = 0;
    }

    /// <summary>The candidate's heaps, if there are any, were stray ones.</summary>
    private void DropCandidate()
    {
        bool late = TryCountSteps(_candidate.Top, _main.Top, out long steps) && steps < 0;
        tally[late ? Statistic.HeapsLate : Statistic.HeapsUnplaced] += _candidate.Received + _candidateShared;
        _candidate = default;
        _candidateShared = 0;
    }

    /// <summary>True if the step is known now.</summary>
    private bool TryLearn()
    {
        ulong step = LearnedStep();
        if (step != 0)
        {
            EndLesson(step);
        }

        return step != 0;
    }

    /// <summary>The step that the lesson teaches, or 0.</summary>
    private ulong LearnedStep()
    {
        long[] places = [.. _lesson.Select(heap => Ahead(heap.Cnt, _lesson[0].Cnt)).Distinct().Order()];
        ulong[] differences = [.. places.Zip(places.Skip(1), (near, far) => (ulong)(far - near))];
        ulong step = differences.Aggregate(0UL, CommonDivisor);
        int equal = differences.Count(difference => difference == step);
        bool often = equal > 0 && equal * LeastShare >= differences.Length;
        return often && (step == 1 || equal >= LeastEqual) && step <= ReceiveStreamOptions.LargestCntStep ? step : 0;
    }

    /// <summary>No lesson comes of these heaps.</summary>
    public void ForgetLesson()
    {
        tally[Statistic.HeapsUnplaced] += _lesson.Count + _lessonShared;
        _lessonShared = 0;
        _lesson.Clear();
    }

    private static ulong CommonDivisor(ulong a, ulong b)
    {
        while (b != 0)
        {
            (a, b) = (b, a % b);
        }

        return a;
    }
}
