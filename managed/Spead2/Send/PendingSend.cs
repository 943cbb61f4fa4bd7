// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using Spead2.Receive;

namespace Spead2.Send;

/// <summary>A group of heaps on its way: who waits for it, and the memory that stays pinned until it was sent.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The completion releases the memory.")]
internal sealed unsafe class PendingSend : TaskCompletionSource<SendResult>, ISendCompletion
{
    // Keeps the stream from being finalized, which would stop it.
    private readonly SendStreamBase _stream;
    private readonly PinnedMemory _memory;

    /// <summary>Pins the heaps' memory.</summary>
    public PendingSend(SendStreamBase stream, ReadOnlySpan<HeapReference> heaps)
        : base(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        _stream = stream;
        List<ReadOnlyMemory<byte>> parts = [];
        foreach (HeapReference reference in heaps)
        {
            foreach (ItemToSend item in reference.Heap.Items)
            {
                parts.Add(item.Data);
            }
        }

        _memory = new(parts);
    }

    /// <summary>Where the bytes of an item are: the items of all heaps are counted in order.</summary>
    public byte* Address(int item) => _memory.Address(item);

    /// <summary>Nothing was queued: the memory is the user's again.</summary>
    public void Cancel() => _memory.Dispose();

    /// <inheritdoc/>
    public void Complete(in SendResult result)
    {
        try
        {
            _memory.Dispose();
        }
        catch (Exception exception)
        {
            // Memory of a user's own kind that cannot be unpinned.
            SetException(exception);
            return;
        }

        SetResult(result);
        GC.KeepAlive(_stream);
    }
}
