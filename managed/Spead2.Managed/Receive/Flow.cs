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
    private volatile State _now = unstarted ? State.Unstarted : State.Running;

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
