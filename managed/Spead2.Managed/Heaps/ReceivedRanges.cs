// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>
/// Which bytes of a heap have arrived: disjoint ranges in order, those of packets without payload included. Kept in
/// leaves of a few ranges each under one sorted table, so that no order of arrival makes adding slow.
/// </summary>
internal sealed class ReceivedRanges
{
    private const int FirstLeaves = 8;

    // The first _leafCount are in use and not empty.
    private RangeLeaf?[] _leaves = [];
    private int _leafCount;

    /// <summary>Number of ranges.</summary>
    public int Count { get; private set; }

    /// <summary>Forgets everything but one leaf, which the next heap will use.</summary>
    public void Clear()
    {
        if (_leaves.Length > FirstLeaves)
        {
            _leaves = _leaves[..FirstLeaves];
        }

        _leaves.AsSpan(Math.Min(1, _leaves.Length)).Clear();
        if (_leaves.Length != 0 && _leaves[0] is { } leaf)
        {
            leaf.Count = 0;
        }

        _leafCount = 0;
        Count = 0;
    }

    /// <summary>What adding a range would mean.</summary>
    public RangesVerdict Check(ulong start, ulong end)
    {
        bool hasPrevious = FindPrevious(start, out RangePosition previous);
        if (FindNext(hasPrevious, previous, out RangePosition next) && At(next).Start < end)
        {
            return RangesVerdict.Overlap;
        }

        return hasPrevious && At(previous).End > start ? RangesVerdict.Duplicate : RangesVerdict.New;
    }

    /// <summary>
    /// Adds a range that the check calls new. False, and no change, if there is no memory.
    /// </summary>
    public bool TryAdd(ulong start, ulong end)
    {
        bool hasPrevious = FindPrevious(start, out RangePosition previous);
        bool hasNext = FindNext(hasPrevious, previous, out RangePosition next);
        if (hasPrevious && At(previous).End == start)
        {
            At(previous).End = end;
            if (hasNext && At(next).Start == end)
            {
                At(previous).End = At(next).End;
                Remove(next);
            }

            return true;
        }

        if (hasNext && At(next).Start == end)
        {
            At(next).Start = start;
            return true;
        }

        return TryInsert(hasPrevious ? new(previous.Leaf, previous.Index + 1) : default, new(start, end));
    }

    /// <summary>End of what has arrived without a gap from the start: 0 if that is nothing.</summary>
    public ulong Prefix => _leafCount != 0 && At(default).Start == 0 ? At(default).End : 0;

    /// <summary>Copies the bytes of the ranges from one block to another.</summary>
    public unsafe void CopyBytes(byte* from, byte* to)
    {
        foreach (RangeLeaf? leaf in _leaves.AsSpan(0, _leafCount))
        {
            foreach (ReceivedRange range in leaf!.Ranges.AsSpan(0, leaf.Count))
            {
                ulong length = range.End - range.Start;
                Buffer.MemoryCopy(from + range.Start, to + range.Start, length, length);
            }
        }
    }

    /// <summary>Copies the ranges, in order.</summary>
    public void CopyTo(Span<Receive.PayloadRange> copies)
    {
        foreach (RangeLeaf? leaf in _leaves.AsSpan(0, _leafCount))
        {
            for (int i = 0; i < leaf!.Count; i++)
            {
                copies[i] = new((long)leaf.Ranges[i].Start, (long)leaf.Ranges[i].End);
            }

            copies = copies[leaf.Count..];
        }
    }

    private ref ReceivedRange At(RangePosition position) => ref _leaves[position.Leaf]!.Ranges[position.Index];

    /// <summary>The last range whose start is not above <paramref name="start"/>; false if there is none.</summary>
    private bool FindPrevious(ulong start, out RangePosition position)
    {
        int low = 0;
        int high = _leafCount;
        while (low < high)
        {
            int middle = low + (high - low) / 2;
            if (_leaves[middle]!.Ranges[0].Start <= start)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        if (low == 0)
        {
            position = default;
            return false;
        }

        position = new(low - 1, _leaves[low - 1]!.IndexOfLast(start));
        return true;
    }

    /// <summary>The range after a previous one, or the first; false if there is none.</summary>
    private bool FindNext(bool hasPrevious, RangePosition previous, out RangePosition next)
    {
        if (!hasPrevious)
        {
            next = default;
        }
        else if (previous.Index + 1 < _leaves[previous.Leaf]!.Count)
        {
            next = new(previous.Leaf, previous.Index + 1);
        }
        else
        {
            next = new(previous.Leaf + 1, 0);
        }

        return next.Leaf < _leafCount;
    }

    private bool TryInsert(RangePosition at, ReceivedRange range)
    {
        try
        {
            if (_leafCount == 0)
            {
                AddLeaf(0);
            }
            else if (_leaves[at.Leaf]!.Count == RangeLeaf.Capacity)
            {
                AddLeaf(at.Leaf + 1);
                _leaves[at.Leaf]!.MoveTo(_leaves[at.Leaf + 1]!, RangeLeaf.Capacity / 2);
                if (at.Index > RangeLeaf.Capacity / 2)
                {
                    at = new(at.Leaf + 1, at.Index - RangeLeaf.Capacity / 2);
                }
            }
        }
        catch (OutOfMemoryException)
        {
            return false;
        }

        _leaves[at.Leaf]!.Insert(at.Index, range);
        Count++;
        return true;
    }

    private void AddLeaf(int position)
    {
        if (_leafCount == _leaves.Length)
        {
            Array.Resize(ref _leaves, Math.Max(FirstLeaves, _leaves.Length * 2));
        }

        // The one that Clear has kept, if nothing is in use.
        RangeLeaf leaf = (_leafCount == 0 ? _leaves[0] : null) ?? new();
        Array.Copy(_leaves, position, _leaves, position + 1, _leafCount - position);
        _leaves[position] = leaf;
        _leafCount++;
    }

    private void Remove(RangePosition position)
    {
        _leaves[position.Leaf]!.Remove(position.Index);
        Count--;
        if (_leaves[position.Leaf]!.Count == 0)
        {
            _leafCount--;
            Array.Copy(_leaves, position.Leaf + 1, _leaves, position.Leaf, _leafCount - position.Leaf);
            _leaves[_leafCount] = null;
        }
    }
}
