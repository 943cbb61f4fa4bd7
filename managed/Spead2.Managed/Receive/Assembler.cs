// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>
/// The live heaps of a stream: for each substream a circle of slots, in which a new heap pushes out the oldest, and one
/// hash table by cnt. Under the stream's lock.
/// </summary>
internal sealed class Assembler
{
    // Buckets for each slot, and slots that a table is made for at least.
    private const int BucketsPerSlotLog2 = 2;
    private const int LeastSlotsLog2 = 2;

    // Multiplier of Fibonacci hashing: 2^64 divided by the golden ratio. Counts often rise in steps of a power of two,
    // which its top bits spread well.
    private const ulong GoldenRatio = 0x9e3779b97f4a7c15;

    private readonly int _maxHeaps;
    private readonly int _substreams;
    private readonly BugCompat _bugCompat;
    private readonly bool _allowUnsized;

    // Heaps of different senders are different heaps.
    private readonly bool _separates;
    private readonly HeapRules _rules;
    private readonly PayloadCopy _copy;
    private readonly LiveHeap?[] _slots;

    // By substream: the slot used last, within its circle.
    private readonly int[] _heads;

    // By substream: heaps ever started, but not again those that were evicted and had more to come.
    private readonly uint[] _started;

    // Null until one is evicted.
    private EvictedHeaps? _evicted;

    // Chains by LiveHeap.Next, newest first.
    private readonly LiveHeap?[] _buckets;
    private readonly int _bucketShift;

    // Of the hash, odd. With one that a sender does not know, any two cnts fall into one bucket with a probability of at
    // most two divided by the number of buckets, whatever cnts it chooses.
    private readonly ulong _multiplier;

    public Assembler(ReceiveStreamOptions options, PayloadCopy copy)
    {
        _copy = copy;
        _maxHeaps = options.MaxHeaps;
        _substreams = options.Substreams;
        _bugCompat = options.BugCompat;
        _allowUnsized = options.AllowUnsizedHeaps;
        _separates = options.Senders == SenderTracking.Separate;
        _rules = new(!options.AllowOutOfOrder, (ulong)options.MaxHeapSize, (ulong)options.MaxUnsizedGap);
        int slots = _maxHeaps * _substreams;
        int slotsLog2 = Math.Max(LeastSlotsLog2, BitOperations.Log2(BitOperations.RoundUpToPowerOf2((uint)slots)));
        int bucketBits = slotsLog2 + BucketsPerSlotLog2;
        _slots = new LiveHeap?[slots];
        _heads = new int[_substreams];
        _started = new uint[_substreams];
        _buckets = new LiveHeap?[1 << bucketBits];
        _bucketShift = 64 - bucketBits;
        _multiplier = (GoldenRatio ^ (options.KeyedSearch ? Secret.OfHeapCnts : 0)) | 1;
    }

    /// <summary>The heap that got a packet last, or null if the table has changed.</summary>
    public LiveHeap? Recent { get; private set; }

    /// <summary>Whether no packet is taken undecoded; then <see cref="Recent"/> is null.</summary>
    public bool DecodesAll
    {
        get;
        set
        {
            field = value;
            Recent = value ? null : Recent;
        }
    }

    /// <summary>Who sends what is handed over; nobody: not known.</summary>
    public SenderAddress Sender
    {
        get;
        set
        {
            if (field != value)
            {
                field = value;
                SenderNumber = value.Number(_multiplier);

                // It may be another sender's.
                Recent = _separates ? null : Recent;
            }
        }
    }

    /// <summary><see cref="Sender"/> as a number; 0: nobody.</summary>
    public ulong SenderNumber { get; private set; }

    /// <summary>Entries that a search for <see cref="Recent"/> looks at.</summary>
    public long RecentSteps { get; private set; }

    /// <summary>Where the payloads of heaps that begin from now on live; null for the default memory.</summary>
    public PayloadMemory? Memory { get; set; }

    /// <summary>What places the payloads of heaps; null if they have memory of their own. Such heaps have lengths.</summary>
    public PayloadPlacer? Placer { get; init; }

    /// <summary>Live heaps without a slot.</summary>
    public KeptHeaps Kept { get; } = new();

    /// <summary>Heaps that a substream has room for.</summary>
    public int MaxHeaps => _maxHeaps;

    public int Substreams => _substreams;

    /// <summary>The latest heaps that were evicted; null until one is.</summary>
    public EvictedHeaps? EvictedHeaps => _evicted;

    /// <summary>Most slots that a heap would have needed of which more came when it had been evicted; or 0.</summary>
    public uint Needed { get; private set; }

    /// <summary>Adds a packet.</summary>
    public void Add(in Packet packet, out Assembly result)
    {
        result = default;
        if (!packet.HasHeapLength && (!_allowUnsized || Placer is not null))
        {
            result.Verdict = Verdict.RejectedUnsized;
            return;
        }

        // A packet that is a heap of its own never belongs to a live heap.
        LiveHeap? heap = null;
        if (packet.HeapLength != packet.PayloadLength)
        {
            heap = Find(packet.Cnt, out result.SearchSteps);
        }

        if (heap is not null)
        {
            if (heap.HasReturned)
            {
                NoteNeeded(heap.Cnt, heap.Number);
            }

            result.Heap = heap;
            result.Verdict = HeapAcceptance.Accept(heap, packet, _rules, _copy);
        }
        else
        {
            heap = StartHeap(packet, ref result);
        }

        if (heap is null || result.Verdict != Verdict.Accepted)
        {
            return;
        }

        result.Heap = heap;
        result.Stop = heap.StopItemSeen;
        if (heap.IsComplete)
        {
            Remove(heap);
            result.Complete = heap;
        }
    }

    /// <summary>
    /// The live heap that bytes may be the next packet of, which becomes the recent one. What is not a packet finds
    /// none, or one that it is no next packet of; and there is none where every packet must be decoded.
    /// </summary>
    public LiveHeap? FindHeapOf(ReadOnlySpan<byte> bytes)
    {
        if (DecodesAll)
        {
            return null;
        }

        int addressBits = bytes[3] * 8 % 64;
        ulong cnt = Wire.Value(BinaryPrimitives.ReadUInt64BigEndian(bytes[Wire.HeaderSize..]), addressBits);
        Recent = Find(cnt, out long steps);
        RecentSteps = steps;
        Recent?.Placer?.Refresh(Recent);
        return Recent;
    }

    /// <summary>The next packet is not the recent heap's, as far as is known.</summary>
    public void ForgetRecent() => Recent = null;

    /// <summary>The live heap that would be pushed out if a packet were accepted; null if none would.</summary>
    public LiveHeap? FindVictim(in Packet packet) =>
        packet.HeapLength != packet.PayloadLength && Find(packet.Cnt, out _) is not null
            ? null
            : _slots[NextSlot(packet.Cnt, out _)];

    /// <summary>Leaves the heap alone that would be evicted: the slot after its own is the next one.</summary>
    public void PassOver(LiveHeap heap) => _heads[heap.Slot / _maxHeaps] = heap.Slot % _maxHeaps;

    /// <summary>Takes a live heap out.</summary>
    public void Remove(LiveHeap heap)
    {
        ref LiveHeap? link = ref Bucket(heap.Cnt, heap.SenderNumber);
        while (link != heap)
        {
            link = ref link!.Next;
        }

        link = heap.Next;
        Recent = null;
        heap.Next = null;
        if (heap.Keeper is null)
        {
            _slots[heap.Slot] = null;
        }
        else
        {
            Kept.Remove(heap);
        }
    }

    /// <summary>A heap that was pushed out stays live for now, without a slot.</summary>
    public void Keep(LiveHeap heap, SteeredMember keeper)
    {
        Enlist(heap);
        Kept.Add(heap, keeper);
    }

    /// <summary>A heap is evicted: more of it may come.</summary>
    public void NoteEvicted(LiveHeap heap) =>
        (_evicted ??= new()).Keep(heap, _separates ? heap.SenderNumber : 0, _started[SubstreamOf(heap.Cnt)]);

    /// <summary>Heaps of a cnt's substream that have started, modulo 2^32.</summary>
    public uint StartsOf(ulong cnt) => _started[SubstreamOf(cnt)];

    /// <summary>Takes the next live heap out: substream by substream, the oldest first. Null: none is left.</summary>
    public LiveHeap? Flush(ref FlushCursor cursor)
    {
        if (Kept.First is { } kept)
        {
            Remove(kept);
            return kept;
        }

        for (; cursor.Substream < _substreams; cursor.Substream++, cursor.Age = 0)
        {
            int oldest = _heads[cursor.Substream] + 1;
            while (cursor.Age < _maxHeaps)
            {
                int slot = (int)(((long)oldest + cursor.Age) % _maxHeaps);
                cursor.Age++;
                if (_slots[cursor.Substream * _maxHeaps + slot] is { } heap)
                {
                    Remove(heap);
                    return heap;
                }
            }
        }

        return null;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref LiveHeap? Bucket(ulong cnt, ulong sender) =>
        ref _buckets[((_separates ? cnt ^ sender : cnt) * _multiplier) >> _bucketShift];

    /// <summary>The live heap of a cnt, and of the sender where they are kept apart, or null.</summary>
    private LiveHeap? Find(ulong cnt, out long steps)
    {
        LiveHeap? heap = Bucket(cnt, SenderNumber);
        steps = 1;
        while (heap is not null && (heap.Cnt != cnt || (_separates && heap.SenderNumber != SenderNumber)))
        {
            heap = heap.Next;
            steps++;
        }

        return heap;
    }

    /// <summary>
    /// A new heap gets its slot only when it has its first packet: one that cannot be accepted must not push another
    /// heap out.
    /// </summary>
    private LiveHeap? StartHeap(in Packet packet, ref Assembly result)
    {
        EvictedHeap? before = _evicted is null ? null : FindEvicted(packet);
        if (_rules.InOrder && packet.PayloadOffset != 0)
        {
            result.Verdict = Verdict.RejectedAhead;
            return null;
        }

        LiveHeap? heap = LiveHeapPool.Take();
        if (heap is null)
        {
            result.Verdict = Verdict.NoMemory;
            return null;
        }

        heap.Begin(packet, _bugCompat, Memory, Placer);
        heap.HasReturned = before is not null;
        result.Verdict = HeapAcceptance.Accept(heap, packet, _rules, _copy);
        if (result.Verdict != Verdict.Accepted)
        {
            heap.Free();
            return null;
        }

        if (SenderNumber != 0)
        {
            heap.Sender = Sender;
            heap.SenderNumber = SenderNumber;
        }

        if (before is not null)
        {
            heap.Number = before.Number;
            heap.ReturnedEnd = before.End;
            heap.ReturnedMissing = before.Inside;
            heap.IsCounted = before.IsCounted;
            _evicted!.Forget(before);
        }
        else
        {
            heap.Number = ++_started[SubstreamOf(heap.Cnt)];
        }

        result.Evicted = Place(heap);
        result.Started = true;
        CountOld();
        return heap;
    }

    /// <summary>What is missing of heaps that were evicted long ago is counted: no more of them comes.</summary>
    private void CountOld()
    {
        while (_evicted?.Oldest() is { } oldest && _started[SubstreamOf(oldest.Cnt)] - oldest.Begun >= CntStretch.Window)
        {
            _evicted.Count(oldest);
        }
    }

    /// <summary>The evicted heap that a packet, which is of no live heap, is more of; or null.</summary>
    private EvictedHeap? FindEvicted(in Packet packet)
    {
        EvictedHeap? heap = _evicted!.Find(packet.Cnt, _separates ? SenderNumber : 0);
        if (heap is null || packet.PayloadOffset < heap.End)
        {
            // A sender that sends its cnts again begins a heap at its start.
            return null;
        }

        NoteNeeded(heap.Cnt, heap.Number);
        return heap;
    }

    /// <summary>A packet has come of a heap that was evicted: so many slots would have kept it until now.</summary>
    private void NoteNeeded(ulong cnt, uint number) =>
        Needed = Math.Max(Needed, _started[SubstreamOf(cnt)] - number + 1);

    private int SubstreamOf(ulong cnt) => _substreams == 1 ? 0 : (int)(cnt % (ulong)_substreams);

    private int NextSlot(ulong cnt, out int substream)
    {
        substream = SubstreamOf(cnt);
        int head = _heads[substream] + 1;
        return substream * _maxHeaps + (head == _maxHeaps ? 0 : head);
    }

    /// <summary>Puts a heap into its substream's next slot; gives the heap that lived there, or null.</summary>
    private LiveHeap? Place(LiveHeap heap)
    {
        heap.Slot = NextSlot(heap.Cnt, out int substream);
        _heads[substream] = heap.Slot - substream * _maxHeaps;
        LiveHeap? evicted = _slots[heap.Slot];
        if (evicted is not null)
        {
            Remove(evicted);
        }

        Enlist(heap);
        _slots[heap.Slot] = heap;
        return evicted;
    }

    private void Enlist(LiveHeap heap)
    {
        ref LiveHeap? bucket = ref Bucket(heap.Cnt, heap.SenderNumber);
        heap.Next = bucket;
        bucket = heap;
        Recent = null;
    }
}

/// <summary>What became of a packet, and the heaps that left the assembly because of it.</summary>
internal struct Assembly
{
    public Verdict Verdict;

    /// <summary>A stop item was seen in its heap.</summary>
    public bool Stop;

    /// <summary>Hash table entries looked at.</summary>
    public long SearchSteps;

    /// <summary>The heap that the packet is of, accepted or not, or null.</summary>
    public LiveHeap? Heap;

    /// <summary>The packet started the heap.</summary>
    public bool Started;

    /// <summary>Pushed out, or null.</summary>
    public LiveHeap? Evicted;

    /// <summary>Or null.</summary>
    public LiveHeap? Complete;
}

/// <summary>Where a flush has got to.</summary>
internal struct FlushCursor
{
    public int Substream;
    public int Age;
}
