// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>
/// Which bytes of a heap have arrived: disjoint ranges in order, those of packets without payload included. A B-tree, so
/// that no order of arrival makes a packet cost more than a few cache misses and the moving of a few hundred bytes.
/// </summary>
internal sealed class ReceivedRanges
{
    /// <summary>Levels of a tree at most: far more than the ranges of a heap can fill.</summary>
    private const int Levels = 10;

    // Where the range that was checked last belongs: the last one whose start is not above its own, and the nodes above
    // that; leaves have level 0. Without a previous one it belongs before all others.
    private readonly RangeNode[] _nodes = new RangeNode[Levels];
    private readonly int[] _indices = new int[Levels];
    private bool _hasPrevious;

    // A leaf that the next heap will use.
    private RangeNode? _spare;
    private RangeNode? _root;
    private int _top;

    /// <summary>Number of ranges.</summary>
    public int Count { get; private set; }

    /// <summary>Forgets everything but one leaf, which the next heap will use.</summary>
    public void Clear()
    {
        if (_root is not null)
        {
            _spare = _nodes[0];
            _spare.Clear();
            Array.Clear(_nodes);
        }

        _root = null;
        _top = 0;
        Count = 0;
    }

    /// <summary>What adding a range would mean.</summary>
    public RangesVerdict Check(ulong start, ulong end)
    {
        FindPrevious(start);
        bool hasNext = TryGetNextStart(out ulong next);
        if (hasNext && next < end)
        {
            return RangesVerdict.Overlap;
        }

        if (_hasPrevious && PreviousEnd >= start)
        {
            return PreviousEnd > start ? RangesVerdict.Duplicate : RangesVerdict.Adjacent;
        }

        return hasNext && next == end ? RangesVerdict.Adjacent : RangesVerdict.New;
    }

    /// <summary>
    /// Adds the range that was checked last, and was called new or adjacent. False, and no change, if there is no memory.
    /// </summary>
    public bool TryAdd(ulong start, ulong end)
    {
        bool touchesNext = TryGetNextStart(out ulong next) && next == end;
        if (_hasPrevious && PreviousEnd == start)
        {
            ref ulong previousEnd = ref PreviousEnd;
            previousEnd = end;
            if (touchesNext)
            {
                MoveToNext();
                previousEnd = PreviousEnd;
                RemoveRange();
            }

            return true;
        }

        if (touchesNext)
        {
            MoveToNext();
            _nodes[0].Start(_indices[0]) = start;
            LiftStart(0);
            return true;
        }

        return TryInsert(start, end);
    }

    /// <summary>End of what has arrived without a gap from the start: 0 if that is nothing.</summary>
    public ulong Prefix
    {
        get
        {
            RangeNode? node = _root;
            if (node is null || node.Start(0) != 0)
            {
                return 0;
            }

            for (int level = _top; level > 0; level--)
            {
                node = node.Child(0);
            }

            return node.End(0);
        }
    }

    /// <summary>Copies the bytes of the ranges from one block to another.</summary>
    public unsafe void CopyBytes(byte* from, byte* to)
    {
        if (_root is not null)
        {
            CopyBytesBelow(_root, _top, from, to);
        }
    }

    /// <summary>Copies the ranges, in order.</summary>
    public void CopyTo(Span<Receive.PayloadRange> copies)
    {
        if (_root is not null)
        {
            int count = 0;
            CopyBelow(_root, _top, copies, ref count);
        }
    }

    /// <summary>Adds what lies between the ranges, up to a length; moves the end behind the last one.</summary>
    public void AddGaps(ulong total, ulong packetLength, ref ulong end, ref Missing missing)
    {
        if (_root is not null)
        {
            AddGapsBelow(_root, _top, total, packetLength, ref end, ref missing);
        }
    }

    private static void AddGapsBelow(
        RangeNode node, int level, ulong total, ulong packetLength, ref ulong end, ref Missing missing)
    {
        for (int i = 0; i < node.Count; i++)
        {
            if (level > 0)
            {
                AddGapsBelow(node.Child(i), level - 1, total, packetLength, ref end, ref missing);
            }
            else
            {
                missing.AddGap(end, Math.Min(node.Start(i), total), packetLength);
                end = Math.Max(end, node.End(i));
            }
        }
    }

    private static unsafe void CopyBytesBelow(RangeNode node, int level, byte* from, byte* to)
    {
        for (int i = 0; i < node.Count; i++)
        {
            if (level > 0)
            {
                CopyBytesBelow(node.Child(i), level - 1, from, to);
            }
            else
            {
                ulong start = node.Start(i);
                ulong length = node.End(i) - start;
                Buffer.MemoryCopy(from + start, to + start, length, length);
            }
        }
    }

    private static void CopyBelow(RangeNode node, int level, Span<Receive.PayloadRange> copies, ref int count)
    {
        for (int i = 0; i < node.Count; i++)
        {
            if (level > 0)
            {
                CopyBelow(node.Child(i), level - 1, copies, ref count);
            }
            else
            {
                copies[count++] = new((long)node.Start(i), (long)node.End(i));
            }
        }
    }

    private ref ulong PreviousEnd => ref _nodes[0].End(_indices[0]);

    /// <summary>Finds the last range whose start is not above <paramref name="start"/>.</summary>
    private void FindPrevious(ulong start)
    {
        RangeNode? node = _root;
        _hasPrevious = node is not null && node.Start(0) <= start;
        for (int level = _top; node is not null; level--)
        {
            int index = _hasPrevious ? node.CountNotAbove(start) - 1 : 0;
            _nodes[level] = node;
            _indices[level] = index;
            node = level == 0 ? null : node.Child(index);
            node?.Fetch();
        }
    }

    /// <summary>The lowest level where the place has entries after it, or one more than the top.</summary>
    private int LevelWithMore()
    {
        int level = 0;
        while (level <= _top && _indices[level] + 1 == _nodes[level].Count)
        {
            level++;
        }

        return level;
    }

    /// <summary>Start of the range after the place; false if there is none.</summary>
    private bool TryGetNextStart(out ulong start)
    {
        start = 0;
        if (_root is null)
        {
            return false;
        }

        if (!_hasPrevious)
        {
            start = _root.Start(0);
            return true;
        }

        int level = LevelWithMore();
        if (level > _top)
        {
            return false;
        }

        start = _nodes[level].Start(_indices[level] + 1);
        return true;
    }

    /// <summary>Goes on to the range after the place, which exists.</summary>
    private void MoveToNext()
    {
        if (!_hasPrevious)
        {
            // The indices are those of the first one already.
            _hasPrevious = true;
            return;
        }

        int level = LevelWithMore();
        _indices[level]++;
        for (; level > 0; level--)
        {
            _nodes[level - 1] = _nodes[level].Child(_indices[level]);
            _indices[level - 1] = 0;
        }
    }

    /// <summary>If the entry at a level is its node's first, tells the nodes above that they begin elsewhere.</summary>
    private void LiftStart(int level)
    {
        ulong start = _nodes[level].Start(0);
        while (_indices[level] == 0 && level < _top)
        {
            level++;
            _nodes[level].Start(_indices[level]) = start;
        }
    }

    /// <summary>Removes the range at the place, which is not the only one.</summary>
    private void RemoveRange()
    {
        Count--;
        int level = 0;
        while (RemoveAt(level))
        {
            level++;
        }

        while (_top > 0 && _root!.Count == 1)
        {
            _root = _root.Child(0);
            _top--;
        }
    }

    /// <summary>Removes the entry of the place at a level. True: then that of the level above has to go.</summary>
    private bool RemoveAt(int level)
    {
        RangeNode node = _nodes[level];
        node.Remove(_indices[level]);
        if (level == _top)
        {
            return false;
        }

        if (node.Count == 0)
        {
            return true;
        }

        LiftStart(level);
        int merged = node.MergeWithNeighbour(_nodes[level + 1], _indices[level + 1]);
        if (merged < 0)
        {
            return false;
        }

        _indices[level + 1] = merged;
        return true;
    }

    /// <summary>Inserts a range that touches no other one after the place.</summary>
    private bool TryInsert(ulong start, ulong end)
    {
        if (_root is null)
        {
            return TryBegin(start, end);
        }

        int full = 0;
        while (full <= _top && _nodes[full].IsFull)
        {
            full++;
        }

        RangeNode[] made;
        try
        {
            made = MakeNodes(full);
        }
        catch (OutOfMemoryException)
        {
            return false;
        }

        Insert(made, full, start, end);
        return true;
    }

    private bool TryBegin(ulong start, ulong end)
    {
        try
        {
            _root = _spare ?? new(isLeaf: true);
        }
        catch (OutOfMemoryException)
        {
            return false;
        }

        _spare = null;
        _root.Insert(0, start, end, child: null);
        _nodes[0] = _root;
        Count++;
        return true;
    }

    /// <summary>One for each full node from the leaf up, and a root if all are full.</summary>
    private RangeNode[] MakeNodes(int full)
    {
        if (full == 0)
        {
            return [];
        }

        RangeNode[] made = new RangeNode[full > _top ? full + 1 : full];
        for (int level = 0; level < made.Length; level++)
        {
            made[level] = new(isLeaf: level == 0);
        }

        return made;
    }

    private void Insert(RangeNode[] made, int full, ulong start, ulong end)
    {
        Count++;
        int index = _hasPrevious ? _indices[0] + 1 : 0;
        ulong entryStart = start;
        RangeNode? child = null;
        for (int level = 0; level < full; level++)
        {
            _nodes[level].InsertAndSplit(index, entryStart, end, child, made[level]);
            child = made[level];
            entryStart = child.Start(0);
            index = level < _top ? _indices[level + 1] + 1 : 0;
        }

        if (full > _top)
        {
            AddRoot(made[full], made[full - 1]);
        }
        else
        {
            _nodes[full].Insert(index, entryStart, end, child);
        }

        if (!_hasPrevious)
        {
            SetFirstStart(start);
        }
    }

    /// <summary>Puts an empty root above the one there is and the upper half of what that was.</summary>
    private void AddRoot(RangeNode root, RangeNode upper)
    {
        root.Insert(0, _root!.Start(0), end: 0, _root);
        root.Insert(1, upper.Start(0), end: 0, upper);
        _root = root;
        _top++;
    }

    /// <summary>Tells the nodes above that the first of all ranges begins elsewhere.</summary>
    private void SetFirstStart(ulong start)
    {
        RangeNode node = _root!;
        for (int level = _top; level > 0; level--)
        {
            node.Start(0) = start;
            node = node.Child(0);
        }
    }
}

/// <summary>What adding a range would mean.</summary>
internal enum RangesVerdict
{
    /// <summary>It was not received yet, and touches nothing that was: one range more.</summary>
    New,

    /// <summary>It was not received yet, and is next to what was: no range more.</summary>
    Adjacent,

    /// <summary>It starts inside what was received.</summary>
    Duplicate,

    /// <summary>It ends inside what was received.</summary>
    Overlap,
}
