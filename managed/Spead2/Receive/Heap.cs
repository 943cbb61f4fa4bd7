// SPDX-License-Identifier: MIT

using System.Buffers;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;

namespace Spead2.Receive;

/// <summary>
/// A received heap (spead2: <c>spead2.recv.Heap</c> and <c>IncompleteHeap</c>). It never changes and is
/// independent of the stream it came from.
/// </summary>
/// <remarks>
/// <para>
/// Ownership: the heap's memory is the caller's until <see cref="Dispose"/>, which releases it for use by later
/// heaps. Every member throws <see cref="ObjectDisposedException"/> after that, and so does every
/// <see cref="ReadOnlyMemory{T}"/> that came from the heap. Memory that is pinned
/// (<see cref="ReadOnlyMemory{T}.Pin"/>) stays until it is unpinned. A span, however, is not guarded: do not use one
/// after the heap is disposed, and keep the heap referenced (a <c>using</c> does) while a span is in use.
/// </para>
/// <para>Threads: any number may read; <see cref="Dispose"/> may be called from any thread, more than once.</para>
/// </remarks>
[SuppressMessage("Usage", "CA1816", Justification = "Heaps have no finalizer; their guards have.")]
[DebuggerDisplay("{DebugText,nq}")]
public abstract unsafe class Heap : IDisposable
{
    private readonly HeapInfo _info;
    private PayloadMemory? _payload;
    private HeapGuard? _guard;
    private RawItem[]? _items;
    private PayloadRange[]? _ranges;

    // Users of the memory: the owner until Dispose, each pin, and each call into the engine.
    private int _holds = 1;
    private int _disposed;

    internal Heap(in HeapInfo info)
    {
        _info = info;
        _guard = HeapGuard.Of(this);
    }

    /// <summary>Heap identifier.</summary>
    public ulong Cnt => Info.Cnt;

    /// <summary>Flavour of the packets, with the bug compatibility of the stream.</summary>
    public Flavour Flavour => Info.Flavour;

    /// <summary>Announced bytes of payload; -1 if no packet said how long the heap is.</summary>
    public long HeapLength => Info.HeapLength;

    /// <summary>Bytes of payload that arrived.</summary>
    public long ReceivedLength => Info.ReceivedLength;

    /// <summary>Whether the length is known and all of it has arrived.</summary>
    public bool IsComplete => Has(HeapState.Complete);

    /// <summary>
    /// Whether everything that is known to belong to the heap has arrived. True for every complete heap; a heap that
    /// never said its length can be contiguous only. A heap that is not contiguous is an incomplete heap.
    /// </summary>
    public bool IsContiguous => Has(HeapState.Contiguous);

    /// <summary>Whether a stream control item says start (spead2: <c>is_start_of_stream</c>).</summary>
    public bool IsStartOfStream => Has(HeapState.StartOfStream);

    /// <summary>Whether a stream control item says stop (spead2: <c>is_end_of_stream</c>).</summary>
    public bool IsEndOfStream => Has(HeapState.EndOfStream);

    /// <summary>
    /// Whether packets of several senders became part of the heap. Only where the stream records senders
    /// (<see cref="ReceiveStreamOptions.Senders"/>).
    /// </summary>
    public bool IsMixed => Has(HeapState.Mixed);

    /// <summary>
    /// Whether two packets gave one item different immediate values: perhaps two senders use the same heap cnt. A packet's
    /// new item pointers are compared with the first 64 of the packets before; identifiers up to 6 may have several values.
    /// </summary>
    public bool IsContradictory => Has(HeapState.Contradictory);

    /// <summary>
    /// Who sent the heap's first packet. <c>null</c> unless the stream records senders
    /// (<see cref="ReceiveStreamOptions.Senders"/>), and for packets from memory.
    /// </summary>
    public IPEndPoint? Sender => Info.Sender;

    /// <summary>
    /// The payload, without a copy. Of an incomplete heap it is empty unless the stream keeps it
    /// (<see cref="ReceiveStreamOptions.IncompleteKeepPayload"/>); then bytes outside of
    /// <see cref="PayloadRanges"/> have no defined value.
    /// </summary>
    public ReadOnlyMemory<byte> Payload
    {
        get
        {
            ThrowIfDisposed();
            return _info.PayloadLength == 0 ? default : (_payload ??= new PayloadMemory(this)).Memory;
        }
    }

    /// <summary>
    /// The items: those in the payload by rising address, then the immediates by rising value. Descriptors and stream
    /// control items are among them, empty items and padding are not. An incomplete heap has immediates only.
    /// </summary>
    public ImmutableArray<RawItem> Items
    {
        get
        {
            ThrowIfDisposed();
            _items ??= WithMemory(static heap => heap.ReadItems());
            return ImmutableCollectionsMarshal.AsImmutableArray(_items);
        }
    }

    /// <summary>
    /// Parts of an incomplete heap that arrived, in order and disjoint. Empty unless the stream keeps them
    /// (<see cref="ReceiveStreamOptions.IncompleteKeepPayloadRanges"/>), and for heaps that are not incomplete. A
    /// packet without payload that lies in a gap is an empty range, perhaps behind the end of <see cref="Payload"/>.
    /// </summary>
    public ImmutableArray<PayloadRange> PayloadRanges
    {
        get
        {
            ThrowIfDisposed();
            _ranges ??= WithMemory(static heap => heap.ReadRanges());
            return ImmutableCollectionsMarshal.AsImmutableArray(_ranges);
        }
    }

    // Of the heap's own record, which stays when its memory goes: a debugger must not throw, and changes nothing.
    private string DebugText => string.Create(
        CultureInfo.InvariantCulture,
        $"Heap {_info.Cnt}, {_info.ReceivedLength} bytes{DebugLength}{(Volatile.Read(ref _disposed) != 0 ? ", disposed" : "")}");

    private string DebugLength => (_info.State & HeapState.Contiguous) != 0 ? string.Empty
        : _info.HeapLength < 0 ? ", incomplete"
        : string.Create(CultureInfo.InvariantCulture, $" of {_info.HeapLength}, incomplete");

    private ref readonly HeapInfo Info
    {
        get
        {
            ThrowIfDisposed();
            return ref _info;
        }
    }

    /// <summary>Releases the memory. Calling it again does nothing.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            Unhold();
        }
    }

    /// <summary>Reads the items from the engine. The memory is held during the call.</summary>
    internal abstract RawItem[] ReadItems();

    /// <summary>Reads the received ranges from the engine. The memory is held during the call.</summary>
    internal abstract PayloadRange[] ReadRanges();

    /// <summary>Returns the memory to the engine. Called once, from any thread, possibly the finalizer's.</summary>
    internal abstract void ReleaseMemory();

    internal void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, typeof(Heap));

    /// <summary>A part of the payload, for holders of a reference, whether it is disposed or not.</summary>
    internal ReadOnlySpan<byte> HeldBytes(int offset, int length)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _holds) <= 0, typeof(Heap));
        return new ReadOnlySpan<byte>(_info.Payload, _info.PayloadLength).Slice(offset, length);
    }

    private bool Has(HeapState flag) => (Info.State & flag) != 0;

    private T WithMemory<T>(Func<Heap, T> read)
    {
        Hold();
        try
        {
            return read(this);
        }
        finally
        {
            Unhold();
        }
    }

    /// <summary>
    /// Keeps the memory, also when the heap is disposed, until as many calls of <see cref="Unhold"/>.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The heap has been disposed.</exception>
    internal void Hold()
    {
        int holds;
        do
        {
            ThrowIfDisposed();
            holds = Volatile.Read(ref _holds);
            ObjectDisposedException.ThrowIf(holds <= 0, typeof(Heap));
        }
        while (Interlocked.CompareExchange(ref _holds, holds + 1, holds) != holds);
    }

    /// <summary>One reference more, for a caller that has one.</summary>
    internal void HoldAgain() => Interlocked.Increment(ref _holds);

    /// <summary>Releases a reference. The last one releases the memory if the heap is disposed.</summary>
    internal void Unhold()
    {
        if (Interlocked.Decrement(ref _holds) == 0)
        {
            // Only now: a pin that is never released must not keep the guard from releasing the memory.
            HeapGuard guard = _guard!;
            _guard = null;
            guard.Release();
            ReleaseMemory();
        }
    }

    /// <summary>Releases the memory of a heap that was never disposed. For the guard's finalizer.</summary>
    internal void Forget()
    {
        // Code that still has the heap then, in a finalizer of its own, must not find memory that is gone, and may be
        // disposing it just now.
        Volatile.Write(ref _disposed, 1);
        if (Interlocked.Exchange(ref _holds, 0) > 0)
        {
            ReleaseMemory();
        }
    }

    /// <summary>Lends the payload of a heap that is not disposed.</summary>
    private sealed class PayloadMemory(Heap heap) : MemoryManager<byte>
    {
        public override Memory<byte> Memory => CreateMemory(heap._info.PayloadLength);

        public override Span<byte> GetSpan()
        {
            heap.ThrowIfDisposed();
            return new Span<byte>(heap._info.Payload, heap._info.PayloadLength);
        }

        public override MemoryHandle Pin(int elementIndex = 0)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(elementIndex);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(elementIndex, heap._info.PayloadLength);
            heap.Hold();
            return new MemoryHandle(heap._info.Payload + elementIndex, pinnable: this);
        }

        public override void Unpin() => heap.Unhold();

        protected override void Dispose(bool disposing)
        {
            // The heap is the owner.
        }
    }
}
