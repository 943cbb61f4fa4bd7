// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>
/// The user-supplied function that takes every heap of a stream, and <c>null</c> at the end. The engine calls it one call
/// at a time.
/// </summary>
internal sealed class HeapFunction(Action<Heap?> function)
{
    // Such functions that this thread is inside, of whichever streams.
    [ThreadStatic]
    private static int _depth;

    private volatile bool _hasEnded;
    private volatile bool _isForgotten;

    /// <summary>
    /// Whether this thread is inside such a function: a stream that is freed here could wait for this very thread.
    /// </summary>
    public static bool RunsOnThisThread => _depth != 0;

    /// <summary>Whether the end was told.</summary>
    public bool HasEnded => _hasEnded;

    /// <summary>The user has forgotten the stream: the function is not called any more.</summary>
    public void Forget() => _isForgotten = true;

    /// <summary>Calls the function. What it throws is the engine's to log.</summary>
    /// <param name="heap">Its memory is the function's to release.</param>
    public void Call(Heap? heap)
    {
        if (_isForgotten)
        {
            heap?.Dispose();
            return;
        }

        _depth++;
        try
        {
            function(heap);
        }
        finally
        {
            _depth--;
            _hasEnded = heap is null;
        }
    }
}
