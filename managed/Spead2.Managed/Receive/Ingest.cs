// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>
/// Brings packets into the assembly of a stream, and the heaps that leave it because of them to the sink. Under the
/// stream's lock.
/// </summary>
internal sealed class Ingest(StreamCore stream, ReceiveStreamOptions options)
{
    // A heap that other sources pass over is evicted all the same when they have done so this often; and no packet looks
    // at more slots than it takes to find a free one where each source feeds a heap or two.
    private const int MostPasses = 256;
    private const int MostPassesOfPacket = 32;

    // Refused datagrams of a source that are looked at to see which dialect takes them.
    private const int MostSuggestions = 64;

    private readonly Assembler _assembler = new(options, stream.Copy) { Placer = stream.Member };
    private readonly ChunkMember? _member = stream.Member;
    private readonly PayloadCopy _copy = stream.Copy;
    private readonly Tally _tally = stream.Tally;
    private readonly Accounting? _accounting =
        options.Accounting == HeapAccounting.None ? null : new(options, stream.Tally);

    private readonly bool _deliverIncomplete = !options.ContiguousOnly || stream.Member is not null;
    private readonly bool _keepRanges = options.IncompleteKeepPayloadRanges && stream.Member is null;
    private readonly bool _keepIncompletePayload = options.IncompleteKeepPayload && stream.Member is null;

    // The slice under way: its source, the heaps it has started, and what had been counted before it.
    private Source? _source;
    private SteeredMember? _steered;
    private int _sourceNumber;
    private DialectRules _dialect;
    private long _heapsStarted;
    private SourceCounters _before;

    // Of the latest heap that knew one; or 0.
    private ulong _packetLength;

    // MaxHeapsNeeded as it was last logged.
    private long _neededSaid;

    /// <summary>Whether <see cref="SetSender"/> is to be called with every message.</summary>
    public bool WantsSenders { get; } = options.Senders != SenderTracking.None;

    /// <summary>Where the payloads of heaps that begin from now on live; null for the default memory.</summary>
    public PayloadMemory? Memory
    {
        get => _assembler.Memory;
        set => _assembler.Memory = value;
    }

    // What messages call what is being handed over.
    private string Piece => _source?.Piece ?? "datagram";

    /// <summary>Begins the slice of a source; says whether packets may be handed over.</summary>
    public PollResult BeginSlice(Source source)
    {
        _source = source;
        _steered = source.Steered;
        _sourceNumber = source.Number;
        _heapsStarted = 0;
        _member?.SourceNumber = source.Number;
        _member?.Steered = _steered;
        _dialect = source.Dialect;
        _assembler.DecodesAll = _dialect.DecodesAll;
        if (WantsSenders)
        {
            _assembler.Sender = default;
        }

        Look(ref _before);
        return stream.Flow.Answer;
    }

    /// <summary>What was found for the recent heap does not hold any more.</summary>
    public void ForgetRecent() => _assembler.ForgetRecent();

    /// <summary>Says who sent what is handed over from now on, in this slice.</summary>
    public void SetSender(SenderAddress sender) => _assembler.Sender = sender;

    /// <summary>Ends the slice: its source gets its share of the statistics.</summary>
    public void EndSlice()
    {
        Source source = _source!;
        _source = null;
        SourceCounters now = default;
        Look(ref now);
        ref SourceCounters counters = ref source.Counters;
        counters.Packets += now.Packets - _before.Packets;
        counters.Malformed += now.Malformed - _before.Malformed;
        counters.SizeMismatch += now.SizeMismatch - _before.SizeMismatch;
        counters.Truncated += now.Truncated - _before.Truncated;
        counters.Empty += now.Empty - _before.Empty;
        source.Publish();
    }

    /// <summary>
    /// Hands over the packet at the start of the bytes. If there is none, nothing is counted and
    /// <paramref name="size"/> and <paramref name="result"/> say nothing.
    /// </summary>
    public PacketFault AddPacket(ReadOnlySpan<byte> bytes, out int size, ref PollResult result)
    {
        ulong length = TakeNext(bytes, exact: false, out int prefix, ref result);
        if (length != Wire.LengthUnknown)
        {
            size = prefix + (int)length;
            return PacketFault.None;
        }

        return AddOtherPacket(bytes, out size, ref result);
    }

    /// <summary>Hands over a datagram, which must be exactly one packet; anything else is counted and logged.</summary>
    public PollResult AddDatagram(ReadOnlySpan<byte> bytes)
    {
        PollResult result = PollResult.More;
        ulong taken = TakeNext(bytes, exact: true, out _, ref result);
        return taken != Wire.LengthUnknown ? result : AddOtherDatagram(bytes);
    }

    /// <summary>Counts a datagram that was too large for its source, of which these bytes have come.</summary>
    public void AddTruncated(ReadOnlySpan<byte> bytes, int maxSize)
    {
        _tally[Statistic.Truncated]++;
        stream.Refused.Keep(RefusalCause.Truncated, bytes, _source);
        stream.Log.Write(
            MessageKind.Datagram,
            LogLevel.Information,
            (Piece, maxSize),
            static x => Text($"{x.Piece} not used: it is larger than MaxSize, which is {x.maxSize} bytes"));
    }

    /// <summary>Counts bytes that are not a packet, at a position of a source that ends because of it.</summary>
    public void AddMalformed(ReadOnlySpan<byte> bytes, PacketFault fault, ulong position)
    {
        CountFault(fault, bytes);
        SuggestDialect(bytes, whole: false);
        stream.Log.Write(
            MessageKind.Packet,
            LogLevel.Information,
            (fault, position),
            static x => Text(
                $"what stands at byte {x.position} of the buffer is not a SPEAD packet, so reading ends there: {x.fault.Text()}"));
    }

    /// <summary>
    /// Counts bytes that are not a packet, at a position of a connection that goes on with the next one.
    /// </summary>
    public void AddLost(ReadOnlySpan<byte> bytes, PacketFault fault, ulong position)
    {
        CountFault(fault, bytes);
        stream.Log.Write(
            MessageKind.Packet,
            LogLevel.Information,
            (fault, position),
            static x => Text(
                $"what stands at byte {x.position} of the connection is not a SPEAD packet, so the next one is looked for: {x.fault.Text()}"));
    }

    /// <summary>Counts units of packets, the largest of which had <paramref name="packets"/>.</summary>
    public void CountBatches(long batches, long packets)
    {
        _tally[Statistic.Batches] += batches;
        _tally[Statistic.MaxBatch] = Math.Max(_tally[Statistic.MaxBatch], packets);
    }

    /// <summary>The end of a source: it closes the stream. What is live is flushed at the end of the slice.</summary>
    public void EndSource() => stream.Flow.TryClose();

    /// <summary>The network's stop: whatever is still live goes to the consumer.</summary>
    public void FlushLiveHeaps()
    {
        FlushCursor cursor = default;
        while (_assembler.Flush(ref cursor) is { } heap)
        {
            _tally[Statistic.IncompleteHeapsFlushed]++;
            LeaveAssembly(heap);
        }

        Settle();
    }

    /// <summary>The user's stop: what is still live is counted, but dropped.</summary>
    public void DropLiveHeaps()
    {
        FlushCursor cursor = default;
        while (_assembler.Flush(ref cursor) is { } heap)
        {
            _tally[Statistic.Heaps]++;
            _tally[Statistic.IncompleteHeapsFlushed]++;
            _tally[Statistic.HeapsDroppedAtStop]++;
            if (_accounting is { ByItem: true })
            {
                _accounting.TakeItems(heap);
            }

            stream.Log.Write(
                MessageKind.DroppedAtStop,
                LogLevel.Information,
                heap.Cnt,
                static cnt => Text($"dropped heap {cnt}, which was under assembly when the stream was stopped"));
            heap.Free();
        }

        Settle();
    }

    /// <summary>The stream ends: what is known so far is all that there is to know.</summary>
    private void Settle()
    {
        if (_assembler.EvictedHeaps is { } heaps)
        {
            while (heaps.Oldest() is { } oldest)
            {
                heaps.Count(oldest);
            }

            TakeDue(heaps);
        }

        _accounting?.Settle();
        SayNeeded("");
    }

    private void Look(ref SourceCounters counters)
    {
        counters.Packets = _tally[Statistic.Packets];
        counters.Malformed = _tally[Statistic.Malformed];
        counters.SizeMismatch = _tally[Statistic.SizeMismatch];
        counters.Truncated = _tally[Statistic.Truncated];
        counters.Empty = _tally[Statistic.Empty];
    }

    private static string Text(DefaultInterpolatedStringHandler text) =>
        string.Create(CultureInfo.InvariantCulture, ref text);

    /// <summary>
    /// Takes the packet at the start of the bytes if it is the next one of a live heap, in order, and brings nothing
    /// new but payload, whose length is returned, and in <paramref name="prefix"/> what precedes it. Else
    /// <see cref="Wire.LengthUnknown"/>.
    /// </summary>
    /// <remarks>
    /// Most packets belong to the heap of the packet before. That heap is tried without a search, so that where to copy
    /// does not depend on bytes that may not have come from memory yet.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong TakeNext(ReadOnlySpan<byte> bytes, bool exact, out int prefix, ref PollResult result)
    {
        prefix = 0;
        if (bytes.Length < Wire.LeastPrefix || !_copy.IsPlain)
        {
            return Wire.LengthUnknown;
        }

        LiveHeap? heap = _assembler.Recent;
        ulong length = heap is null ? Wire.LengthUnknown : heap.TakeNext(bytes, exact, _copy);
        if (length == Wire.LengthUnknown)
        {
            length = TakeNextOfAny(bytes, exact, out heap);
            if (length == Wire.LengthUnknown)
            {
                return Wire.LengthUnknown;
            }
        }

        prefix = heap!.NextPacket.Prefix;
        _tally[Statistic.Packets]++;
        _tally[Statistic.PacketsAccepted]++;
        _tally[Statistic.SearchDist] += _assembler.RecentSteps;
        _tally[Statistic.PayloadBytes] += (long)length;
        heap.FedBy = _sourceNumber;
        if (length != 0)
        {
            _member?.NotePacket(heap, heap.ReceivedLength - length);
        }

        NoteSender(heap);
        result = PollResult.More;
        if (heap.IsComplete)
        {
            _assembler.Remove(heap);
            LeaveAssembly(heap);
            result = stream.Flow.Answer;
        }
        else
        {
            heap.NoteLength(length);
        }

        return length;
    }

    private ulong TakeNextOfAny(ReadOnlySpan<byte> bytes, bool exact, out LiveHeap? heap)
    {
        heap = _assembler.FindHeapOf(bytes);
        return heap is null ? Wire.LengthUnknown : heap.TakeNext(bytes, exact, _copy);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private PacketFault AddOtherPacket(ReadOnlySpan<byte> bytes, out int size, ref PollResult result)
    {
        PacketFault fault = Decode(bytes, out Packet packet);
        size = packet.Bytes.Length;
        if (fault == PacketFault.None)
        {
            result = Add(packet);
        }

        return fault;
    }

    /// <summary>Decodes a packet of the source that hands packets over.</summary>
    private PacketFault Decode(ReadOnlySpan<byte> bytes, out Packet packet) => _dialect.Flags == 0
        ? PacketDecoder.Decode(bytes, out packet)
        : PacketDecoder.Decode(bytes, _dialect, out packet);

    /// <summary>Looks which dialect takes a refused datagram, among the first ones of a source.</summary>
    private void SuggestDialect(ReadOnlySpan<byte> bytes, bool whole)
    {
        if (_source is not { TakesDialects: true } || _source.SuggestedDialect is not null || _source.RefusedDatagrams == MostSuggestions)
        {
            return;
        }

        _source.RefusedDatagrams++;
        if (DialectRules.Suggest(bytes, whole) is not { } name)
        {
            return;
        }

        _source.SuggestedDialect = name;
        stream.Log.Write(
            MessageKind.Datagram,
            LogLevel.Information,
            (bytes.Length, name),
            static x => Text(
                $"a datagram of {x.Length} bytes was not used that a source with the dialect {x.name} takes"));
    }

    /// <summary>Any datagram but the next packet of a live heap.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private PollResult AddOtherDatagram(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            _tally[Statistic.Empty]++;
            return PollResult.More;
        }

        PacketFault fault = Decode(bytes, out Packet packet);
        if (fault != PacketFault.None)
        {
            SuggestDialect(bytes, whole: true);
            CountFault(fault, bytes);
            stream.Log.Write(
                MessageKind.Packet,
                LogLevel.Information,
                (Piece, bytes.Length, fault),
                static x => Text($"{x.Piece} of {x.Length} bytes is not a SPEAD packet: {x.fault.Text()}"));
            return PollResult.More;
        }

        if (packet.Bytes.Length != bytes.Length)
        {
            SuggestDialect(bytes, whole: true);
            _tally[Statistic.SizeMismatch]++;
            stream.Refused.Keep(RefusalCause.SizeMismatch, bytes, _source);
            stream.Log.Write(
                MessageKind.Datagram,
                LogLevel.Information,
                (Piece, bytes.Length, PacketLength: packet.Bytes.Length),
                static x => Text(
                    $"{x.Piece} of {x.Length} bytes not used: the packet in it has {x.PacketLength} bytes"));
            return PollResult.More;
        }

        return _steered is null || _steered.Owns(packet.Cnt)
            ? Add(packet)
            : _steered.HandOver(packet.Cnt, bytes, _assembler.Sender);
    }

    /// <summary>Statistics and causes of faults have the order of the faults.</summary>
    private void CountFault(PacketFault fault, ReadOnlySpan<byte> bytes)
    {
        stream.Refused.Keep((RefusalCause)fault, bytes, _source);
        _tally[Statistic.Malformed]++;
        _tally[Statistic.MalformedSize + (fault - PacketFault.TooSmall)]++;
    }

    /// <summary>A packet has come of a live heap, whether it became part of that or not.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void NoteSender(LiveHeap heap)
    {
        ulong sender = _assembler.SenderNumber;
        if (sender != 0 && heap.SenderNumber != sender && heap.SenderNumber != 0)
        {
            heap.State |= HeapState.Mixed;
        }
    }

    /// <summary>Any packet but those that are taken undecoded.</summary>
    private PollResult Add(in Packet packet)
    {
        if (stream.Sources.AreSeveral && MustYield(packet))
        {
            return PollResult.Yield;
        }

        _assembler.Add(packet, out Assembly result);
        if (result.Verdict == Verdict.Waits)
        {
            if (_steered is { Wants: true })
            {
                return PollResult.Yield;
            }

            stream.Flow.Block();
            stream.CountBlocked(isFirst: true);
            return PollResult.Yield;
        }

        _tally[Statistic.Packets]++;
        _tally[Statistic.SearchDist] += result.SearchSteps;
        if (packet.HeapLength == packet.PayloadLength)
        {
            _tally[Statistic.SinglePacketHeaps]++;
        }

        if (result.Verdict != Verdict.Accepted)
        {
            Reject(packet, result.Verdict);
            if (result.Heap is not null)
            {
                NoteSender(result.Heap);
            }

            return PollResult.More;
        }

        _tally[Statistic.PacketsAccepted]++;
        _tally[Statistic.PayloadBytes] += (long)packet.PayloadLength;
        result.Heap!.FedBy = _sourceNumber;
        NoteSender(result.Heap);
        _heapsStarted += result.Started ? 1 : 0;
        if (result.Started && _accounting is { ByItem: false })
        {
            _accounting.Take(result.Heap, _dialect.SharesCnts);
        }

        if (_assembler.EvictedHeaps is { Due.Bytes: > 0 } heaps)
        {
            TakeDue(heaps);
        }

        bool stop = result.Stop && stream.StopOnStopItem;
        if (result.Evicted is not null)
        {
            PushOut(result.Evicted);
        }

        if (result.Complete is not null)
        {
            Complete(result.Complete, stop);
        }

        if (stop && _steered is not null)
        {
            // What was sent before it may wait in another socket of the port.
            _steered.End();
        }
        else if (stop)
        {
            EndSource();
        }

        return stream.Flow.Answer;
    }

    /// <summary>
    /// Whether a packet must wait instead of evicting a heap, if that is what it would do; there is more than one source.
    /// </summary>
    /// <remarks>
    /// A heap that another source feeds is passed over as long as another slot can be had, for its rest may wait in that
    /// source's socket, or not be sent yet. Without such a slot the source yields to the feeder. And before a source
    /// evicts a heap of its own in a slice in which it has started as many heaps as there are slots, the others get
    /// their turn.
    /// </remarks>
    private bool MustYield(in Packet packet)
    {
        int slots = _assembler.MaxHeaps;
        for (int i = 0; i < Math.Min(slots, MostPassesOfPacket); i++)
        {
            if (_assembler.FindVictim(packet) is not { } victim)
            {
                return false;
            }

            if (victim.FedBy == _sourceNumber)
            {
                return _heapsStarted >= (long)slots * _assembler.Substreams;
            }

            if (victim.Passes == MostPasses)
            {
                break;
            }

            victim.Passes++;
            _assembler.PassOver(victim);
        }

        return stream.Flow.MustYield(_source!, _assembler.FindVictim(packet)!, stream.Sources);
    }

    /// <summary>A heap is pushed out. Where a port is shared, more of it may wait in another socket.</summary>
    private void PushOut(LiveHeap heap)
    {
        if (_steered is null)
        {
            Evict(heap);
            return;
        }

        _steered.Keeps = true;
        _assembler.Keep(heap, _steered);
        while (_assembler.Kept.IsFull)
        {
            EvictKept(_assembler.Kept.First!);
        }
    }

    private void EvictKept(LiveHeap heap)
    {
        _assembler.Remove(heap);
        Evict(heap);
    }

    /// <summary>A round of a member of those that share a port has ended: evicts heaps that it was for.</summary>
    public void EndRound(SteeredMember keeper)
    {
        LiveHeap? next;
        for (LiveHeap? heap = _assembler.Kept.First; heap is not null; heap = next)
        {
            next = heap.KeptAfter;
            if (heap.Keeper != keeper || heap.KeptUntil == 0 || heap.KeptUntil > keeper.Rounds)
            {
                continue;
            }

            if (heap.KeptStarts is not null)
            {
                EvictKept(heap);
                continue;
            }

            // What newer ones were when the heap was pushed out may have been older ones that came late. Now that all of
            // these have been taken, as many as ever push a heap out have to start once more.
            heap.KeptStarts = _assembler.StartsOf(heap.Cnt) + (uint)_assembler.MaxHeaps;
            heap.KeptUntil = 0;
        }
    }

    /// <summary>Whether heaps that were pushed out wait for another round.</summary>
    public bool NeedsRound(SteeredMember keeper)
    {
        keeper.Keeps = false;
        LiveHeap? heap = _assembler.Kept.First;
        while (heap is not null && heap.Keeper != keeper)
        {
            heap = heap.KeptAfter;
        }

        if (heap is null)
        {
            return false;
        }

        keeper.Keeps = true;
        if (heap.KeptUntil == 0 && (int)(_assembler.StartsOf(heap.Cnt) - heap.KeptStarts!.Value) >= 0)
        {
            heap.KeptUntil = keeper.NextRound;
        }

        // Those behind it were pushed out later.
        return heap.KeptUntil != 0;
    }

    /// <summary>What MaxHeaps would have sufficed is said each time that it has doubled, and at the end.</summary>
    private void Evict(LiveHeap heap)
    {
        _assembler.NoteEvicted(heap);
        _tally[Statistic.IncompleteHeapsEvicted]++;
        _tally[Statistic.MaxHeapsNeeded] = _assembler.Needed;
        if (_assembler.Needed >= 2 * _neededSaid)
        {
            SayNeeded(" so far");
        }

        LeaveAssembly(heap, isEvicted: true);
    }

    /// <summary>Says what MaxHeaps would have sufficed, if it is too small and that has not been said.</summary>
    private void SayNeeded(string until)
    {
        long needed = _assembler.Needed;
        _tally[Statistic.MaxHeapsNeeded] = needed;
        if (needed <= _assembler.MaxHeaps || needed == _neededSaid)
        {
            return;
        }

        _neededSaid = needed;
        stream.Log.Write(
            MessageKind.MaxHeaps,
            LogLevel.Warning,
            (_assembler.MaxHeaps, needed, until),
            static x => Text(
                $"heaps are evicted although more of them comes, and are lost: more are under way than MaxHeaps, which is {x.MaxHeaps}; {x.needed} would have sufficed{x.until}"));
    }

    private void Reject(in Packet packet, Verdict verdict)
    {
        VerdictExplanation explanation = VerdictExplanation.Of(verdict);
        _tally[explanation.Counter]++;
        stream.Log.Write(
            explanation.Kind,
            explanation.Level,
            (packet.Cnt, packet.PayloadOffset, packet.PayloadLength, packet.HeapLength, explanation.Reason),
            static x => Text(
                $"packet of heap {x.Cnt} (payload offset {x.PayloadOffset}, {x.PayloadLength} bytes, heap length {Wire.Shown(x.HeapLength)}) not used: {x.Reason}"));
    }

    /// <summary>A heap that is complete: the consumer's, or the sign to stop.</summary>
    private void Complete(LiveHeap heap, bool stop)
    {
        if (stop)
        {
            _tally[Statistic.StopHeaps]++;
            heap.Free();
        }
        else
        {
            LeaveAssembly(heap);
        }
    }

    /// <summary>
    /// The packets of a heap that has none between its first and last are taken to be as long as those of the heaps
    /// before it, and without such heaps as what has arrived of it.
    /// </summary>
    private void CountMissing(LiveHeap heap, bool isEvicted)
    {
        ulong packetLength = _packetLength != 0 ? _packetLength : Math.Max(heap.ReceivedLength, 1);
        Missing missing = heap.Missing(packetLength, out Missing inside);
        bool isCounted = heap.IsCounted || heap.IsRepeat;
        if (isEvicted)
        {
            _assembler.EvictedHeaps!.Note(missing, inside, isCounted);
        }
        else if (!isCounted)
        {
            AddMissing(missing);
        }
    }

    private void AddMissing(in Missing missing)
    {
        _tally[Statistic.PacketsMissing] += (long)missing.Packets;
        _tally[Statistic.BytesMissing] += (long)missing.Bytes;
    }

    /// <summary>What has turned out to be missing of heaps that were evicted.</summary>
    private void TakeDue(EvictedHeaps heaps)
    {
        AddMissing(heaps.Due);
        heaps.Due = default;
    }

    /// <summary>A heap leaves the assembly, for whatever reason but the user's stop.</summary>
    private void LeaveAssembly(LiveHeap heap, bool isEvicted = false)
    {
        _tally[Statistic.Heaps]++;
        if (_accounting is { ByItem: true })
        {
            _accounting.TakeItems(heap);
        }

        _tally[Statistic.HeapsMixed] += (heap.State & HeapState.Mixed) != 0 ? 1 : 0;
        _tally[Statistic.HeapsContradictory] += (heap.State & HeapState.Contradictory) != 0 ? 1 : 0;
        _tally[Statistic.MaxHeapBytes] = Math.Max(_tally[Statistic.MaxHeapBytes], (long)heap.ReceivedLength);
        _packetLength = heap.PacketLength != 0 ? heap.PacketLength : _packetLength;
        if (heap.HasBlock)
        {
            // Else it is in a chunk.
            _copy.Count(heap.ReceivedLength);
        }

        if (!heap.IsContiguous)
        {
            CountMissing(heap, isEvicted);
        }

        heap.Finish(_keepRanges, _keepIncompletePayload);
        if ((heap.State & HeapState.Contiguous) != 0 || _deliverIncomplete)
        {
            _copy.Fence();
            stream.Sink.Deliver(heap);
            if (stream.Sink.IsFull)
            {
                stream.Flow.Block();
            }

            return;
        }

        _tally[Statistic.IncompleteHeapsDropped]++;
        stream.Log.Write(
            MessageKind.IncompleteHeap,
            LogLevel.Warning,
            (heap.Cnt, heap.ReceivedLength, heap.HeapLength),
            static x => Text(
                $"dropped incomplete heap {x.Cnt} ({x.ReceivedLength} of {Wire.Shown(x.HeapLength)} bytes of payload received)"));
        heap.Free();
    }
}
