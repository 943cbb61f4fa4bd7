// SPDX-License-Identifier: MIT

using Spead2.Differential.Engines;
using Spead2.Receive;

namespace Spead2.Differential.Model;

/// <summary>
/// The obvious way to do what sections 3 to 6 of the spec say, made for reading and not for speed: the judge over the
/// engines. The ring has no limit here, because with a reader of memory its size decides when heaps are delivered, but
/// not which, in what order, or any statistic but <c>worker_blocked</c>, of which only the most is known.
/// </summary>
internal sealed class NaiveStream
{
    private readonly TraceOptions _options;
    private readonly Dictionary<string, long> _statistics = new(StringComparer.Ordinal);
    private readonly List<ObservedHeap> _delivered = [];

    // Spec 4.6. Live heaps of each substream by the number of heaps that were started in it before, and hash chains.
    private readonly SortedDictionary<long, SortedDictionary<long, LiveHeap>> _live = [];
    private readonly Dictionary<long, long> _started = [];
    private readonly Dictionary<ulong, List<LiveHeap>> _chains = [];
    private readonly int _chainBits;
    private bool _stopped;
    private NaiveChunks? _chunks;

    private readonly Dictionary<(long Substream, long Set), NaiveSequence> _sequences = [];
    private readonly NaiveGroup _group;

    // SP2_RECEIVE_EVICTED_HEAPS.
    private const int RememberedHeaps = 1024;

    // SP2_RECEIVE_REORDER_HEAPS.
    private const int ReorderHeaps = 256;

    // Heaps ever started, by substream, but not again those that were evicted and had more to come; and the latest
    // evicted ones that are remembered.
    private readonly Dictionary<long, long> _begun = [];
    private readonly List<LiveHeap?> _evicted = [];
    private readonly HashSet<LiveHeap> _returned = [];

    // Of the latest heap that knew one.
    private long _packetLength;

    private NaiveStream(TraceOptions options)
    {
        _options = options;
        _group = new(Count);
        long slots = (long)options.MaxHeaps * options.Substreams;
        _chainBits = Math.Max(2, (int)Math.Ceiling(Math.Log2(slots))) + 2;
    }

    /// <summary>Receives a trace.</summary>
    public static Observation Run(Trace trace)
    {
        var stream = new NaiveStream(trace.Options);
        stream.Receive(trace);
        stream.Count("worker_blocked", Math.Max(0, stream._delivered.Count - trace.Options.RingHeaps));
        return new(stream._delivered, stream._statistics);
    }

    /// <summary>Receives a trace whose heaps are placed in chunks.</summary>
    public static ChunkObservation RunChunks(ChunkTrace trace)
    {
        NaiveWindow window = new(trace);
        NaiveStream[] streams = [.. Enumerable.Range(0, trace.Members).Select(_ => new NaiveStream(trace.Original.Options))];
        for (int member = 0; member < streams.Length; member++)
        {
            streams[member]._chunks = new(trace, window, member, streams[member].Count);
        }

        if (trace.IsGroup)
        {
            foreach ((int member, byte[] packet) in trace.Posts)
            {
                streams[member].ReadDatagrams([packet]);
            }

            Array.ForEach(streams, stream => stream.Flush());
        }
        else
        {
            streams[0].Receive(trace.Original);
        }

        window.Finish();
        return new(window.Emitted, [.. streams.Select(stream => stream._statistics)]);
    }

    private void Receive(Trace trace)
    {
        if (trace.Feed == Feed.Datagrams)
        {
            ReadDatagrams(trace.Packets);
        }
        else
        {
            ReadBuffer(trace.Joined);
        }

        Flush();
    }

    /// <summary>Spec 5.2. Each datagram is a batch.</summary>
    private void ReadDatagrams(IReadOnlyList<byte[]> datagrams)
    {
        foreach (byte[] datagram in datagrams.TakeWhile(_ => !_stopped))
        {
            Count("batches");
            if (datagram.Length == 0)
            {
                Count("empty");
            }
            else if (Packet.Decode(datagram, _options.Dialect, out string statistic) is not Packet packet)
            {
                Count("malformed");
                Count(statistic);
            }
            else if (packet.Size != datagram.Length)
            {
                Count("size_mismatch");
            }
            else
            {
                _statistics["max_batch"] = 1;
                Add(packet);
            }
        }
    }

    /// <summary>Spec 5.3. The buffer is one batch, and ends with the first bytes that are no packet.</summary>
    private void ReadBuffer(ReadOnlySpan<byte> buffer)
    {
        Count("batches");
        while (!_stopped && !buffer.IsEmpty)
        {
            if (Packet.Decode(buffer, _options.Dialect, out string statistic) is not Packet packet)
            {
                Count("malformed");
                Count(statistic);
                return;
            }

            Count("max_batch");
            Add(packet);
            buffer = buffer[packet.Size..];
        }
    }

    /// <summary>Spec 4.6, step by step.</summary>
    private void Add(Packet packet)
    {
        Count("packets");
        if (packet.HeapLength is null && _options.NoUnsizedHeaps)
        {
            Count("rejected_unsized");
            return;
        }

        LiveHeap? heap = null;
        if (packet.HeapLength == packet.Payload.Length)
        {
            Count("single_packet_heaps");
        }
        else
        {
            List<LiveHeap> chain = ChainOf(packet.Cnt);
            int entry = chain.FindIndex(live => live.Cnt == packet.Cnt);
            Count("search_dist", 1 + (entry < 0 ? chain.Count : entry));
            heap = entry < 0 ? null : chain[entry];
        }

        LiveHeap? before = heap is null ? FindEvicted(packet) : null;
        if ((before ?? heap) is { } returned && (before is not null || _returned.Contains(returned)))
        {
            CountNeeded(returned);
        }

        if (heap is null && _options.InOrder && packet.Offset != 0)
        {
            Count("rejected_order");
            return;
        }

        // A heap whose first packet is not accepted was never started, so it does not push another one out.
        bool isNew = heap is null;
        heap ??= new LiveHeap(packet, _options);
        if (heap.Accept(packet) is string reason)
        {
            Count(reason);
            return;
        }

        Count("packets_accepted");
        Count("payload_bytes", packet.Payload.Length);
        if (_options.CountingCopier && packet.Payload.Length > 0)
        {
            Count(CountingCopier.Copied);
            _statistics[CountingCopier.LargestCopied] =
                Math.Max(_statistics.GetValueOrDefault(CountingCopier.LargestCopied), packet.Payload.Length);
        }

        if (isNew)
        {
            _chunks?.Begin(heap, packet, heap.HasStopItem && !_options.IgnoreStopItem);
        }

        _chunks?.Write(heap, packet);
        if (isNew)
        {
            Number(heap, before);
            Start(heap);
            if (!CountsByItem)
            {
                AccountByCnt(heap);
            }
        }

        bool stops = heap.HasStopItem && !_options.IgnoreStopItem;
        if (heap.IsComplete)
        {
            Remove(heap);
            if (stops)
            {
                Count("stop_heaps");
            }
            else
            {
                _chunks?.Complete(heap);
                Leave(heap);
            }
        }

        _stopped |= stops;
    }

    private bool CountsByItem => _options.CountItem != 0 || _options.SetItem != 0;

    /// <summary>A heap has begun. What is left of one that was evicted has its place already.</summary>
    private void AccountByCnt(LiveHeap heap)
    {
        if (_options.Accounting != HeapAccounting.None && !CountRest(heap))
        {
            Account(heap, 0, heap.Cnt);
        }
    }

    /// <summary>A heap has left whose place is that of a value in it.</summary>
    private void AccountByItem(LiveHeap heap)
    {
        if (_options.Accounting == HeapAccounting.None || CountRest(heap))
        {
            return;
        }

        long? number = _options.CountItem == 0 ? heap.Cnt : heap.ValueOf(_options.CountItem);
        long? set = _options.SetItem == 0 ? 0 : heap.ValueOf(_options.SetItem);
        if (number is not null && set is not null)
        {
            Account(heap, set.Value, number.Value);
        }
        else
        {
            Count("heaps_unplaced");
        }
    }

    private bool CountRest(LiveHeap heap)
    {
        Count("heaps_duplicate", _returned.Contains(heap) ? 1 : 0);
        return _returned.Contains(heap);
    }

    /// <summary>There is one source, so accounting by source is the same.</summary>
    private void Account(LiveHeap heap, long set, long number)
    {
        (long, long) key = (heap.Cnt % _options.Substreams, set);
        if (!_sequences.TryGetValue(key, out NaiveSequence? sequence))
        {
            sequence = _sequences[key] = new(_options.CntStep, Count);
            _group.Add(sequence);
        }

        bool hasMoved = sequence.Take(
            number, heap.AddressBits, !CountsByItem && _options.Dialect.HasFlag(DialectFlags.DatagramIsHeap));
        heap.IsRepeat = sequence.IsRepeated;
        if (ExpectsSets)
        {
            _group.Take(sequence, number, hasMoved, sequence.HasRestarted);
        }
    }

    /// <summary>Whether each value of an item has the heaps of the others.</summary>
    private bool ExpectsSets =>
        _options is { SetItem: not 0, Substreams: 1, Accounting: HeapAccounting.BySubstream };

    /// <summary>The evicted heap that a packet is more of: then more heaps are under way than there are slots.</summary>
    private LiveHeap? FindEvicted(Packet packet)
    {
        LiveHeap? heap = _evicted
            .TakeLast(RememberedHeaps).LastOrDefault(heap => heap?.Cnt == packet.Cnt);
        return packet.Offset < heap?.ReceivedEnd ? null : heap;
    }

    /// <summary>So many slots would have kept the heap until now.</summary>
    private void CountNeeded(LiveHeap heap)
    {
        long needed = _begun[heap.Cnt % _options.Substreams] - heap.Number + 1;
        _statistics["max_heaps_needed"] = Math.Max(_statistics.GetValueOrDefault("max_heaps_needed"), needed);
    }

    private void Number(LiveHeap heap, LiveHeap? before)
    {
        long substream = heap.Cnt % _options.Substreams;
        heap.Number = before?.Number ?? (_begun[substream] = _begun.GetValueOrDefault(substream) + 1);
        if (before is not null)
        {
            _evicted[_evicted.LastIndexOf(before)] = null;
            _returned.Add(heap);
            heap.ReturnedEnd = before.ReceivedEnd;
            heap.ReturnedLack = before.LackInside;
            heap.IsCounted = before.IsCounted;
        }
    }

    /// <summary>A heap is pushed out when as many further ones of its substream as it has slots are started.</summary>
    private void Start(LiveHeap heap)
    {
        long substream = heap.Cnt % _options.Substreams;
        long number = _started[substream] = _started.GetValueOrDefault(substream) + 1;
        _live.TryAdd(substream, []);
        if (_live[substream].TryGetValue(number - _options.MaxHeaps, out LiveHeap? oldest))
        {
            Remove(oldest);
            Count("incomplete_heaps_evicted");
            Forget(oldest.Cnt);
            oldest.Begun = _begun[substream];
            _evicted.Add(oldest);
            Leave(oldest, isEvicted: true);
            if (_evicted.Count > RememberedHeaps && _evicted[^(RememberedHeaps + 1)] is { } forgotten)
            {
                CountLack(forgotten);
            }
        }

        _live[substream].Add(number, heap);
        ChainOf(heap.Cnt).Insert(0, heap);
        CountLack(now: false);
    }

    /// <summary>Counts what evicted heaps lack, in their order: now, or those of which no more comes.</summary>
    private void CountLack(bool now)
    {
        foreach (LiveHeap heap in _evicted.TakeLast(RememberedHeaps).OfType<LiveHeap>().Where(heap => !heap.IsCounted))
        {
            if (!now && _begun[heap.Cnt % _options.Substreams] - heap.Begun < ReorderHeaps)
            {
                return;
            }

            CountLack(heap);
        }
    }

    private void CountLack(LiveHeap heap)
    {
        if (!heap.IsCounted)
        {
            heap.IsCounted = true;
            Count("packets_missing", heap.Lack.Packets);
            Count("bytes_missing", heap.Lack.Bytes);
        }
    }

    private void Forget(long cnt)
    {
        int index = _evicted.FindLastIndex(heap => heap?.Cnt == cnt);
        if (index >= 0)
        {
            CountLack(_evicted[index]!);
            _evicted[index] = null;
        }
    }

    private void Remove(LiveHeap heap)
    {
        SortedDictionary<long, LiveHeap> live = _live[heap.Cnt % _options.Substreams];
        live.Remove(live.First(entry => entry.Value == heap).Key);
        ChainOf(heap.Cnt).Remove(heap);
    }

    /// <summary>What the end of the network does (spec 4.7).</summary>
    private void Flush()
    {
        foreach (LiveHeap heap in _live.Values.SelectMany(heaps => heaps.Values))
        {
            Count("incomplete_heaps_flushed");
            Leave(heap);
        }

        CountLack(now: true);

        if (ExpectsSets)
        {
            _group.End();
        }

        foreach (NaiveSequence sequence in _sequences.Values)
        {
            if (!ExpectsSets && !sequence.Settle())
            {
                sequence.Forget();
            }

            sequence.CountHoles();
        }
    }

    private void Leave(LiveHeap heap, bool isEvicted = false)
    {
        Count("heaps");
        if (CountsByItem)
        {
            AccountByItem(heap);
        }

        Count("heaps_contradictory", heap.IsContradictory ? 1 : 0);
        _statistics["max_heap_bytes"] =
            Math.Max(_statistics.GetValueOrDefault("max_heap_bytes"), heap.Freeze().ReceivedLength);
        _packetLength = heap.PacketLength > 0 ? heap.PacketLength : _packetLength;
        long packetLength = _packetLength > 0 ? _packetLength : Math.Max(1, heap.Freeze().ReceivedLength);
        if (!heap.IsContiguous)
        {
            Lack[] gaps = [.. heap.Gaps.Select(gap => Math.Max(0, gap.End - gap.Start))
                .Select(length => new Lack((length + packetLength - 1) / packetLength, length))];
            heap.LackInside = gaps[..^1].Aggregate(heap.ReturnedLack, (sum, gap) => sum + gap);
            heap.Lack = heap.LackInside + gaps[^1];
            heap.IsCounted |= heap.IsRepeat;
            if (!isEvicted)
            {
                CountLack(heap);
            }
        }

        if (heap.IsContiguous || _options.DeliverIncomplete)
        {
            _delivered.Add(heap.Freeze());
        }
        else
        {
            Count("incomplete_heaps_dropped");
        }
    }

    /// <summary>Spec 4.6, hash table facts: top bits of cnt times 2^64 / golden ratio name the chain.</summary>
    private List<LiveHeap> ChainOf(long cnt)
    {
        ulong name = unchecked((ulong)cnt * 0x9e3779b97f4a7c15) >> (64 - _chainBits);
        _chains.TryAdd(name, []);
        return _chains[name];
    }

    private void Count(string statistic, long by = 1) =>
        _statistics[statistic] = _statistics.GetValueOrDefault(statistic) + by;
}
