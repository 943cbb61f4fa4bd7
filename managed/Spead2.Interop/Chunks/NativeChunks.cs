// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Spead2.Bindings;
using Spead2.Receive;

namespace Spead2.Chunks;

/// <summary>A sequence of chunks of the C core. Chunks that nobody disposes are released by the finalizer.</summary>
[SuppressMessage("Design", "CA1001", Justification = "Free disposes the handle.")]
internal sealed unsafe class NativeChunks : ChunkEngine
{
    private readonly ChunkGroupHandle _handle;
    private readonly NativeChunkQueue _queue;

    // By the address of their data: a library may give a chunk another handle each time.
    private readonly Dictionary<nint, Chunk> _chunks = [];

    // By index; 0 while the chunk is the group's.
    private readonly nint[] _owned;

    /// <param name="options">Options, which are checked.</param>
    /// <param name="memory">Where chunks live; the operating system's memory if null.</param>
    public NativeChunks(ChunkGroupOptions options, MemoryAllocator? memory)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        memory?.ThrowIfDisposed();
        _owned = new nint[options.ChunksMade];
        _handle = new(options);
        _queue = new(_handle, this, spins: options.SpinTime != TimeSpan.Zero);
        try
        {
            AddChunks(options, memory);
            _handle.SetReady(_queue);
        }
        catch
        {
            _handle.Dispose();
            throw;
        }
    }

    ~NativeChunks()
    {
        foreach (nint chunk in _owned ?? [])
        {
            NativeMethods.sp2_chunk_release((sp2_chunk*)chunk);
        }
    }

    public override ReadQueue<Chunk> Queue => _queue;

    public static ChunkGroupStatistics ReadStatistics(sp2_chunk_group* group)
    {
        sp2_chunk_group_stats native = new() { size = (uint)sizeof(sp2_chunk_group_stats) };
        NativeStatus.ThrowIfFailed(NativeMethods.sp2_chunk_group_get_stats(group, &native));
        return new(
            (long)native.chunks_emitted,
            (long)native.chunks_dropped,
            (long)native.ids_skipped,
            (long)native.waits_for_room,
            (long)native.waits_for_free,
            (long)native.waits_for_members,
            (long)native.member_timeouts,
            (long)native.free_chunks,
            (long)native.ready_chunks);
    }

    public override ChunkGroupStatistics ReadStatistics()
    {
        using HandleLease lease = new(_handle);
        return ReadStatistics(_handle.Group);
    }

    public override ReceiveStreamBase AddStream(
        ChunkOptions chunks, ReceiveStreamOptions options, ILogger? logger, IoThreadPool? pool)
    {
        using HandleLease lease = new(_handle);
        return new ReceiveStream(options, logger, pool, _handle, chunks);
    }

    public override void Stop(bool drain)
    {
        using HandleLease lease = new(_handle);
        NativeStatus.ThrowIfFailed(NativeMethods.sp2_chunk_group_stop(
            _handle.Group,
            (int)(drain ? sp2_chunk_stop_mode.SP2_CHUNK_STOP_DRAIN : sp2_chunk_stop_mode.SP2_CHUNK_STOP_DROP)));
        _queue.OnReady();
    }

    public override void Return(Chunk chunk) =>
        NativeMethods.sp2_chunk_release((sp2_chunk*)Interlocked.Exchange(ref _owned[chunk.Index], 0));

    public override void Free(Chunk chunk) =>
        NativeMethods.sp2_chunk_destroy((sp2_chunk*)Interlocked.Exchange(ref _owned[chunk.Index], 0));

    public override void Free() => _handle.Dispose();

    /// <summary>The chunk that was popped, as its consumer sees it.</summary>
    public Chunk Own(sp2_chunk* native)
    {
        sp2_chunk_info info = new() { size = (uint)sizeof(sp2_chunk_info) };
        NativeStatus.ThrowIfFailed(NativeMethods.sp2_chunk_get_info(native, &info));
        Chunk chunk = _chunks[(nint)info.data];
        chunk.Number = info.id;
        chunk.Stream = (long)info.stream_id;
        chunk.Skipped = (long)info.ids_skipped;
        _owned[chunk.Index] = (nint)native;
        chunk.Take();
        return chunk;
    }

    private void AddChunks(ChunkGroupOptions options, MemoryAllocator? memory)
    {
        using NativeLog log = new(null);
        using AllocatorHandle.Lease? allocator =
            memory is null ? null : AllocatorHandle.LeaseOf(memory, customStatistics: 0, log);
        for (int i = 0; i < options.ChunksMade; i++)
        {
            sp2_chunk_memory native = new()
            {
                size = (uint)sizeof(sp2_chunk_memory),
                data_size = (ulong)options.DataSize,
                present_size = (ulong)options.PresentSize,
                extra_size = (ulong)options.ExtraSize,
                allocator = allocator is null ? null : allocator.Allocator,
            };
            sp2_chunk* chunk;
            NativeStatus.ThrowIfFailed(NativeMethods.sp2_chunk_create(&native, &chunk));
            sp2_chunk_info info = new() { size = (uint)sizeof(sp2_chunk_info) };
            NativeStatus.ThrowIfFailed(NativeMethods.sp2_chunk_get_info(chunk, &info));
            ChunkMemory bytes = new(
                (nint)info.data, (long)info.data_size, (nint)info.present, (long)info.present_size, (nint)info.extra,
                (long)info.extra_size);
            _chunks.Add(bytes.DataAddress, new(this, bytes, i, options.Shape));
            NativeStatus.ThrowIfFailed(NativeMethods.sp2_chunk_group_add_free(_handle.Group, chunk));
        }
    }
}
