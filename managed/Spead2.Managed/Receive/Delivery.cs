// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>What goes out of a stream: the ring, and the heaps that wait for room in it.</summary>
internal sealed class Delivery
{
    // A wake-up costs too much for every small heap, but consumers should not wait long for large ones: so many bytes
    // of payload are pushed until they are told within a turn.
    private const ulong AnnounceBytes = 1 << 20;

    // A reader that found the ring full looks for room this long before it is paused: roughly what being paused and
    // resumed costs.
    private static readonly TimeSpan RoomSpin = TimeSpan.FromMicroseconds(10);

    private readonly StreamCore _stream;
    private WaitingHeaps _waiting;

    // Bytes of payload pushed since consumers were last told. Under the stream's lock.
    private ulong _unannouncedBytes;

    // Finished heaps found the ring full and no reader is trying again soon: the consumer that makes room settles.
    private volatile bool _blocked;

    // Somebody is to be called back when no lock is held.
    private int _readyDue;

    public Delivery(StreamCore stream, int capacity)
    {
        _stream = stream;
        Ring = new(capacity);
        ReadyHandle = new(Ring);
    }

    public Ring Ring { get; }

    /// <summary>What foreign event loops wait for.</summary>
    public ReadyHandle ReadyHandle { get; }

    /// <summary>Called back as asked for by <see cref="Ring.Request"/>, without any lock held.</summary>
    public Action? Ready { get; set; }

    /// <summary>Whether finished heaps wait for room. Under the stream's lock.</summary>
    public bool HasWaiting => !_waiting.IsEmpty;

    /// <summary>Gives a finished heap to the consumer, or lets it wait for room. Under the stream's lock.</summary>
    public void Deliver(LiveHeap heap)
    {
        ulong bytes = heap.ReceivedLength;
        if (_waiting.IsEmpty && Ring.TryPush(heap))
        {
            _unannouncedBytes += bytes;
            if (_unannouncedBytes >= AnnounceBytes)
            {
                _unannouncedBytes = 0;
                Ring.TakeNews();
                Announce();
            }

            return;
        }

        _waiting.Add(heap);
        _stream.Tally[Statistic.WorkerBlocked]++;
        if (_stream.IsLossy)
        {
            _stream.Log.Write(
                MessageKind.RingFull,
                LogLevel.Warning,
                0,
                static _ => "the ring is full: the consumer is too slow, and packets may be lost (a larger " +
                    "ring_heaps helps against bursts)");
        }
    }

    /// <summary>
    /// Moves waiting heaps to the ring. If none is left, readers go on, and a stopped stream's ring ends. Else, if the
    /// stream has stopped, the consumer will have to see to it. Under the stream's lock.
    /// </summary>
    public void Settle()
    {
        _waiting.MoveTo(Ring);
        if (HasWaiting && (_stream.IsStopped || _blocked))
        {
            LeaveToConsumer();
        }

        if (HasWaiting)
        {
            return;
        }

        _blocked = false;
        if (!_stream.IsHeld)
        {
            _stream.Readers.Resume();
        }

        if (_stream.IsStopped && !Ring.IsStopped)
        {
            Ring.Stop();
        }
    }

    /// <summary>Gives the stream's lock back, and tells waiting consumers what was pushed under it.</summary>
    public void Unlock()
    {
        bool news = Ring.TakeNews();
        _unannouncedBytes = 0;
        _stream.Gate.Exit();
        if (news)
        {
            Announce();
        }
    }

    /// <summary>
    /// Waits for room, very briefly; if there is none the reader is paused. Between its turns, without the stream's
    /// lock.
    /// </summary>
    /// <returns>Whether the reader may go on.</returns>
    public bool WaitForRoom(Reader reader)
    {
        Spin.Until(Ring, static ring => ring.HasRoom, RoomSpin);
        _stream.Gate.Enter();
        _waiting.MoveTo(Ring);
        if (HasWaiting && !_stream.IsStopped)
        {
            reader.IsPaused = true;
            _blocked = true;
        }

        Settle();
        bool goOn = !reader.IsPaused;
        if (!goOn)
        {
            reader.Pause();
        }

        Unlock();
        return goOn;
    }

    /// <summary>Calls back whoever is to be. Without any lock.</summary>
    public void CallReadyIfDue()
    {
        if (Volatile.Read(ref _readyDue) != 0 && Interlocked.Exchange(ref _readyDue, 0) != 0)
        {
            Ready?.Invoke();
        }
    }

    /// <summary>
    /// A consumer has taken heaps, or found none: those that wait for room get their turn. Without any lock.
    /// </summary>
    /// <returns>Whether heaps may have moved to the ring.</returns>
    public bool SeeToBlocked()
    {
        Interlocked.MemoryBarrier();
        ReadyHandle.Update();
        if (!_blocked || !Ring.HasRoom)
        {
            return false;
        }

        _stream.Gate.Enter();
        Settle();
        Unlock();
        CallReadyIfDue();
        return true;
    }

    /// <summary>Gives back all heaps that nobody has taken, after the stream has stopped.</summary>
    public void FreeAll()
    {
        _stream.Gate.Enter();
        _waiting.Free();
        Settle();
        Unlock();
        while (Ring.Pop() is { } heap)
        {
            heap.Free();
        }

        CallReadyIfDue();
    }

    /// <summary>Leaves the waiting heaps to the consumer, unless it has just made room.</summary>
    private void LeaveToConsumer()
    {
        _blocked = true;
        Interlocked.MemoryBarrier();
        if (Ring.HasRoom)
        {
            _waiting.MoveTo(Ring);
        }
    }

    private void Announce()
    {
        if (Ring.Announce())
        {
            Volatile.Write(ref _readyDue, 1);
        }

        ReadyHandle.Update();
    }
}
