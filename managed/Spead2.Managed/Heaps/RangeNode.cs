// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Spead2.Managed;

/// <summary>A node of the tree of <see cref="ReceivedRanges"/>: ranges or, above the leaves, other nodes, in order.</summary>
internal sealed class RangeNode
{
    /// <summary>Half a kibibyte of starts is searched and moved in no time.</summary>
    public const int Capacity = 64;

    // Neighbours that have no more than this together become one node. They are looked at each time that a node has lost
    // MergeStep entries, so that nodes have 16 entries on average at least.
    private const int MergeUpTo = Capacity * 3 / 4;
    private const int MergeStep = 8;

    private const int CacheLine = 64;

    private readonly RangeNode[]? _children;

    // Of the ranges, or of the first range below each child.
    private RangeNumbers _starts;

    // Of the ranges.
    private RangeNumbers _ends;

    public RangeNode(bool isLeaf)
    {
        _children = isLeaf ? null : new RangeNode[Capacity];
    }

    public int Count { get; private set; }

    public bool IsFull => Count == Capacity;

    public ref ulong Start(int index) => ref _starts[index];

    public ref ulong End(int index) => ref _ends[index];

    public RangeNode Child(int index) => _children![index];

    public void Clear() => Count = 0;

    /// <summary>Number of starts that are not above a number. Without branches, as none could be foretold.</summary>
    public int CountNotAbove(ulong start)
    {
        int first = 0;
        int count = Count;
        while (count > 1)
        {
            int half = count / 2;
            first += half & -Unsafe.BitCast<bool, byte>(_starts[first + half - 1] <= start);
            count -= half;
        }

        return first + Unsafe.BitCast<bool, byte>(_starts[first] <= start);
    }

    /// <summary>Begins to load all of a node, instead of one line after the other as the search comes to it.</summary>
    public unsafe void Fetch()
    {
        if (!Sse.IsSupported)
        {
            return;
        }

        // A collection may move the node meanwhile; then another one is loaded, which changes nothing.
        byte* starts = (byte*)Unsafe.AsPointer(ref _starts);
        byte* ends = (byte*)Unsafe.AsPointer(ref _ends);
        for (int offset = 0; offset < Capacity * sizeof(ulong); offset += CacheLine)
        {
            Sse.Prefetch0(starts + offset);
            Sse.Prefetch0(ends + offset);
        }
    }

    /// <summary>Puts a range, or a child and the first start below it, at an index; there must be room.</summary>
    public void Insert(int index, ulong start, ulong end, RangeNode? child)
    {
        Move(index, this, index + 1, Count - index);
        _starts[index] = start;
        _ends[index] = end;
        if (_children is not null)
        {
            _children[index] = child!;
        }

        Count++;
    }

    /// <summary>The same for a full node, which leaves its upper half to an empty one.</summary>
    public void InsertAndSplit(int index, ulong start, ulong end, RangeNode? child, RangeNode upper)
    {
        Move(Capacity / 2, upper, 0, Capacity / 2);
        upper.Count = Capacity / 2;
        Count = Capacity / 2;
        if (index > Capacity / 2)
        {
            upper.Insert(index - Capacity / 2, start, end, child);
        }
        else
        {
            Insert(index, start, end, child);
        }
    }

    public void Remove(int index)
    {
        Count--;
        Move(index + 1, this, index, Count - index);
    }

    /// <summary>
    /// Merges the node, which its parent has at an index, with a neighbour if they are few together. Gives the index of
    /// the parent's entry that then has to go, or -1.
    /// </summary>
    public int MergeWithNeighbour(RangeNode parent, int index)
    {
        if (Count > Capacity / 2 || Count % MergeStep != 0)
        {
            return -1;
        }

        if (index + 1 < parent.Count && Count + parent.Child(index + 1).Count <= MergeUpTo)
        {
            Append(parent.Child(index + 1));
            return index + 1;
        }

        if (index > 0 && Count + parent.Child(index - 1).Count <= MergeUpTo)
        {
            parent.Child(index - 1).Append(this);
            return index;
        }

        return -1;
    }

    private void Append(RangeNode other)
    {
        other.Move(0, this, Count, other.Count);
        Count += other.Count;
    }

    private void Move(int from, RangeNode other, int to, int count)
    {
        Span<ulong> starts = _starts;
        Span<ulong> otherStarts = other._starts;
        starts.Slice(from, count).CopyTo(otherStarts[to..]);
        if (_children is not null)
        {
            Array.Copy(_children, from, other._children!, to, count);
            return;
        }

        Span<ulong> ends = _ends;
        Span<ulong> otherEnds = other._ends;
        ends.Slice(from, count).CopyTo(otherEnds[to..]);
    }
}

/// <summary>The numbers of a <see cref="RangeNode"/>, in the node itself.</summary>
[InlineArray(RangeNode.Capacity)]
internal struct RangeNumbers
{
    private ulong _first;
}
