// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>
/// Where the payloads of heaps live (spead2: <c>spead2.MemoryAllocator</c>, section "Memory allocators"). Derive
/// from it to decide that, and set <see cref="IReceiveStream.MemoryAllocator"/>.
/// </summary>
/// <remarks>
/// <para>
/// Ownership: streams, pools and heaps keep an allocator alive as long as they need it, so it may be dropped or
/// disposed while heaps are in use: their blocks still come back through <see cref="Free"/>. Nothing but its user
/// disposes it.
/// </para>
/// <para>
/// Threads: both functions are called from any thread, several at a time. <see cref="Allocate"/> is called while a
/// stream cannot do anything else: it must not use the stream, and should be quick.
/// </para>
/// </remarks>
public abstract class MemoryAllocator : IDisposable
{
    private volatile bool _disposed;

    /// <summary>Whether only streams that native code receives can use it.</summary>
    internal virtual bool IsNative => false;

    /// <summary>Whether <see cref="Back"/> does anything.</summary>
    internal virtual bool BacksBlocks => false;

    /// <summary>Gives up what the allocator itself holds. Blocks that are in use are not affected.</summary>
    public void Dispose()
    {
        _disposed = true;
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Throws if the allocator has been disposed: nobody may begin to use it then.</summary>
    internal void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_disposed, this);

    /// <summary>Tells the allocator that somebody uses it until <see cref="EndUse"/>, also if it is disposed before.</summary>
    internal virtual void BeginUse()
    {
        // Most allocators hold nothing that their users need.
    }

    /// <summary>Ends what <see cref="BeginUse"/> has begun. Blocks may still be in use.</summary>
    /// <param name="wait">Whether to wait for threads that end with the allocator.</param>
    internal virtual void EndUse(bool wait)
    {
    }

    /// <summary>Allocates a block for the payload of a heap.</summary>
    /// <param name="size">Bytes that are needed: at least 1.</param>
    /// <param name="packet">
    /// The packet that caused it, not always the heap's first; <see cref="PacketHeader.IsEmpty"/> where there is none.
    /// </param>
    /// <returns>
    /// At least <paramref name="size"/> bytes, at any alignment (multiples of 64 are copied to fastest). A block whose
    /// address is null says that there is no memory: the packet is not used and counts as allocation failed. So it is
    /// if the function throws or the block is too small; the first time is logged.
    /// </returns>
    protected internal abstract MemoryBlock Allocate(long size, in PacketHeader packet);

    /// <summary>
    /// Takes a block back, from a thread that receives or one that disposes a heap, possibly the finalizer's. What it
    /// throws is caught; the first time is logged.
    /// </summary>
    /// <param name="block">The very block that <see cref="Allocate"/> gave.</param>
    protected internal abstract void Free(in MemoryBlock block);

    /// <summary>Lets huge pages back the first bytes of a block, whole huge pages.</summary>
    internal virtual void Back(in MemoryBlock block, long end)
    {
    }

    /// <summary>Puts the pages of a part of a block that nobody uses yet in place.</summary>
    internal virtual void Populate(in MemoryBlock block, long from, long to)
    {
    }

    /// <summary>Gives up what the allocator itself holds. Does nothing unless overridden.</summary>
    /// <param name="disposing">False if a finalizer calls.</param>
    protected virtual void Dispose(bool disposing)
    {
    }
}
