// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>
/// A source as a member of those that share a port (<see cref="Steering"/>). Its source's, under that one's lock, but for
/// what any thread may call.
/// </summary>
internal sealed class SteeredMember(Steering steering, int index)
{
    /// <summary>
    /// A stream has no more heaps than this that stay live without a slot, nor so many bytes of several: then the oldest
    /// ones are evicted.
    /// </summary>
    public const int MostKeptHeaps = 4096;

    /// <inheritdoc cref="MostKeptHeaps"/>
    public const long MostKeptBytes = 64 << 20;

    // A member that has so many bytes of strays to take gets no more: then others pause, too.
    private const long MostWaiting = 16 << 20;

    // A member that has waited for the others so long goes on without them: one of them is stuck in a function of its
    // user, or gets more than it can take. For a while nobody waits then.
    private const long Patience = 3_000_000_000;
    private const long Impatience = 1_000_000_000;

    // Answer of a member that is closed.
    private const long Closed = long.MaxValue;

    private const int SlicePackets = 4096;

    private readonly Lock _lock = new();

    // Under that lock; null: closed.
    private Source? _source;

    private bool _hasOpen;
    private long _rounds;
    private long _request;
    private long _asked;
    private long _holds;
    private long _reached = -1;
    private long _wanted;
    private long _noted;
    private long _notedAt;
    private long _answered;
    private long _waiting;
    private long _arrivals;
    private bool _waits;
    private bool _needsRoom;

    /// <summary>Its number among the members.</summary>
    public int Index => index;

    /// <summary>Bytes that the socket can hold.</summary>
    public long Buffered { get; set; }

    /// <summary>Largest packet in bytes.</summary>
    public int MaxSize { get; set; }

    /// <summary>A packet was held back since that was last looked at.</summary>
    public bool Wants { get; private set; }

    /// <summary>The packet under way comes from a queue.</summary>
    public bool IsStray { get; private set; }

    /// <summary>Requests that it has answered: up to this one. Any thread.</summary>
    public long Answered => Volatile.Read(ref _answered);

    /// <summary>Heaps that were pushed out stay live for it. Under the stream's lock.</summary>
    public bool Keeps { get; set; }

    /// <summary>The latest round that it has begun.</summary>
    public long Rounds => _rounds;

    /// <summary>The round that heaps which are pushed out now wait for.</summary>
    public long NextRound => _rounds + 1;

    public void Join(Source source)
    {
        _source = source;
        source.Steered = this;
    }

    /// <summary>Has the source look at what there is. Any thread.</summary>
    public void Wake()
    {
        lock (_lock)
        {
            _source?.Post();
        }
    }

    /// <summary>The same if it waits for answers.</summary>
    public void WakeAsker()
    {
        if (Interlocked.Exchange(ref _waits, false))
        {
            Wake();
        }
    }

    /// <summary>The same if it waits for room in a queue.</summary>
    public void WakeGiver()
    {
        if (Interlocked.Exchange(ref _needsRoom, false))
        {
            Wake();
        }
    }

    /// <summary>Whether heaps of this cnt are its own.</summary>
    public bool Owns(ulong cnt) => Steer.Owner(cnt, steering.Members.Length) == index;

    /// <summary>Hands a stray to the member that it belongs to; <see cref="PollResult.Yield"/>: that has no room.</summary>
    public PollResult HandOver(ulong cnt, ReadOnlySpan<byte> bytes, SenderAddress sender)
    {
        int taker = Steer.Owner(cnt, steering.Members.Length);
        if (steering.Members[taker].Answered == Closed)
        {
            _source!.CountUnused(1);
            return PollResult.More;
        }

        return Give(taker, bytes, isTruncated: false, sender) ? PollResult.More : PollResult.Yield;
    }

    /// <summary>Moves a datagram to the queue of its member; false: that has no room.</summary>
    public bool Move(ReadOnlySpan<byte> bytes, bool isTruncated, SenderAddress sender)
    {
        int taker = index;
        if (!isTruncated && !bytes.IsEmpty && Decode(bytes, out Packet packet) == PacketFault.None)
        {
            taker = Steer.Owner(packet.Cnt, steering.Members.Length);
        }

        return Give(taker, bytes, isTruncated, sender);
    }

    /// <summary>Whether the packet under way may move a window as far as this chunk. If not, it is held back.</summary>
    public bool MayReach(long chunk)
    {
        if (chunk <= _reached)
        {
            return true;
        }

        Wants = true;
        _wanted = Math.Min(_wanted, chunk);
        return false;
    }

    /// <summary>A stop item came.</summary>
    public void End() => steering.End();

    /// <summary>A slice: its strays, and its socket.</summary>
    public PollResult Poll()
    {
        Source source = _source!;
        NoteRequests();
        long arrivals = Volatile.Read(ref _arrivals);
        _wanted = long.MaxValue;
        PollResult result = TakeStrays(out bool held);
        bool taken = result == PollResult.More;
        bool exhausted = taken;
        bool empty = false;
        Wants = false;
        if (taken && steering.Queue(index, index).Peek() is null)
        {
            source.FoundEmpty = false;
            result = source.PollOrigin();
            empty = source.FoundEmpty;
            exhausted = empty || Wants;
            held |= Wants;
        }

        PushOpen();
        if (IsAsked)
        {
            bool pauses = result is not (PollResult.More or PollResult.Idle);
            if (empty || source.Counters.Bytes - _notedAt > Buffered || ((pauses || exhausted) && source.MoveStrays()))
            {
                Answer();
            }
            else if (result == PollResult.Idle)
            {
                result = PollResult.More;
            }
        }

        if (result is PollResult.Ended or PollResult.Blocked || !source.IsFlowRunning)
        {
            return result;
        }

        if (held && !exhausted && result == PollResult.Idle)
        {
            result = PollResult.More;
        }

        result = GoRound(result, taken, held && exhausted, arrivals);
        if (empty && !held)
        {
            result = EndOrWait(result, arrivals);
        }
        else if (result == PollResult.Idle && steering.Ending != 0)
        {
            // Until nothing is left.
            result = PollResult.More;
        }

        return result == PollResult.Yield && source.YieldTo is null ? PollResult.Later : result;
    }

    /// <summary>The same for one that may not hand packets over: does what others wait for.</summary>
    public void LookAside()
    {
        NoteRequests();
        if (IsAsked && _source!.MoveStrays())
        {
            Answer();
        }

        PushOpen();
    }

    /// <summary>The source is closed; gives the number of strays that waited for it.</summary>
    public long Close()
    {
        lock (_lock)
        {
            _source = null;
        }

        Volatile.Write(ref _answered, Closed);
        long left = 0;
        for (int giver = 0; giver < steering.Members.Length; giver++)
        {
            StrayQueue queue = steering.Queue(giver, index);
            while (queue.Peek() is { } block)
            {
                for (; !block.IsEmpty; left++)
                {
                    block.Skip();
                }

                queue.Skip();
            }
        }

        steering.WakeAskers();
        steering.WakeGivers();
        return left;
    }

    private PacketFault Decode(ReadOnlySpan<byte> bytes, out Packet packet)
    {
        DialectRules dialect = _source!.Dialect;
        return dialect.Flags == 0
            ? PacketDecoder.Decode(bytes, out packet)
            : PacketDecoder.Decode(bytes, dialect, out packet);
    }

    private bool Give(int taker, ReadOnlySpan<byte> bytes, bool isTruncated, SenderAddress sender)
    {
        StrayQueue queue = steering.Queue(index, taker);
        if (queue.Open?.TryAdd(bytes, isTruncated, sender) == true)
        {
            return true;
        }

        if (queue.Open is not null)
        {
            Push(queue, taker);
        }

        SteeredMember member = steering.Members[taker];
        if (Volatile.Read(ref member._waiting) >= MostWaiting)
        {
            Interlocked.Exchange(ref _needsRoom, true);
            if (Volatile.Read(ref member._waiting) >= MostWaiting)
            {
                return false;
            }
        }

        queue.Open = new(Math.Max(StrayBlock.UsualBytes, StrayBlock.SizeOf(bytes.Length)));
        queue.Open.TryAdd(bytes, isTruncated, sender);
        _hasOpen = true;
        return true;
    }

    private void Push(StrayQueue queue, int taker)
    {
        SteeredMember member = steering.Members[taker];
        StrayBlock block = queue.Open!;
        queue.Open = null;
        Interlocked.Add(ref member._waiting, block.Capacity);
        bool first = queue.Push(block);
        Interlocked.Increment(ref member._arrivals);
        if (first && taker != index)
        {
            member.Wake();
        }
    }

    private void PushOpen()
    {
        if (!_hasOpen)
        {
            return;
        }

        _hasOpen = false;
        for (int taker = 0; taker < steering.Members.Length; taker++)
        {
            StrayQueue queue = steering.Queue(index, taker);
            if (queue.Open is not null)
            {
                Push(queue, taker);
            }
        }
    }

    /// <summary>
    /// Takes what may be taken of all queues. <see cref="PollResult.More"/>: nothing is left but what is held back.
    /// </summary>
    private PollResult TakeStrays(out bool held)
    {
        held = false;
        if (Volatile.Read(ref _waiting) == 0)
        {
            return PollResult.More;
        }

        Source source = _source!;
        StreamCore stream = source.Core;
        int packets = 0;
        PollResult result = stream.Enter(source);
        IsStray = true;
        try
        {
            for (int giver = 0; giver < steering.Members.Length && result == PollResult.More; giver++)
            {
                result = TakeQueue(stream, steering.Queue(giver, index), ref packets);
                if (result == PollResult.Yield && Wants)
                {
                    Wants = false;
                    held = true;
                    result = PollResult.More;
                }
            }
        }
        finally
        {
            IsStray = false;
            stream.Leave();
        }

        if (Volatile.Read(ref _waiting) < MostWaiting / 2)
        {
            steering.WakeGivers();
        }

        return result == PollResult.More && packets >= SlicePackets ? PollResult.Interrupted : result;
    }

    private PollResult TakeQueue(StreamCore stream, StrayQueue queue, ref int packets)
    {
        PollResult result = PollResult.More;
        while (result == PollResult.More && packets < SlicePackets && queue.Peek() is { } block)
        {
            while (result == PollResult.More && !block.IsEmpty)
            {
                result = AddStray(stream, block);
                packets++;
            }

            if (block.IsEmpty)
            {
                queue.Skip();
                Interlocked.Add(ref _waiting, -block.Capacity);
            }
        }

        return result;
    }

    private PollResult AddStray(StreamCore stream, StrayBlock block)
    {
        PollResult result = PollResult.More;
        ReadOnlySpan<byte> bytes = block.Peek(out bool isTruncated, out SenderAddress sender);
        if (stream.Ingest.WantsSenders)
        {
            stream.Ingest.SetSender(sender);
        }

        if (isTruncated)
        {
            stream.Ingest.AddTruncated(bytes, MaxSize);
        }
        else
        {
            result = stream.Ingest.AddDatagram(bytes);
        }

        if (result != PollResult.Yield)
        {
            block.Skip();
        }

        return result;
    }

    private bool IsAsked => _noted != Answered;

    private void NoteRequests()
    {
        if (!IsAsked)
        {
            _noted = steering.Requests;
            _notedAt = _source!.Counters.Bytes;
        }
    }

    private void Answer()
    {
        PushOpen();
        Volatile.Write(ref _answered, _noted);
        Interlocked.MemoryBarrier();
        steering.WakeAskers();
    }

    /// <summary>Goes on with the rounds; gives what the slice's result becomes.</summary>
    /// <param name="result">The slice's result.</param>
    /// <param name="taken">All strays were taken, or are held back.</param>
    /// <param name="held">So is what is left of everything.</param>
    /// <param name="arrivals">Blocks that had arrived when the member began to take strays.</param>
    private PollResult GoRound(PollResult result, bool taken, bool held, long arrivals)
    {
        if (_request == 0 && !Keeps && !held)
        {
            return result;
        }

        long now = Clock.Now;
        if (held && _holds == 0)
        {
            _holds = NextRound;
        }

        if (_request == 0)
        {
            if (_holds == 0 && !NeedsRound())
            {
                return result;
            }

            _rounds++;
            _request = steering.MakeRequest();
            _asked = now;
            foreach (SteeredMember member in steering.Members)
            {
                if (member != this)
                {
                    member.Wake();
                }
            }
        }

        Interlocked.Exchange(ref _waits, true);
        bool passed = HasPassed(now);
        if (Volatile.Read(ref _arrivals) != arrivals)
        {
            return result == PollResult.Idle || held ? PollResult.More : result;
        }

        if (passed && taken)
        {
            EndRound(held);
            return PollResult.More;
        }

        return held ? PollResult.Later : result;
    }

    /// <summary>Whether the round under way has passed, as all answers are there or come too late.</summary>
    private bool HasPassed(long now)
    {
        if (steering.HasAnswers(_request) || now < steering.ImpatientUntil)
        {
            return true;
        }

        if (now - _asked < Patience)
        {
            return false;
        }

        steering.ImpatientUntil = now + Impatience;
        return true;
    }

    /// <summary>All that a round was for can be done: everything that was handed over has been taken.</summary>
    private void EndRound(bool held)
    {
        _request = 0;
        if (held && _holds <= _rounds)
        {
            _reached = _wanted;
        }

        _holds = 0;
        if (Keeps)
        {
            Source source = _source!;
            StreamCore stream = source.Core;
            stream.Enter(source);
            try
            {
                stream.Ingest.EndRound(this);
            }
            finally
            {
                stream.Leave();
            }
        }
    }

    /// <summary>Whether heaps that were pushed out wait for the next round.</summary>
    private bool NeedsRound()
    {
        StreamCore stream = _source!.Core;
        lock (stream.Gate)
        {
            return stream.Ingest.NeedsRound(this);
        }
    }

    /// <summary>Nothing is left: after a stop item, so for all members, the stream ends.</summary>
    private PollResult EndOrWait(PollResult result, long arrivals)
    {
        long ending = steering.Ending;
        if (ending == 0)
        {
            return result;
        }

        Interlocked.Exchange(ref _waits, true);
        bool answered = steering.HasAnswers(ending);
        if (_noted < ending || Volatile.Read(ref _arrivals) != arrivals)
        {
            return PollResult.More;
        }

        if (!answered)
        {
            return result;
        }

        Source source = _source!;
        source.Core.Enter(source);
        source.Core.Ingest.EndSource();
        source.Core.Leave();
        return PollResult.Ended;
    }
}
