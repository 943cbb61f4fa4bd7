// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Spead2.Bindings;
using Spead2.Receive;

namespace Spead2.Chunks;

/// <summary>
/// The waiters for chunks of a native group. The group's callback refers to this object and not to the group's handle, so
/// that a group that nobody disposes can be finalized.
/// </summary>
internal sealed unsafe class NativeChunkQueue(ChunkGroupHandle handle, NativeChunks chunks, bool spins)
    : ReadQueue<Chunk>(spins)
{
    private readonly WeakReference<ChunkGroupHandle> _handle = new(handle);
    private readonly WeakReference<NativeChunks> _chunks = new(chunks);

    /// <summary>The group's ready function; its context is a <see cref="GCHandle{T}"/> of this type.</summary>
    public static delegate* unmanaged[Cdecl]<void*, void> Function => &Ready;

    protected override int RingCount => TryLease(out ChunkGroupHandle? group)
        ? Release(group, (int)NativeChunks.ReadStatistics(group.Group).ReadyChunks)
        : 0;

    protected override ReadResult Pop(out Chunk? item)
    {
        item = null;
        if (!TryLease(out ChunkGroupHandle? group))
        {
            return ReadResult.Stopped;
        }

        try
        {
            sp2_chunk* chunk;
            return Take(NativeMethods.sp2_chunk_group_pop(group.Group, &chunk), chunk, out item);
        }
        finally
        {
            group.DangerousRelease();
        }
    }

    protected override ReadResult PopWait(TimeSpan timeout, out Chunk? item)
    {
        item = null;
        if (!TryLease(out ChunkGroupHandle? group))
        {
            return ReadResult.Stopped;
        }

        try
        {
            long nanoseconds = timeout == Timeout.InfiniteTimeSpan ? -1 : timeout.Ticks * TimeSpan.NanosecondsPerTick;
            sp2_chunk* chunk;
            return Take(NativeMethods.sp2_chunk_group_pop_wait(group.Group, nanoseconds, &chunk), chunk, out item);
        }
        finally
        {
            group.DangerousRelease();
        }
    }

    protected override int PopBatch(Span<Chunk> items)
    {
        int count = 0;
        while (count < items.Length && Pop(out Chunk? chunk) == ReadResult.Item)
        {
            items[count++] = chunk!;
        }

        return count;
    }

    protected override ReadResult RequestReady() => TryLease(out ChunkGroupHandle? group)
        ? Release(group, Result(NativeMethods.sp2_chunk_group_request_ready(group.Group)))
        : ReadResult.Stopped;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Ready(void* context) => GCHandle<NativeChunkQueue>.FromIntPtr((nint)context).Target.OnReady();

    private static T Release<T>(ChunkGroupHandle group, T value)
    {
        group.DangerousRelease();
        return value;
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

    private bool TryLease([NotNullWhen(true)] out ChunkGroupHandle? group)
    {
        if (!_handle.TryGetTarget(out group))
        {
            return false;
        }

        try
        {
            bool added = false;
            group.DangerousAddRef(ref added);
            return added;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    private ReadResult Take(int status, sp2_chunk* native, out Chunk? item)
    {
        item = null;
        ReadResult result = Result(status);
        if (result != ReadResult.Item)
        {
            return result;
        }

        if (!_chunks.TryGetTarget(out NativeChunks? chunks))
        {
            // Nobody has the group any more.
            NativeMethods.sp2_chunk_release(native);
            return ReadResult.Stopped;
        }

        item = chunks.Own(native);
        return ReadResult.Item;
    }
}
