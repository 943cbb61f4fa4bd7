// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>
/// Whether the sources of a stream may hand over packets: the only place that knows. All of them pause and go on
/// together. Changed under the stream's lock; looked at by any thread.
/// </summary>
/// <remarks>
/// <code>
/// Unstarted → Running ⇄ Blocked
///      └─────────┴────────┴───→ Closed
/// </code>
/// Unstarted: made with an explicit start, which has not come yet. Running: packets are handed over. Blocked: finished
/// heaps wait for room in the sink. Closed: stopped by the user, by a stop item or by the end of a source; for good.
/// </remarks>
internal sealed class Flow(bool unstarted)
{
    // A source goes on waiting for another one as long as that brings the heap more payload, but not forever.
    private const int MostYields = 256;

    private volatile State _now = unstarted ? State.Unstarted : State.Running;
    private long _yields;

    private enum State
    {
        Unstarted,
        Running,
        Blocked,
        Closed,
    }

    public bool IsUnstarted => _now == State.Unstarted;

    public bool IsRunning => _now == State.Running;

    public bool IsBlocked => _now == State.Blocked;

    public bool IsClosed => _now == State.Closed;

    /// <summary>What a source is answered that asks whether it may hand over another packet.</summary>
    public PollResult Answer => _now switch
    {
        State.Running => PollResult.More,
        State.Closed => PollResult.Ended,
        _ => PollResult.Blocked,
    };

    /// <summary>The explicit start; false if it has come before, or the stream was closed.</summary>
    public bool TryStart() => TryMove(State.Unstarted, State.Running);

    /// <summary>A finished heap found the sink full.</summary>
    public void Block() => TryMove(State.Running, State.Blocked);

    /// <summary>No heap waits for room any more; false if none did.</summary>
    public bool TryResume() => TryMove(State.Blocked, State.Running);

    /// <summary>Nothing is handed over any more; false if that is so already.</summary>
    public bool TryClose()
    {
        bool closes = _now != State.Closed;
        _now = State.Closed;
        return closes;
    }

    /// <summary>How often a source has made way for another one so far. Any thread.</summary>
    public long Yields => Volatile.Read(ref _yields);

    /// <summary>
    /// Whether a source that is about to evict a heap must let the source that fed it go first: until that has had a
    /// slice that began afterwards, and again as long as the heap grows. Then
    /// <see cref="Source.YieldTo"/> says for whom it waits.
    /// </summary>
    public bool MustYield(Source source, LiveHeap heap, SourceList sources)
    {
        if (sources.Find(heap.FedBy) is not { } feeder || (heap.Yields != 0 && !IsWorthWaitingFor(feeder, heap)))
        {
            return false;
        }

        if (feeder.YieldsServed >= heap.YieldNumber)
        {
            heap.Yields++;
            heap.YieldLength = heap.ReceivedLength;
            heap.YieldNumber = _yields + 1;
            Volatile.Write(ref _yields, heap.YieldNumber);
        }

        source.YieldTo = feeder;
        return true;
    }

    // Whether the feeder has not had its slice since the heap was last about to be evicted, or has made use of it.
    private static bool IsWorthWaitingFor(Source feeder, LiveHeap heap) =>
        feeder.YieldsServed < heap.YieldNumber
        || (heap.ReceivedLength != heap.YieldLength && heap.Yields < MostYields);

    private bool TryMove(State from, State to)
    {
        bool moves = _now == from;
        if (moves)
        {
            _now = to;
        }

        return moves;
    }
}
