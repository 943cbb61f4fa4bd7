// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>Heaps wait in a ring until a consumer pulls them.</summary>
internal sealed class RingSink : HeapSink
{
    // A wake-up costs too much for every small heap, but consumers should not wait long for large ones: so many bytes
    // of payload are pushed until they are told within a slice.
    private const ulong AnnounceBytes = 1 << 20;

    // A source that found the ring full looks for room this long before it pauses: roughly what pausing and going on
    // cost.
    private static readonly TimeSpan RoomSpin = TimeSpan.FromMicroseconds(10);

    private readonly StreamCore _stream;

    // Finished heaps that found the ring full.
    private HeapQueue _waiting;

    // Bytes of payload pushed since consumers were last told. Under the stream's lock.
    private ulong _unannouncedBytes;

    // Heaps wait, and no source is trying again: the consumer that makes room settles.
    private volatile bool _leftToConsumer;

    // Somebody is to be called back when no lock is held.
    private int _callBackDue;

    public RingSink(StreamCore stream, int capacity, TimeSpan spinTime)
    {
        _stream = stream;
        Ring = new(capacity);
        ReadyHandle = new(Ring);
        Consumer = new(this, spinTime);
    }

    public Ring<LiveHeap> Ring { get; }

    /// <summary>What foreign event loops wait for.</summary>
    public ReadyHandle ReadyHandle { get; }

    /// <summary>The way of heaps out of the ring.</summary>
    public RingConsumer Consumer { get; }

    /// <summary>Called back as asked for by <see cref="Ring{T}.Request"/>, without any lock held.</summary>
    public Action? Ready { get; set; }

    public override bool IsFull => !_waiting.IsEmpty;

    public override void Deliver(LiveHeap heap)
    {
        ulong bytes = heap.ReceivedLength;
        if (!_waiting.IsEmpty || !Ring.TryPush(heap))
        {
            _stream.CountBlocked(isFirst: _waiting.IsEmpty);
            _waiting.Add(heap);
            return;
        }

        _unannouncedBytes += bytes;
        if (_unannouncedBytes >= AnnounceBytes)
        {
            TakeNews();
            Announce();
        }
    }

    public override bool TryMakeRoom()
    {
        do
        {
            _waiting.MoveTo(Ring);
            _leftToConsumer = !_waiting.IsEmpty;
            if (!_leftToConsumer)
            {
                return true;
            }

            // The consumer makes room before it looks whether heaps are left to it; here it is the other way round, so
            // that one of both sees what the other did.
            Interlocked.MemoryBarrier();
        }
        while (Ring.HasRoom);
        return false;
    }

    public override void End()
    {
        if (!Ring.IsEnded)
        {
            Ring.End();
        }
    }

    public override bool TakeNews()
    {
        _unannouncedBytes = 0;
        return Ring.TakeNews();
    }

    public override void Announce()
    {
        if (Ring.Announce())
        {
            Volatile.Write(ref _callBackDue, 1);
        }

        ReadyHandle.Update();
    }

    public override void CallBack()
    {
        if (Volatile.Read(ref _callBackDue) != 0 && Interlocked.Exchange(ref _callBackDue, 0) != 0)
        {
            Ready?.Invoke();
        }
    }

    public override void SpinForRoom() => Spin.Until(Ring, static ring => ring.HasRoom, RoomSpin);

    /// <summary>
    /// A consumer has taken heaps, or found none: those that wait for room get their turn. Without any lock.
    /// </summary>
    /// <returns>Whether heaps may have moved to the ring.</returns>
    public bool SeeToWaiting()
    {
        Interlocked.MemoryBarrier();
        ReadyHandle.Update();
        if (!_leftToConsumer || !Ring.HasRoom)
        {
            return false;
        }

        _stream.Settle();
        CallBack();
        return true;
    }

    public override void Free()
    {
        lock (_stream.Gate)
        {
            _waiting.Free();
        }

        _stream.Settle();
        while (Ring.Pop() is { } heap)
        {
            heap.Free();
        }

        CallBack();
    }
}
