// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Spead2.Managed;

/// <summary>
/// Objects on their way from one thread to others. One producer at a time (its owner's lock), any number of consumers.
/// Neither side ever waits here for the other.
/// </summary>
internal sealed class Ring<T>(int capacity)
    where T : class
{
    private readonly Slot[] _slots = new Slot[capacity];
    private readonly Lock _consumerLock = new();
    private RingEnds _ends;

    // Somebody wants to be called back when something happens.
    private int _request;
    private volatile bool _ended;

    /// <summary>Whether nothing will be pushed any more.</summary>
    public bool IsEnded => _ended;

    public bool IsEmpty => Waiting == 0;

    /// <summary>Whether a consumer that waits should look: there is an object, or never will be one again.</summary>
    public bool HasNews => !IsEmpty || IsEnded;

    /// <summary>Whether the ring is at most half full: time for a blocked producer to go on.</summary>
    public bool HasRoom => Waiting <= _slots.Length / 2;

    /// <summary>Consumers that wait in a blocking read.</summary>
    public Wake Wake { get; } = new();

    /// <summary>How many objects a pop would take at this moment. Consumers that pop wait meanwhile.</summary>
    public int Count
    {
        get
        {
            lock (_consumerLock)
            {
                return (int)Waiting;
            }
        }
    }

    private long Waiting
    {
        get
        {
            long head = Volatile.Read(ref _ends.Head);
            return Volatile.Read(ref _ends.Tail) - head;
        }
    }

    /// <summary>
    /// Producer. False if the ring is full. Consumers that look see the object at once; waiters are told by
    /// <see cref="Announce"/>.
    /// </summary>
    public bool TryPush(T item)
    {
        long tail = _ends.Tail;
        if (tail - _ends.KnownHead == _slots.Length)
        {
            _ends.KnownHead = Volatile.Read(ref _ends.Head);
            if (tail - _ends.KnownHead == _slots.Length)
            {
                return false;
            }
        }

        int slot = _ends.TailSlot;
        _slots[slot].Item = item;
        _ends.TailSlot = slot + 1 == _slots.Length ? 0 : slot + 1;
        Volatile.Write(ref _ends.Tail, tail + 1);
        _ends.News = true;
        return true;
    }

    /// <summary>Producer. Ends the ring: what is in it can still be popped. To be announced, too.</summary>
    public void End()
    {
        _ended = true;
        _ends.News = true;
    }

    /// <summary>Producer. Whether something happened that was not announced yet; it then counts as announced.</summary>
    public bool TakeNews()
    {
        bool news = _ends.News;
        _ends.News = false;
        return news;
    }

    /// <summary>
    /// Wakes consumers that wait. One announcement serves all objects pushed before it: it costs as much as a heap.
    /// </summary>
    /// <returns>Whether somebody is to be called back, who then has to ask again.</returns>
    public bool Announce()
    {
        // What was pushed must be visible before looking for waiters, which do it the other way round.
        Interlocked.MemoryBarrier();
        Wake.WakeAll();
        return Volatile.Read(ref _request) != 0 && TakeRequest();
    }

    /// <summary>Asks for a call back; includes a full fence.</summary>
    public void Request() => Interlocked.Exchange(ref _request, 1);

    /// <summary>Takes a request back; false if it is being answered.</summary>
    public bool TakeRequest() => Interlocked.Exchange(ref _request, 0) != 0;

    /// <summary>Consumer. Takes an object, or null.</summary>
    public T? Pop()
    {
        T? item = null;
        return Pop(new Span<T?>(ref item)) == 0 ? null : item;
    }

    /// <summary>Consumer. Takes objects, as many as there is room for; gives how many.</summary>
    public int Pop(Span<T?> items)
    {
        lock (_consumerLock)
        {
            long head = _ends.Head;
            int count = (int)Math.Min(items.Length, Volatile.Read(ref _ends.Tail) - head);
            int slot = _ends.HeadSlot;
            for (int i = 0; i < count; i++)
            {
                items[i] = _slots[slot].Item;
                slot = slot + 1 == _slots.Length ? 0 : slot + 1;
            }

            _ends.HeadSlot = slot;
            Volatile.Write(ref _ends.Head, head + count);
            return count;
        }
    }

    // An array of a struct is written to without a look at the type of its elements.
    private struct Slot
    {
        public T? Item;
    }
}

/// <summary>
/// Where the producer and the consumers of a <see cref="Ring{T}"/> are. What each side changes stands two cache lines
/// apart from everything else, as lines are fetched in pairs.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 3 * Apart)]
internal struct RingEnds
{
    private const int Apart = 128;

    /// <summary>Objects pushed, ever.</summary>
    [FieldOffset(Apart)]
    public long Tail;

    /// <summary>The producer's latest look at <see cref="Head"/>.</summary>
    [FieldOffset(Apart + 8)]
    public long KnownHead;

    /// <summary>The producer's: <see cref="Tail"/> as a slot.</summary>
    [FieldOffset(Apart + 16)]
    public int TailSlot;

    /// <summary>The producer's: not announced yet.</summary>
    [FieldOffset(Apart + 20)]
    public bool News;

    /// <summary>Objects popped, ever.</summary>
    [FieldOffset(2 * Apart)]
    public long Head;

    /// <summary>The consumers': <see cref="Head"/> as a slot.</summary>
    [FieldOffset(2 * Apart + 8)]
    public int HeadSlot;
}
