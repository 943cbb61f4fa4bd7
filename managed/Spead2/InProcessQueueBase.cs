// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;

namespace Spead2;

/// <summary>
/// A queue of packets between streams of one process, of either engine: what <c>Spead2.InProcessQueue</c> and
/// <c>Spead2.Managed.ManagedInProcessQueue</c> have in common.
/// </summary>
/// <remarks>
/// <para>
/// Send streams write to it, a receive stream reads from it, and nothing is lost: while the queue is full its writers
/// wait, without holding a thread. Packets are copied into the queue; each is read as one datagram. Several send streams
/// may write to a queue, and one source at a time reads from it. Queue and streams are of one engine.
/// </para>
/// <para>
/// When the stream that reads stops, so does the queue, and heaps whose packets come too late are completed with
/// <see cref="Spead2Status.Stopped"/>. When only its source is removed, another may be added.
/// </para>
/// <para>Ownership: streams keep a queue as long as they need it, also when it was disposed. Threads: any.</para>
/// </remarks>
[SuppressMessage("Naming", "CA1711", Justification = "It is a queue.")]
public abstract class InProcessQueueBase : IDisposable
{
    /// <summary>Bytes that a queue takes if nothing else is said: 4 MiB.</summary>
    public const long DefaultMaxBytes = 4 << 20;

    /// <summary>As many bytes as there is memory for.</summary>
    public const long Unbounded = long.MaxValue;

    /// <summary>Largest packet of <see cref="TryAddPacket"/>.</summary>
    public const int LargestPacket = 1 << 30;

    private int _disposed;

    internal InProcessQueueBase()
    {
    }

    /// <summary>Whether the queue has been disposed.</summary>
    private protected bool IsDisposed => Volatile.Read(ref _disposed) != 0;

    /// <summary>Adds a packet that no send stream has made; it is copied. It does not wait for room.</summary>
    /// <param name="packet">At most <see cref="LargestPacket"/> bytes. One of no bytes arrives as an empty datagram.</param>
    /// <returns>Whether it was added; false: the queue has no room for it now.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The packet is too large.</exception>
    /// <exception cref="ObjectDisposedException">The queue has been disposed.</exception>
    /// <exception cref="Spead2Exception">
    /// <see cref="Spead2Status.Stopped"/>: the queue was stopped; or there is not enough memory.
    /// </exception>
    public bool TryAddPacket(ReadOnlySpan<byte> packet)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(packet.Length, LargestPacket, nameof(packet));
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        return Add(packet) switch
        {
            Spead2Status.Success => true,
            Spead2Status.QueueFull => false,
            Spead2Status.Stopped => throw new Spead2Exception(
                "The queue was stopped: nothing can be added any more.", Spead2Status.Stopped),
            Spead2Status status => throw new Spead2Exception("not enough memory for a packet in a queue", status),
        };
    }

    /// <summary>
    /// Stops the queue for good: nothing is added any more, and heaps that wait for room are completed with
    /// <see cref="Spead2Status.Stopped"/>. The source reads what is in the queue, and then its stream stops. Calling it
    /// again does nothing.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The queue has been disposed.</exception>
    public void Stop()
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        StopEngine();
    }

    /// <summary>Gives up the queue. Streams go on to use it: <see cref="Stop"/> before ends them.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            DisposeEngine();
            GC.SuppressFinalize(this);
        }
    }

    /// <summary>Adds a packet; gives what became of it.</summary>
    internal abstract Spead2Status Add(ReadOnlySpan<byte> packet);

    internal abstract void StopEngine();

    internal abstract void DisposeEngine();

    /// <summary>The queue as one of an engine.</summary>
    /// <typeparam name="T">What the engine calls it.</typeparam>
    /// <exception cref="ArgumentException">It is of the other engine.</exception>
    /// <exception cref="ObjectDisposedException">It has been disposed.</exception>
    internal T As<T>(string parameter)
        where T : InProcessQueueBase
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        return this as T ?? throw new ArgumentException(
            $"The queue is a {GetType().Name}, but a stream of this engine takes a {typeof(T).Name} only.", parameter);
    }
}
