// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;

namespace Spead2.Managed;

/// <summary>A queue of packets between managed streams.</summary>
/// <inheritdoc cref="InProcessQueueBase" path="/remarks"/>
[SuppressMessage("Naming", "CA1711", Justification = "It is a queue.")]
public sealed class ManagedInProcessQueue : InProcessQueueBase
{
    /// <summary>Makes a queue.</summary>
    /// <param name="maxBytes">
    /// Bytes of the packets in it, each with 16 to 31 more, for which writers wait. An empty queue takes any packet.
    /// <see cref="InProcessQueueBase.Unbounded"/>: as many as there is memory for.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The number is not positive.</exception>
    public ManagedInProcessQueue(long maxBytes = DefaultMaxBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxBytes);
        Queue = new(maxBytes);
    }

    internal InprocQueue Queue { get; }

    internal override unsafe Spead2Status Add(ReadOnlySpan<byte> packet)
    {
        fixed (byte* data = packet)
        {
            return Queue.Add(data, packet.Length);
        }
    }

    internal override void StopEngine() => Queue.Stop();

    internal override void DisposeEngine()
    {
        // Streams go on to use it.
    }
}
