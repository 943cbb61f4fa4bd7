// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Spead2.Receive;

namespace Spead2.Differential.Model;

/// <summary>A heap under assembly (spec 4.1 to 4.5), and what it looks like in the end (4.8, 4.9).</summary>
internal sealed class LiveHeap(Packet first, TraceOptions options)
{
    private readonly List<Pointer> _pointers = [];
    private readonly List<PayloadRange> _ranges = [];
    private readonly List<Packet> _accepted = [];
    private long? _heapLength;
    private long _minLength;
    private long _capacity;

    public long Cnt => first.Cnt;

    public int AddressBits => first.AddressBits;

    /// <summary>The stream's: among the heaps of its substream, in the order of their starts.</summary>
    public long Number { get; set; }

    /// <summary>The stream's: a heap with its cnt, or what takes its place, has come before.</summary>
    public bool IsRepeat { get; set; }

    public bool HasStopItem { get; private set; }

    /// <summary>Two packets gave an item different values.</summary>
    public bool IsContradictory { get; private set; }

    public bool IsComplete => _heapLength == Received && _heapLength == _minLength;

    public bool IsContiguous => Received == _minLength;

    /// <summary>The stream's: what had come when it was evicted ends here, if more of it came later.</summary>
    public long ReturnedEnd { get; set; }

    /// <summary>The stream's: what was missing then up to there.</summary>
    public Lack ReturnedLack { get; set; }

    /// <summary>The stream's: what is missing in all.</summary>
    public Lack Lack { get; set; }

    /// <summary>The stream's: what of that is before the end of what has come.</summary>
    public Lack LackInside { get; set; }

    /// <summary>The stream's: what is missing has been counted, or is not to be.</summary>
    public bool IsCounted { get; set; }

    /// <summary>The stream's: heaps of its substream that had begun when it was evicted.</summary>
    public long Begun { get; set; }

    /// <summary>Where what has come of it ends.</summary>
    public long ReceivedEnd => Math.Max(End, ReturnedEnd);

    private long End => _accepted.Where(packet => packet.Payload.Length > 0)
        .Max(packet => (long?)packet.Offset + packet.Payload.Length).GetValueOrDefault();

    private long Received => _accepted.Sum(packet => packet.Payload.Length);

    /// <summary>The value that the first immediate of an identifier has.</summary>
    public long? ValueOf(long id) => _pointers.Where(pointer => pointer.IsImmediate && pointer.Id == id)
        .Select(pointer => (long?)pointer.Value).FirstOrDefault();

    /// <summary>Makes a packet part of the heap. Returns null, or the statistic that says why it cannot be.</summary>
    public string? Accept(Packet packet)
    {
        long end = packet.Offset + packet.Payload.Length;
        long needed = packet.HeapLength ?? end;
        if ((_heapLength is not null && packet.HeapLength is not null && packet.HeapLength != _heapLength)
            || packet.HeapLength < _minLength)
        {
            return "rejected_length";
        }

        if (packet.AddressBits != first.AddressBits)
        {
            return "rejected_flavour";
        }

        if (needed > options.MaxHeapSize)
        {
            return "too_large";
        }

        if (packet.HeapLength is null && packet.Offset - Math.Max(_heapLength ?? 0, End) > options.MaxUnsizedGap)
        {
            return "too_large";
        }

        if (options.InOrder && packet.Offset != Received)
        {
            return "rejected_order";
        }

        if (!options.InOrder && CheckRange(packet.Offset, end) is string reason)
        {
            return reason;
        }

        if (!TryReserve(packet))
        {
            return "allocation_failed";
        }

        if (!options.InOrder)
        {
            AddRange(packet.Offset, end);
        }

        bool isContradictory = packet.Pointers.Any(pointer =>
            pointer is { IsImmediate: true, Id: > ItemId.StreamControl } && !_pointers.Contains(pointer)
            && _pointers.Take(64).Any(earlier => earlier.IsImmediate && earlier.Id == pointer.Id));
        IsContradictory |= isContradictory;
        _accepted.Add(packet);
        _heapLength ??= packet.HeapLength;
        _minLength = Math.Max(_minLength, needed);
        foreach (Pointer pointer in packet.Pointers)
        {
            if (!pointer.IsImmediate)
            {
                _minLength = Math.Max(_minLength, pointer.Value);
            }

            if (pointer.Id is ItemId.Null or > ItemId.PayloadLength && !_pointers.Contains(pointer))
            {
                _pointers.Add(pointer);
            }

            HasStopItem |= pointer is { IsImmediate: true, Id: ItemId.StreamControl, Value: 2 };
        }

        return null;
    }

    /// <summary>Largest payload of a packet but the first and the last; 0 if there is none.</summary>
    public long PacketLength => _accepted.Where(p => p.Offset > 0 && p.Offset + p.Payload.Length != p.HeapLength)
        .Select(p => (long)p.Payload.Length).DefaultIfEmpty().Max();

    /// <summary>The stretches of the heap that no packet brought, the last one behind all that came.</summary>
    public IEnumerable<PayloadRange> Gaps
    {
        get
        {
            long end = ReturnedEnd;
            long total = _heapLength ?? _minLength;
            foreach (Packet packet in _accepted.OrderBy(packet => packet.Offset))
            {
                yield return new(end, Math.Min(packet.Offset, total));
                end = Math.Max(end, packet.Offset + packet.Payload.Length);
            }

            yield return new(end, total);
        }
    }

    /// <summary>The heap as a consumer sees it.</summary>
    public ObservedHeap Freeze()
    {
        ObservedItem[] items = [.. FreezeItems()];
        int payloadLength = IsContiguous || options.KeepPayload ? (int)End : 0;
        return new()
        {
            Cnt = (ulong)Cnt,
            Flavour = new(first.AddressBits, options.BugCompat),
            IsComplete = IsComplete,
            IsContiguous = IsContiguous,
            IsStartOfStream = items.Any(item => IsStreamControl(item, 0)),
            IsEndOfStream = items.Any(item => IsStreamControl(item, 2)),
            IsContradictory = IsContradictory,
            HeapLength = _heapLength ?? -1,
            ReceivedLength = Received,
            Ranges = IsContiguous || !options.KeepRanges ? [] : [.. InOrderRange, .. _ranges],
            Items = items,
            PayloadLength = payloadLength,
            Payload = Payload(Math.Min(payloadLength, ObservedHeap.ObservedPayload)),
            DefinedPayload = [.. _accepted.Select(p => new PayloadRange(p.Offset, p.Offset + p.Payload.Length))],
        };
    }

    private IEnumerable<PayloadRange> InOrderRange => options.InOrder && Received > 0 ? [new(0, Received)] : [];

    /// <summary>Spec 4.3: a heap of unknown length grows in steps, which here end at the largest heap.</summary>
    private bool TryReserve(Packet packet)
    {
        bool isExact = packet.HeapLength is not null;
        long end = packet.Payload.Length > 0 ? packet.Offset + packet.Payload.Length : 0;
        long needed = packet.HeapLength ?? end;
        if (needed <= _capacity)
        {
            return true;
        }

        long block = isExact ? needed : Math.Max(needed, Math.Min(2 * _capacity, options.MaxHeapSize));
        if (options.LargestBlock > 0 && block > options.LargestBlock)
        {
            return false;
        }

        _capacity = block;
        return true;
    }

    // Spec 4.4, step by step: previous and next are the ranges before and behind the new one.
    private string? CheckRange(long start, long end)
    {
        (int previous, int next) = Around(start);
        return next < _ranges.Count && _ranges[next].Start < end ? "rejected_overlap"
            : previous >= 0 && _ranges[previous].End > start ? "rejected_duplicate"
            : null;
    }

    private void AddRange(long start, long end)
    {
        (int previous, int next) = Around(start);
        if (previous >= 0 && _ranges[previous].End == start)
        {
            _ranges[previous] = new(_ranges[previous].Start, end);
        }
        else
        {
            _ranges.Insert(next, new(start, end));
            previous = next++;
        }

        if (next < _ranges.Count && _ranges[next].Start == end)
        {
            _ranges[previous] = new(_ranges[previous].Start, _ranges[next].End);
            _ranges.RemoveAt(next);
        }
    }

    private (int Previous, int Next) Around(long start)
    {
        int next = _ranges.Count(range => range.Start <= start);
        return (next - 1, next);
    }

    private IEnumerable<ObservedItem> FreezeItems()
    {
        // A stable sort; what is addressed comes first.
        Pointer[] sorted = [.. _pointers.OrderBy(pointer => pointer.IsImmediate).ThenBy(pointer => pointer.Value)];
        Pointer[] addressed = [.. sorted.Where(pointer => !pointer.IsImmediate)];
        byte[] payload = IsContiguous ? Payload(_minLength) : [];
        if (addressed.Length == 0 && payload.Length > 0 && options.Dialect.HasFlag(DialectFlags.UnpointedItem)
            && options.DialectItem < 1L << (63 - first.AddressBits))
        {
            yield return new(options.DialectItem, false, 0, Hex(payload));
        }

        for (int i = 0; i < addressed.Length && IsContiguous; i++)
        {
            (_, long id, long address) = addressed[i];
            long end = i + 1 < addressed.Length ? addressed[i + 1].Value : _minLength;
            if (id != ItemId.Null && end > address)
            {
                yield return new(id, false, (ulong)address, Hex(payload.AsSpan()[(int)address..(int)end]));
            }
        }

        foreach ((_, long id, long value) in sorted.Where(pointer => pointer.IsImmediate && pointer.Id != ItemId.Null))
        {
            byte[] bytes = new byte[sizeof(long)];
            BinaryPrimitives.WriteInt64BigEndian(bytes, value);
            yield return new(id, true, (ulong)value, Hex(bytes.AsSpan()[^(first.AddressBits / 8)..]));
        }
    }

    private byte[] Payload(long length)
    {
        byte[] payload = new byte[length];
        foreach (Packet packet in _accepted.Where(packet => packet.Offset < length))
        {
            int count = (int)Math.Min(packet.Payload.Length, length - packet.Offset);
            packet.Payload.AsSpan(0, count).CopyTo(payload.AsSpan((int)packet.Offset));
        }

        return payload;
    }

    // Spec 4.7: any item 6, as a big-endian number of at most 8 bytes.
    private static bool IsStreamControl(ObservedItem item, ulong code) =>
        item.Id == ItemId.StreamControl
        && item.Bytes.Length <= 2 * sizeof(ulong)
        && Convert.ToUInt64(item.Bytes, 16) == code;

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);
}
