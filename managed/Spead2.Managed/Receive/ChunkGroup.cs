// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using Spead2.Chunks;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>
/// A sequence of chunks: the window that streams place heaps in, the chunks that wait for the consumer, and the free ones.
/// Its lock is taken last, and never during a copy.
/// </summary>
/// <remarks>
/// A chunk that leaves the window gets in line for the consumer at once, in order, but can be taken only when no slice of a
/// member refers to it. So a member that does nothing keeps nothing.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "Free disposes the timer.")]
internal sealed class ChunkGroup
{
    private readonly Lock _lock = new();
    private readonly long _timeout;
    private readonly Timer? _timer;

    // By number: those of [_head, _tail).
    private readonly Chunk?[] _window;
    private long _head;
    private long _tail;

    // In line for the consumer.
    private readonly Queue<Chunk> _line = new();
    private readonly long _lineLimit;

    private readonly Stack<Chunk> _free = new();

    // Of the chunks' data.
    private readonly BlockReuse _reuse = new();

    private ChunkMember[] _members = [];
    private int _waiting;
    private bool _absentAreSilent;
    private bool _isStopping;
    private bool _drops;
    private volatile bool _hasEnded;

    // Also read without the lock: something happened that others are to be told of.
    private volatile bool _hasNews;
    private volatile bool _isRequested;
    private long _latest = -1;

    // Statistics:
    private long _emitted;
    private long _dropped;
    private long _skipped;
    private long _waitsForRoom;
    private long _waitsForFree;
    private long _waitsForMembers;
    private long _timeouts;

    public ChunkGroup(ChunkWindowOptions options)
    {
        MaxChunks = options.MaxChunks;
        Members = options.Members;
        IsLossless = options.IsLossless;
        _lineLimit = options.LineLimit;
        _timeout = options.MemberTimeout;
        _window = new Chunk?[MaxChunks];
        if (IsLossless && _timeout != ChunkWindowOptions.Never)
        {
            _timer = new(static group => ((ChunkGroup)group!).SettleWaiting(), this, Timeout.Infinite, Timeout.Infinite);
        }
    }

    /// <summary>Chunks of the window.</summary>
    public int MaxChunks { get; }

    /// <summary>Streams that there will be.</summary>
    public int Members { get; }

    public bool IsLossless { get; }

    public ChunkOrigin Origin { get; } = new();

    /// <summary>Consumers that wait in a blocking read.</summary>
    public Wake Waiters { get; } = new();

    /// <summary>Called without any lock when the answer to <see cref="RequestReady"/> has changed.</summary>
    public Action? Ready { get; set; }

    public bool HasNews => _hasNews;

    public ChunkGroupStatistics Statistics
    {
        get
        {
            lock (_lock)
            {
                return new(
                    _emitted, _dropped, _skipped, _waitsForRoom, _waitsForFree, _waitsForMembers, _timeouts, _free.Count,
                    _line.Count);
            }
        }
    }

    private bool CanPop => _line.TryPeek(out Chunk? chunk) && chunk.References == 0;

    private bool HasNoMore => _hasEnded && _line.Count == 0;

    /// <summary>Makes a stream a member.</summary>
    /// <exception cref="InvalidOperationException">There are as many as there will be, or the group has ended.</exception>
    public void Join(ChunkMember member)
    {
        lock (_lock)
        {
            if (_members.Length == Members || _isStopping || _hasEnded)
            {
                throw new InvalidOperationException(
                    _members.Length == Members
                        ? $"The group has {Members} streams already, which is its {nameof(ChunkGroupOptions.Members)}."
                        : "The group has been stopped.");
            }

            _members = [.. _members, member];
        }
    }

    /// <summary>
    /// Moves the window to a chunk that a member needs, as far as there is room, and has the member refer to it. Under the
    /// member's lock.
    /// </summary>
    /// <param name="member">The member.</param>
    /// <param name="number">Not negative, and not the largest number.</param>
    /// <param name="isFirst">Whether a wait begins if it has to wait.</param>
    /// <param name="chunk">The chunk, if it is here.</param>
    public ChunkAnswer Reach(ChunkMember member, long number, bool isFirst, out Chunk? chunk)
    {
        chunk = null;
        lock (_lock)
        {
            EndWait(member);
            if (_isStopping || member.HasEnded)
            {
                return ChunkAnswer.Ended;
            }

            member.IsSilent = false;
            if (number < _head || number < member.Head)
            {
                return ChunkAnswer.TooOld;
            }

            if (number - member.MaxChunks + 1 > member.Head)
            {
                member.Head = number - member.MaxChunks + 1;
                member.DropBefore(member.Head);
                _hasNews = true;
            }

            while (number >= _tail)
            {
                if (!TryStep(number, member, isFirst))
                {
                    member.WaitsFor = number;
                    _waiting++;
                    return ChunkAnswer.Wait;
                }
            }

            member.WaitBegan = 0;
            chunk = _window[number % MaxChunks];
            member.Hold(chunk!);
            return ChunkAnswer.Here;
        }
    }

    /// <summary>Whether a heap of this chunk would move a member's own window.</summary>
    public bool MovesWindow(ChunkMember member, long number)
    {
        lock (_lock)
        {
            return number - member.MaxChunks + 1 > Math.Max(_head, member.Head);
        }
    }

    /// <summary>A chunk that a member has placed a heap in before, which it then refers to; null if it has left the window.</summary>
    public Chunk? TryAcquire(ChunkMember member, long number)
    {
        lock (_lock)
        {
            if (number < _head || number < member.Head || number >= _tail)
            {
                return null;
            }

            Chunk chunk = _window[number % MaxChunks]!;
            member.Hold(chunk);
            return chunk;
        }
    }

    /// <summary>A member refers to no chunk any more.</summary>
    public void Release(ChunkMember member)
    {
        lock (_lock)
        {
            member.DropBefore(long.MaxValue);
            _hasNews = true;
        }
    }

    /// <summary>A member has ended. Under its lock.</summary>
    public void End(ChunkMember member)
    {
        lock (_lock)
        {
            EndWait(member);
            member.HasEnded = true;
            _hasNews = true;
            if (_members.Length == Members && Array.TrueForAll(_members, other => other.HasEnded))
            {
                EndAll();
            }
        }
    }

    /// <summary>Takes the next chunk for the consumer.</summary>
    public ReadResult Pop(out Chunk? chunk)
    {
        chunk = null;
        lock (_lock)
        {
            if (!CanPop)
            {
                return HasNoMore ? ReadResult.Stopped : ReadResult.Empty;
            }

            chunk = _line.Dequeue();
            chunk.Take();
        }

        SettleWaiting();
        return ReadResult.Item;
    }

    /// <summary>What <see cref="Pop"/> would say.</summary>
    public ReadResult Look()
    {
        lock (_lock)
        {
            return CanPop ? ReadResult.Item : HasNoMore ? ReadResult.Stopped : ReadResult.Empty;
        }
    }

    /// <summary>Asks for one call of <see cref="Ready"/> when there is a chunk or never will be one again, unless that is so.</summary>
    public ReadResult RequestReady()
    {
        lock (_lock)
        {
            ReadResult result = CanPop ? ReadResult.Item
                : HasNoMore ? ReadResult.Stopped
                : ReadResult.Empty;
            _isRequested = result == ReadResult.Empty;
            return result;
        }
    }

    /// <summary>Adds a free chunk, which is in no group.</summary>
    public void AddFree(Chunk chunk) => TryAddFree(chunk, evenEnded: true);

    /// <summary>Takes a chunk back from the consumer; frees it if no heap comes any more.</summary>
    public void Return(Chunk chunk)
    {
        if (!TryAddFree(chunk, evenEnded: false))
        {
            chunk.Owner.Free(chunk);
        }
    }

    /// <summary>Stops all members and ends the sequence.</summary>
    public void Stop(bool drain)
    {
        ChunkMember[] members;
        lock (_lock)
        {
            if (!_isStopping && !_hasEnded)
            {
                _isStopping = true;
                _drops = !drain;
            }

            members = _members;
        }

        foreach (ChunkMember member in members)
        {
            member.Stream.EndInside();
        }

        lock (_lock)
        {
            EndAll();
        }

        Wake();
        CallBack();
    }

    /// <summary>Frees all chunks but those of consumers, which are freed when they come back. After a stop; again, it does nothing.</summary>
    public void Free()
    {
        Chunk[] chunks;
        lock (_lock)
        {
            chunks = [.. _line, .. _free];
            _line.Clear();
            _free.Clear();
        }

        // User code may be called.
        foreach (Chunk chunk in chunks)
        {
            chunk.Owner.Free(chunk);
        }

        _timer?.Dispose();
    }

    /// <summary>Wakes consumers that block, after something has happened. With or without locks.</summary>
    public void Wake()
    {
        Interlocked.MemoryBarrier();
        Waiters.WakeAll();
    }

    /// <summary>Tells consumers that wait otherwise, and members that may go on. Without any lock.</summary>
    public void CallBack()
    {
        if (!_hasNews)
        {
            return;
        }

        bool isAnswer = false;
        lock (_lock)
        {
            _hasNews = false;
            if (_isRequested && (CanPop || HasNoMore))
            {
                _isRequested = false;
                isAnswer = true;
            }
        }

        if (isAnswer)
        {
            Ready?.Invoke();
        }

        SettleWaiting();
    }

    /// <summary>False if the group has ended and takes no chunk then: nobody would free it.</summary>
    private unsafe bool TryAddFree(Chunk chunk, bool evenEnded)
    {
        new Span<byte>(chunk.Memory.Present, (int)chunk.Memory.PresentSize).Clear();
        lock (_lock)
        {
            if (_hasEnded && !evenEnded)
            {
                return false;
            }

            _free.Push(chunk);
        }

        SettleWaiting();
        return true;
    }

    /// <summary>Members that wait look whether they can go on. Without any lock.</summary>
    private void SettleWaiting()
    {
        if (Volatile.Read(ref _waiting) == 0)
        {
            return;
        }

        foreach (ChunkMember member in Volatile.Read(ref _members))
        {
            if (member.WaitsFor >= 0)
            {
                member.Stream.Settle();
                member.Stream.Sink.CallBack();
            }
        }
    }

    /// <summary>Moves the window by one chunk towards a number; false if there is no room.</summary>
    private bool TryStep(long number, ChunkMember member, bool isFirst)
    {
        long head = number - MaxChunks + 1;
        if (head > _head)
        {
            return TryMoveHead(head, member, isFirst);
        }

        if (!_free.TryPop(out Chunk? chunk))
        {
            CountWait(isFirst, ref _waitsForFree);
            return false;
        }

        chunk.Number = _tail;
        chunk.IsFar = _reuse.Take(chunk.Memory.DataAddress);
        _reuse.Add((ulong)chunk.Memory.DataSize);
        chunk.Stream = member.StreamId;
        _window[_tail % MaxChunks] = chunk;
        _tail++;
        return true;
    }

    private bool TryMoveHead(long head, ChunkMember member, bool isFirst)
    {
        if (IsLossless)
        {
            head = Math.Min(head, LeastHead(member, head));
            if (head <= _head)
            {
                CountWait(isFirst, ref _waitsForMembers);
                return false;
            }
        }

        if (_head == _tail)
        {
            _head = head;
            _tail = head;
            return true;
        }

        if (_line.Count >= _lineLimit)
        {
            CountWait(isFirst, ref _waitsForRoom);
            return false;
        }

        Emit();
        return true;
    }

    private static void CountWait(bool isFirst, ref long counter) => counter += isFirst ? 1 : 0;

    /// <summary>The oldest chunk of the window gets in line.</summary>
    private void Emit()
    {
        Chunk chunk = _window[_head % MaxChunks]!;
        _window[_head % MaxChunks] = null;
        chunk.Skipped = _latest < 0 ? 0 : _head - _latest - 1;
        _latest = _head;
        _head++;
        _line.Enqueue(chunk);
        _hasNews = true;
        _emitted++;
        _skipped += chunk.Skipped;
    }

    /// <summary>The window's chunks get in line, or are free. Nothing comes any more.</summary>
    private void EndAll()
    {
        while (_head < _tail)
        {
            if (!_drops)
            {
                Emit();
                continue;
            }

            Chunk chunk = _window[_head % MaxChunks]!;
            _window[_head % MaxChunks] = null;
            _head++;
            _free.Push(chunk);
            _dropped++;
        }

        _hasEnded = true;
        _hasNews = true;
    }

    private void EndWait(ChunkMember member)
    {
        if (member.WaitsFor >= 0)
        {
            member.WaitsFor = -1;
            _waiting--;
        }
    }

    /// <summary>How far the window may move, at most up to a number, with regard to the other members.</summary>
    private long LeastHead(ChunkMember waiter, long most)
    {
        long now = _timeout == ChunkWindowOptions.Never ? 0 : Clock.Now;
        waiter.WaitBegan = waiter.WaitBegan == 0 ? now : waiter.WaitBegan;
        long least = most;
        long due = long.MaxValue;
        foreach (ChunkMember member in _members)
        {
            if (member == waiter || member.HasEnded || member.IsSilent || member.Head >= least)
            {
                continue;
            }

            long began = Math.Max(member.LastActive, waiter.WaitBegan);
            if (member.WaitsFor < 0 && IsOver(began, now, ref due))
            {
                member.IsSilent = true;
                _timeouts++;
            }
            else
            {
                least = member.Head;
            }
        }

        if (_members.Length < Members && !_absentAreSilent)
        {
            _absentAreSilent = IsOver(waiter.WaitBegan, now, ref due);
            least = _absentAreSilent ? least : 0;
            _timeouts += _absentAreSilent ? 1 : 0;
        }

        if (least < most && due != long.MaxValue)
        {
            _timer?.Change((due - now) / Clock.NanosecondsPerMillisecond + 1, Timeout.Infinite);
        }

        return least;
    }

    /// <summary>Whether a silence has lasted too long; otherwise, when it will have.</summary>
    private bool IsOver(long began, long now, ref long due)
    {
        if (_timeout == ChunkWindowOptions.Never)
        {
            return false;
        }

        if (now - began >= _timeout)
        {
            return true;
        }

        due = Math.Min(due, began + _timeout);
        return false;
    }
}
