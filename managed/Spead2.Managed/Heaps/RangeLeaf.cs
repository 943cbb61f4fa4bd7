// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>A few ranges of <see cref="ReceivedRanges"/>, in order.</summary>
internal sealed class RangeLeaf
{
    /// <summary>1 KiB of ranges is moved in no time and keeps the table of leaves small.</summary>
    public const int Capacity = 64;

    public int Count;

    public readonly ReceivedRange[] Ranges = new ReceivedRange[Capacity];

    /// <summary>Index of the last range whose start is not above <paramref name="start"/>; there must be one.</summary>
    public int IndexOfLast(ulong start)
    {
        int first = 0;
        int last = Count;
        while (first < last)
        {
            int middle = first + (last - first) / 2;
            if (Ranges[middle].Start <= start)
            {
                first = middle + 1;
            }
            else
            {
                last = middle;
            }
        }

        return first - 1;
    }

    /// <summary>Puts a range at an index; there must be room.</summary>
    public void Insert(int index, ReceivedRange range)
    {
        Ranges.AsSpan(index, Count - index).CopyTo(Ranges.AsSpan(index + 1));
        Ranges[index] = range;
        Count++;
    }

    public void Remove(int index)
    {
        Count--;
        Ranges.AsSpan(index + 1, Count - index).CopyTo(Ranges.AsSpan(index));
    }

    /// <summary>Moves the ranges from an index on to another leaf, which has none.</summary>
    public void MoveTo(RangeLeaf other, int from)
    {
        other.Count = Count - from;
        Ranges.AsSpan(from, other.Count).CopyTo(other.Ranges);
        Count = from;
    }
}
