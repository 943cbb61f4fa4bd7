// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Spead2.Bindings;

namespace Spead2;

/// <summary>A queue of packets between streams of the C core.</summary>
/// <inheritdoc cref="InProcessQueueBase" path="/remarks"/>
[SuppressMessage("Naming", "CA1711", Justification = "It is a queue.")]
public sealed unsafe class InProcessQueue : InProcessQueueBase
{
    private readonly InProcessQueueHandle _handle;

    /// <summary>Makes a queue.</summary>
    /// <param name="maxBytes">
    /// Bytes of the packets in it, each with 16 to 31 more, for which writers wait. An empty queue takes any packet.
    /// <see cref="InProcessQueueBase.Unbounded"/>: as many as there is memory for.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The number is not positive.</exception>
    /// <exception cref="Spead2Exception">There is not enough memory.</exception>
    /// <exception cref="DllNotFoundException">The native library is missing or does not fit.</exception>
    public InProcessQueue(long maxBytes = DefaultMaxBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxBytes);
        _handle = new(maxBytes == Unbounded ? NativeMethods.SP2_INPROC_UNBOUNDED : (ulong)maxBytes);
    }

    /// <summary>Keeps the native queue, and gives it.</summary>
    internal HandleLease Lease(out sp2_inproc_queue* queue)
    {
        HandleLease lease = new(_handle);
        queue = _handle.Queue;
        return lease;
    }

    internal override Spead2Status Add(ReadOnlySpan<byte> packet)
    {
        using HandleLease lease = Lease(out sp2_inproc_queue* queue);
        fixed (byte* data = packet)
        {
            return (Spead2Status)NativeMethods.sp2_inproc_queue_add_packet(queue, data, (ulong)packet.Length);
        }
    }

    internal override void StopEngine()
    {
        using HandleLease lease = Lease(out sp2_inproc_queue* queue);
        NativeStatus.ThrowIfFailed(NativeMethods.sp2_inproc_queue_stop(queue));
    }

    internal override void DisposeEngine() => _handle.Dispose();

    private sealed class InProcessQueueHandle : SafeHandle
    {
        public InProcessQueueHandle(ulong maxBytes)
            : base(invalidHandleValue: 0, ownsHandle: true)
        {
            sp2_inproc_queue_options options = new()
            {
                size = (uint)sizeof(sp2_inproc_queue_options),
                max_bytes = maxBytes,
            };
            sp2_inproc_queue* queue;
            NativeStatus.ThrowIfFailed(NativeMethods.sp2_inproc_queue_create(&options, &queue));
            SetHandle((nint)queue);
        }

        public override bool IsInvalid => handle == 0;

        public sp2_inproc_queue* Queue => (sp2_inproc_queue*)handle;

        protected override bool ReleaseHandle()
        {
            NativeMethods.sp2_inproc_queue_destroy(Queue);
            return true;
        }
    }
}
