// SPDX-License-Identifier: MIT

using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using Spead2.Chunks;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>Where chunk 0 of a group begins, in the time of its layouts; once it is known, it does not change. Any thread.</summary>
internal sealed class ChunkOrigin
{
    private const long Unknown = -1;

    private long _value = Unknown;

    /// <summary>The origin; at first that of the chunk, of such a length, with this value.</summary>
    public ulong Get(ulong value, ulong length)
    {
        long known = Volatile.Read(ref _value);
        if (known == Unknown)
        {
            long proposed = (long)(value - value % length);
            known = Interlocked.CompareExchange(ref _value, proposed, Unknown);
            known = known == Unknown ? proposed : known;
        }

        return (ulong)known;
    }
}

/// <summary>A layout: spead2core/chunk.h has the rules.</summary>
internal sealed class LayoutPlacer : ChunkPlacer
{
    private readonly Axis[] _axes;
    private readonly ulong[] _items;
    private readonly ulong _heapLength;
    private readonly ulong? _origin;
    private readonly ChunkOrigin _common;

    // From the start of one chunk to the next.
    private readonly ulong _chunkLength;

    public LayoutPlacer(ChunkLayout layout, ChunkOrigin common)
    {
        _common = common;
        _axes = [.. Enumerable.Range(0, layout.Axes.Count).Select(i => new Axis(layout, i))];
        _items = [.. layout.Axes.Select(axis => (ulong)axis.ItemId)];
        _heapLength = (ulong)layout.HeapSize;
        _origin = (ulong?)layout.Origin;
        _chunkLength = _axes[0].Step * _axes[0].Count;
    }

    public override void Place(in Packet packet, out Placement placement)
    {
        // 0 stands for any length.
        if (_heapLength != 0 && packet.HeapLength != _heapLength)
        {
            placement = Placement.None(Statistic.BadLengthHeaps);
            return;
        }

        Values values = default;
        FindValues(packet, _items, values);
        placement = new() { Outcome = Placement.Placed };
        for (int i = 0; i < _axes.Length && placement.Outcome == Placement.Placed; i++)
        {
            Add(i, values[i], ref placement);
        }
    }

    private void Add(int number, ulong value, ref Placement placement)
    {
        ref readonly Axis axis = ref _axes[number];
        ulong index = 0;
        placement.Outcome = value == Wire.LengthUnknown ? Statistic.MissingItemHeaps
            : number == 0 ? AddTime(axis, value, ref placement, out index)
            : axis.TryFind(value, out index) ? Placement.Placed
            : Statistic.OutOfRangeHeaps;
        placement.HeapOffset += index * axis.DataStride;
        placement.HeapIndex += index * axis.PresentStride;
    }

    private Statistic AddTime(in Axis axis, ulong value, ref Placement placement, out ulong index)
    {
        index = 0;
        ulong origin = _origin ?? _common.Get(value, _chunkLength);
        if (value < origin)
        {
            return Statistic.TooOldHeaps;
        }

        (ulong steps, ulong rest) = Math.DivRem(value - origin, axis.Step);
        if (rest != 0)
        {
            return Statistic.BadTimestampHeaps;
        }

        (ulong chunk, index) = Math.DivRem(steps, axis.Count);
        placement.ChunkId = (long)chunk;
        return Placement.Placed;
    }

    [InlineArray(ChunkLayout.MostAxes)]
    private struct Values
    {
        private ulong _first;
    }

    private readonly struct Axis(ChunkLayout layout, int index)
    {
        public readonly ulong First = (ulong)layout.Axes[index].First;
        public readonly ulong Step = (ulong)layout.Axes[index].Step;
        public readonly ulong Count = (ulong)layout.Axes[index].Length;
        public readonly ulong DataStride = (ulong)layout.DataStrideOf(index);
        public readonly ulong PresentStride = (ulong)layout.PresentStrideOf(index);

        private readonly FrozenDictionary<ulong, int>? _indices =
            layout.Axes[index].Values?.Select((value, i) => KeyValuePair.Create((ulong)value, i)).ToFrozenDictionary();

        public bool TryFind(ulong value, out ulong index)
        {
            if (_indices is not null)
            {
                bool isFound = _indices.TryGetValue(value, out int found);
                index = (ulong)found;
                return isFound;
            }

            (index, ulong rest) = Math.DivRem(value - First, Step);
            return value >= First && rest == 0 && index < Count;
        }
    }
}
