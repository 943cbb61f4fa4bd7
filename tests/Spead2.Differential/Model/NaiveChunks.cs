// SPDX-License-Identifier: MIT

namespace Spead2.Differential.Model;

/// <summary>The obvious way to do what section 8 of the spec says, for one stream: the judge over chunks.</summary>
internal sealed class NaiveChunks(ChunkTrace trace, Action<string, long> count)
{
    private readonly Dictionary<LiveHeap, Place> _places = [];
    private readonly SortedDictionary<long, NaiveChunk> _window = [];
    private long _head;
    private long _tail;
    private long? _latest;
    private long? _origin;

    /// <summary>The chunks, in the order in which they left the window.</summary>
    public List<ObservedChunk> Emitted { get; } = [];

    /// <summary>A heap has got its first packet.</summary>
    public void Begin(LiveHeap heap, Packet packet, bool hasStopItem)
    {
        if (packet.HeapLength > 0 && !hasStopItem && Find(packet) is ChunkSpot spot)
        {
            Put(heap, packet.HeapLength.Value, spot);
        }
    }

    /// <summary>A packet has become part of a heap.</summary>
    public void Write(LiveHeap heap, Packet packet)
    {
        if (packet.Payload.Length > 0 && _places.TryGetValue(heap, out Place? place) && _window.ContainsValue(place.Chunk))
        {
            packet.Payload.CopyTo(place.Chunk.Data.AsSpan((int)(place.Spot.HeapOffset + packet.Offset)));
            if (trace.PacketPresence > 0)
            {
                place.Chunk.Present[place.Spot.HeapIndex + (packet.Offset / trace.PacketPresence)] = 1;
            }
        }
    }

    /// <summary>A heap is complete.</summary>
    public void Complete(LiveHeap heap)
    {
        if (!_places.TryGetValue(heap, out Place? place))
        {
            return;
        }

        if (!_window.ContainsValue(place.Chunk))
        {
            count("too_old_heaps", 1);
        }
        else if (trace.PacketPresence == 0)
        {
            place.Chunk.Present[place.Spot.HeapIndex] = 1;
        }
    }

    /// <summary>The stream has ended.</summary>
    public void Finish()
    {
        while (_window.Count > 0)
        {
            Emit();
        }
    }

    private ChunkSpot? Find(Packet packet)
    {
        if (trace.Layout is null)
        {
            return ChunkTrace.Place(packet.Cnt, trace);
        }

        if (packet.HeapLength != trace.Layout.HeapSize)
        {
            return Reject("bad_length_heaps");
        }

        ChunkSpot spot = new();
        for (int i = 0; i < trace.Layout.Axes.Count; i++)
        {
            (long item, long step, long length) = trace.AxisOf(i);
            long? value = item == ItemId.HeapCnt ? packet.Cnt : packet.Pointers
                .Where(pointer => pointer.IsImmediate && pointer.Id == item).Select(pointer => (long?)pointer.Value).LastOrDefault();
            if (value is not long number)
            {
                return Reject("missing_item_heaps");
            }

            long first = i > 0 ? 0 : trace.Layout.Origin ?? (_origin ??= number - (number % (step * length)));
            if (i == 0 && number < first)
            {
                count("too_old_heaps", 1);
                return null;
            }

            long steps = (number - first) / step;
            if ((number - first) % step != 0 || (i > 0 && steps >= length))
            {
                return Reject(i == 0 ? "bad_timestamp_heaps" : "out_of_range_heaps");
            }

            long behind = trace.LengthBehind(i);
            spot.ChunkId = i == 0 ? steps / length : spot.ChunkId;
            spot.HeapIndex += steps % length * behind;
            spot.HeapOffset += steps % length * behind * trace.Layout.HeapSize;
        }

        return spot;
    }

    private ChunkSpot? Reject(string statistic)
    {
        count("rejected_heaps", 1);
        count(statistic, 1);
        return null;
    }

    private void Put(LiveHeap heap, long length, ChunkSpot spot)
    {
        if (spot.ChunkId < 0)
        {
            count("rejected_heaps", 1);
        }
        else if (spot.ChunkId < _head)
        {
            count("too_old_heaps", 1);
        }
        else
        {
            NaiveChunk chunk = Reach(spot.ChunkId);
            long flags = trace.PacketPresence == 0 ? 1 : ((length - 1) / trace.PacketPresence) + 1;
            if (spot.HeapOffset + length > trace.DataSize || spot.HeapIndex + flags > trace.PresentSize
                || spot.ExtraOffset + spot.Extra.Length > trace.ExtraSize)
            {
                Reject("out_of_bounds_heaps");
                return;
            }

            spot.Extra.CopyTo(chunk.Extra.AsSpan((int)spot.ExtraOffset));
            _places.Add(heap, new(chunk, spot));
        }
    }

    /// <summary>Moves the window: chunk by chunk, but over a gap at once.</summary>
    private NaiveChunk Reach(long id)
    {
        while (_tail <= id)
        {
            if (_tail - _head == trace.MaxChunks || (_window.Count > 0 && id - _tail >= trace.MaxChunks))
            {
                Emit();
            }
            else if (id - _tail >= trace.MaxChunks)
            {
                _head = _tail = id - trace.MaxChunks + 1;
            }
            else
            {
                _window.Add(_tail++, new(trace));
            }
        }

        return _window[id];
    }

    private void Emit()
    {
        NaiveChunk chunk = _window[_head];
        Emitted.Add(new(
            _head, _latest is null ? 0 : _head - _latest.Value - 1, Convert.ToHexStringLower(chunk.Present),
            Convert.ToHexStringLower(chunk.Extra), Convert.ToHexStringLower(chunk.Data)));
        _latest = _head;
        _window.Remove(_head++);
    }

    private sealed record Place(NaiveChunk Chunk, ChunkSpot Spot);

    private sealed class NaiveChunk(ChunkTrace trace)
    {
        public byte[] Data { get; } = new byte[trace.DataSize];

        public byte[] Present { get; } = new byte[trace.PresentSize];

        public byte[] Extra { get; } = new byte[trace.ExtraSize];
    }
}
