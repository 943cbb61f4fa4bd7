// SPDX-License-Identifier: MIT

using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Threading.Tasks.Sources;

namespace Spead2.Send;

/// <summary>
/// A group of heaps on its way: who waits for it, and the memory that stays pinned until it was sent. Streams use it
/// again once its result was taken, so that a heap costs no allocation.
/// </summary>
/// <remarks>
/// The engine that has the group keeps this from being collected, and with it the stream and owners of pinned memory,
/// which a thread of the operating system may read that the garbage collector does not know.
/// </remarks>
/// <param name="stream">The stream.</param>
[SuppressMessage("Design", "CA1001", Justification = "The completion releases the memory.")]
internal sealed unsafe class PendingSend(SendStreamBase stream)
    : IValueTaskSource<SendResult>, IThreadPoolWorkItem, ISendCompletion
{
    private readonly List<MemoryHandle> _pins = [];
    private ManualResetValueTaskSourceCore<SendResult> _source;
    private SendResult _result;
    private Exception? _exception;

    /// <summary>What the engine keeps here from one group to the next.</summary>
    public object? EngineCache { get; set; }

    /// <summary>The wait for the group; once.</summary>
    public ValueTask<SendResult> Task => new(this, _source.Version);

    /// <summary>Pins the heaps' memory: all of it, or none if that fails.</summary>
    public void Begin(ReadOnlySpan<HeapReference> heaps)
    {
        try
        {
            foreach (HeapReference reference in heaps)
            {
                IReadOnlyList<ItemToSend> items = reference.Heap.Items;
                for (int i = 0; i < items.Count; i++)
                {
                    _pins.Add(items[i].Data.Pin());
                }
            }
        }
        catch
        {
            _ = Unpin();
            throw;
        }
    }

    /// <summary>Where the bytes of an item are: the items of all heaps are counted in order.</summary>
    public byte* Address(int item) => (byte*)_pins[item].Pointer;

    /// <summary>Nothing was queued: the memory is the user's again.</summary>
    public void Cancel()
    {
        Exception? exception = Unpin();
        stream.Recycle(this);
        if (exception is not null)
        {
            throw exception;
        }
    }

    /// <inheritdoc/>
    public void Complete(in SendResult result)
    {
        _result = result;

        // Memory of a user's own kind that cannot be unpinned.
        _exception = Unpin();

        // Continuations are the user's, and have no place on this thread.
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        stream.CountCompletion();
    }

    /// <summary>Tells the waiter, after which another group may have this.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        if (_exception is { } exception)
        {
            _source.SetException(exception);
        }
        else
        {
            _source.SetResult(_result);
        }
    }

    SendResult IValueTaskSource<SendResult>.GetResult(short token)
    {
        bool isOver = _source.GetStatus(token) != ValueTaskSourceStatus.Pending;
        try
        {
            return _source.GetResult(token);
        }
        finally
        {
            if (isOver)
            {
                _source.Reset();
                _exception = null;
                stream.Recycle(this);
            }
        }
    }

    ValueTaskSourceStatus IValueTaskSource<SendResult>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<SendResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    /// <summary>Unpins all memory, also if some cannot be; gives what the first of these threw.</summary>
    private Exception? Unpin()
    {
        Exception? first = null;
        foreach (MemoryHandle pin in _pins)
        {
            try
            {
                pin.Dispose();
            }
            catch (Exception exception)
            {
                first ??= exception;
            }
        }

        _pins.Clear();
        return first;
    }
}
