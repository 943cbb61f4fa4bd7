// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;

namespace Spead2.Receive;

/// <summary>
/// Sees to a heap that nobody disposes. It stands apart from the heap because an object with a finalizer costs several
/// times as much to make as one without: guards are recycled, heaps are not. A guard always goes back to the thread
/// that made it, which is the one that takes heaps from the engine, whatever thread disposes them.
/// </summary>
[SuppressMessage("Usage", "CA1816", Justification = "It is recycled.")]
internal sealed class HeapGuard
{
    [ThreadStatic]
    private static SpareGuards? _spareOfThread;

    private readonly SpareGuards _home;

    // Has no target any more once a collection has found that nobody can reach the guard.
    private readonly WeakReference<HeapGuard> _reachable;
    private Heap? _heap;

    // Of a spare guard: the one below it, and how many there are with it.
    private HeapGuard? _below;
    private int _height;

    private HeapGuard(SpareGuards home)
    {
        _home = home;
        _reachable = new WeakReference<HeapGuard>(this);
    }

    /// <summary>The heap can no longer be reached, or the guard is a spare one of a thread that has ended.</summary>
    ~HeapGuard() => _heap?.Forget();

    /// <summary>Begins to guard a heap, which has to refer to its guard until it is released, and no longer.</summary>
    public static HeapGuard Of(Heap heap)
    {
        SpareGuards home = _spareOfThread ??= new();
        HeapGuard guard = home.Take() ?? new(home);
        guard._heap = heap;
        return guard;
    }

    /// <summary>The heap needs no guard any more. To be called once, from any thread.</summary>
    /// <remarks>
    /// A heap that nobody could reach may come back: in the finalizer of what referred to it, or by a weak reference. Its
    /// guard is about to be finalized then, or has been, and must not guard another heap.
    /// </remarks>
    public void Release()
    {
        _heap = null;
        if (!_reachable.TryGetTarget(out _) || !_home.TryKeep(this, isOwner: ReferenceEquals(_home, _spareOfThread)))
        {
            GC.SuppressFinalize(this);
        }
    }

    /// <summary>The spare guards of a thread: a stack of its own, and one that other threads put them on.</summary>
    private sealed class SpareGuards
    {
        // A thread that takes heaps seldom has more at a time; what is beyond that is made again.
        private const int MostOnStack = 64;

        private HeapGuard? _own;
        private HeapGuard? _returned;

        /// <summary>A spare guard, if there is one. The owner only.</summary>
        public HeapGuard? Take()
        {
            HeapGuard? guard = _own ?? Interlocked.Exchange(ref _returned, null);
            if (guard is not null)
            {
                _own = guard._below;
                guard._below = null;
            }

            return guard;
        }

        /// <summary>Keeps a guard unless there are enough.</summary>
        public bool TryKeep(HeapGuard guard, bool isOwner)
        {
            if (isOwner)
            {
                bool isKept = Put(guard, on: _own);
                _own = isKept ? guard : _own;
                return isKept;
            }

            // The owner takes the whole stack, so a guard that is on top again is on top of what was put below it.
            for (HeapGuard? top = Volatile.Read(ref _returned); Put(guard, on: top);)
            {
                HeapGuard? found = Interlocked.CompareExchange(ref _returned, guard, top);
                if (ReferenceEquals(found, top))
                {
                    return true;
                }

                top = found;
            }

            return false;
        }

        // False if the stack is full. What another thread changes meanwhile makes the height inexact, and no more.
        private static bool Put(HeapGuard guard, HeapGuard? on)
        {
            guard._height = (on?._height ?? 0) + 1;
            bool hasRoom = guard._height <= MostOnStack;
            guard._below = hasRoom ? on : null;
            return hasRoom;
        }
    }
}
