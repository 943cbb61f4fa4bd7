// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;

namespace Spead2.Receive;

/// <summary>
/// Sees to a heap that nobody disposes. It stands apart from the heap because an object with a finalizer costs several
/// times as much to make as one without: guards are used again, heaps are not.
/// </summary>
[SuppressMessage("Usage", "CA1816", Justification = "It is used again.")]
internal sealed class HeapGuard
{
    // A thread that consumes heaps seldom has more at a time; what is beyond that is made anew.
    private const int MostSpare = 64;

    [ThreadStatic]
    private static HeapGuard?[]? _spare;

    [ThreadStatic]
    private static int _spareCount;

    // Has no target any more once a collection has found that nobody can reach the guard.
    private readonly WeakReference<HeapGuard> _reachable;
    private Heap? _heap;

    private HeapGuard() => _reachable = new WeakReference<HeapGuard>(this);

    /// <summary>The heap can no longer be reached, or the guard is a spare one of a thread that has ended.</summary>
    ~HeapGuard() => _heap?.Forget();

    /// <summary>Begins to guard a heap, which has to refer to its guard until it is released, and no longer.</summary>
    public static HeapGuard Of(Heap heap)
    {
        int left = _spareCount - 1;
        if (left < 0)
        {
            return new() { _heap = heap };
        }

        _spareCount = left;
        HeapGuard guard = _spare![left]!;
        _spare[left] = null;
        guard._heap = heap;
        return guard;
    }

    /// <summary>The heap needs no guard any more. To be called once.</summary>
    /// <remarks>
    /// A heap that nobody could reach may come back: in the finalizer of what referred to it, or by a weak reference. Its
    /// guard is about to be finalized then, or has been, and must not guard another heap.
    /// </remarks>
    public void Release()
    {
        _heap = null;
        int count = _spareCount;
        if (count < MostSpare && _reachable.TryGetTarget(out _))
        {
            (_spare ??= new HeapGuard?[MostSpare])[count] = this;
            _spareCount = count + 1;
        }
        else
        {
            GC.SuppressFinalize(this);
        }
    }
}
