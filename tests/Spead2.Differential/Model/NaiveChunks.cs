// SPDX-License-Identifier: MIT

using Spead2.Chunks;

namespace Spead2.Differential.Model;

/// <summary>The obvious way to do what section 8 of the spec says, for one stream of a group: the judge over chunks.</summary>
internal sealed class NaiveChunks(ChunkTrace trace, NaiveWindow window, int member, Action<string, long> count)
{
    private readonly Dictionary<LiveHeap, Place> _places = [];
    private readonly ChunkLayout? _layout = trace.LayoutOf(member);

    // Of the stream's own window.
    private long _head;

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
        if (packet.Payload.Length > 0 && _places.TryGetValue(heap, out Place? place) && IsOpen(place))
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

        if (!IsOpen(place))
        {
            count("too_old_heaps", 1);
        }
        else if (trace.PacketPresence == 0)
        {
            place.Chunk.Present[place.Spot.HeapIndex] = 1;
        }
    }

    private bool IsOpen(Place place) => place.Id >= _head && window.Has(place.Chunk);

    private ChunkSpot? Find(Packet packet)
    {
        if (_layout is null)
        {
            return trace.Place(packet.Cnt, ChunkTrace.Sum(packet.HeapLength!.Value, packet.Offset, packet.Payload.Length), member);
        }

        if (packet.HeapLength != _layout.HeapSize)
        {
            return Reject("bad_length_heaps");
        }

        ChunkSpot spot = new();
        for (int i = 0; i < _layout.Axes.Count; i++)
        {
            ChunkAxis axis = _layout.Axes[i];
            long length = axis.Values?.Count ?? axis.Count;
            if (ValueOf(packet, axis.ItemId) is not long number)
            {
                return Reject("missing_item_heaps");
            }

            long first = i > 0 ? 0 : _layout.Origin ?? (window.Origin ??= number - (number % (axis.Step * length)));
            if (i == 0 && number < first)
            {
                count("too_old_heaps", 1);
                return null;
            }

            long steps = axis.Values is null ? (number - first) / axis.Step : axis.Values.ToList().IndexOf(number);
            if (axis.Values is null ? (number - first) % axis.Step != 0 || (i > 0 && steps >= length) : steps < 0)
            {
                return Reject(i == 0 ? "bad_timestamp_heaps" : "out_of_range_heaps");
            }

            long behind = _layout.Axes.Skip(i + 1).Aggregate(1L, (product, axis) => product * (axis.Values?.Count ?? axis.Count));
            spot.ChunkId = i == 0 ? steps / length : spot.ChunkId;
            spot.HeapIndex += steps % length * behind;
            spot.HeapOffset += steps % length * behind * _layout.HeapSize;
        }

        return spot;
    }

    /// <summary>The two that describe the heap are as the dialect understands them.</summary>
    private static long? ValueOf(Packet packet, long item) => item switch
    {
        ItemId.HeapCnt => packet.Cnt,
        ItemId.HeapLength => packet.HeapLength,
        _ => packet.Pointers.Where(pointer => pointer.IsImmediate && pointer.Id == item).Select(pointer => (long?)pointer.Value).LastOrDefault(),
    };

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
        else if (spot.ChunkId < Math.Max(_head, window.Head))
        {
            count("too_old_heaps", 1);
        }
        else
        {
            _head = Math.Max(_head, spot.ChunkId - trace.MemberChunks[member] + 1);
            NaiveChunk chunk = window.Reach(spot.ChunkId);
            long flags = trace.PacketPresence == 0 ? 1 : ((length - 1) / trace.PacketPresence) + 1;
            if (spot.HeapOffset + length > trace.DataSize || spot.HeapIndex + flags > trace.PresentSize
                || spot.ExtraOffset + spot.Extra.Length > trace.ExtraSize)
            {
                Reject("out_of_bounds_heaps");
                return;
            }

            spot.Extra.CopyTo(chunk.Extra.AsSpan((int)spot.ExtraOffset));
            _places.Add(heap, new(spot.ChunkId, chunk, spot));
        }
    }

    private sealed record Place(long Id, NaiveChunk Chunk, ChunkSpot Spot);
}
