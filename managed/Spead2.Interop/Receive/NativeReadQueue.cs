// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Spead2.Bindings;

namespace Spead2.Receive;

/// <summary>
/// The waiters for heaps of a native stream. The stream's callback refers to this object and not to the stream's handle,
/// so that a stream that nobody disposes can be finalized. Callers lease the handle; the callback need not.
/// </summary>
internal sealed unsafe class NativeReadQueue(sp2_receive_stream* stream, bool spins) : ReadQueue<Heap>(spins)
{
    private const int BatchSize = 64;

    /// <summary>The stream's ready function; its context is a <see cref="GCHandle{T}"/> of this type.</summary>
    public static delegate* unmanaged[Cdecl]<void*, void> Function => &Ready;

    protected override int RingCount
    {
        get
        {
            ulong count;
            NativeStatus.ThrowIfFailed(NativeMethods.sp2_receive_stream_get_heap_count(stream, &count));
            return (int)count;
        }
    }

    protected override ReadResult PopWait(TimeSpan timeout, out Heap? heap)
    {
        long nanoseconds = timeout == Timeout.InfiniteTimeSpan ? -1 : timeout.Ticks * TimeSpan.NanosecondsPerTick;
        sp2_heap* native;
        uint count;
        int status = NativeMethods.sp2_receive_stream_pop_wait(stream, &native, 1, nanoseconds, &count);
        return Result(status, native, out heap);
    }

    protected override ReadResult Pop(out Heap? heap)
    {
        sp2_heap* native;
        uint count;
        int status = NativeMethods.sp2_receive_stream_pop(stream, &native, 1, &count);
        return Result(status, native, out heap);
    }

    protected override int PopBatch(Span<Heap> heaps)
    {
        sp2_heap** natives = stackalloc sp2_heap*[BatchSize];
        int total = 0;
        while (total < heaps.Length)
        {
            uint count;
            uint capacity = (uint)Math.Min(BatchSize, heaps.Length - total);
            int status = NativeMethods.sp2_receive_stream_pop(stream, natives, capacity, &count);
            if (Result(status) != ReadResult.Item)
            {
                break;
            }

            uint owned = 0;
            try
            {
                while (owned < count)
                {
                    heaps[total++] = NativeHeap.Own(natives[owned++]);
                }
            }
            finally
            {
                // Nobody else knows of these if one before them could not be taken over.
                while (owned < count)
                {
                    NativeMethods.sp2_heap_release(natives[owned++]);
                }
            }
        }

        return total;
    }

    protected override ReadResult RequestReady() => Result(NativeMethods.sp2_receive_stream_request_ready(stream));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Ready(void* context) => GCHandle<NativeReadQueue>.FromIntPtr((nint)context).Target.OnReady();

    private static ReadResult Result(int status, sp2_heap* native, out Heap? heap)
    {
        ReadResult result = Result(status);
        heap = result == ReadResult.Item ? NativeHeap.Own(native) : null;
        return result;
    }

    private static ReadResult Result(int status)
    {
        switch ((sp2_status)status)
        {
            case sp2_status.SP2_OK:
                return ReadResult.Item;
            case sp2_status.SP2_E_EMPTY or sp2_status.SP2_E_TIMEOUT:
                return ReadResult.Empty;
            case sp2_status.SP2_E_STOPPED:
                return ReadResult.Stopped;
            default:
                NativeStatus.Throw(status);
                return default;
        }
    }
}
