// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Bindings;

namespace Spead2.Chunks;

/// <summary>A chunk group of the C core, and the context of its ready function.</summary>
internal sealed unsafe class ChunkGroupHandle : SafeHandle
{
    private GCHandle<NativeChunkQueue> _context;

    /// <exception cref="Spead2Exception">The group could not be made.</exception>
    public ChunkGroupHandle(ChunkGroupOptions options)
        : base(invalidHandleValue: 0, ownsHandle: true)
    {
        sp2_chunk_group_options native = new()
        {
            size = (uint)sizeof(sp2_chunk_group_options),
            flags = options.Eviction == ChunkEviction.Lossless
                ? (uint)sp2_chunk_group_flags.SP2_CHUNK_GROUP_LOSSLESS
                : 0,
            max_chunks = (ulong)options.MaxChunks,
            ring_chunks = (ulong)options.DataRingCapacity,
            members = (ulong)options.Members,
            member_timeout_ns = options.MemberTimeout == Timeout.InfiniteTimeSpan
                ? NativeMethods.SP2_CHUNK_NO_TIMEOUT
                : options.MemberTimeout.Ticks * TimeSpan.NanosecondsPerTick,
        };
        sp2_chunk_group* group;
        NativeStatus.ThrowIfFailed(NativeMethods.sp2_chunk_group_create(&native, &group));
        SetHandle((nint)group);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The native group, valid while leased.</summary>
    public sp2_chunk_group* Group => (sp2_chunk_group*)handle;

    /// <summary>Has the group call a queue when it has been asked to. Once.</summary>
    public void SetReady(NativeChunkQueue queue)
    {
        _context = new(queue);
        NativeStatus.ThrowIfFailed(NativeMethods.sp2_chunk_group_set_ready_callback(
            Group, NativeChunkQueue.Function, (void*)GCHandle<NativeChunkQueue>.ToIntPtr(_context)));
    }

    protected override bool ReleaseHandle()
    {
        bool done = NativeMethods.sp2_chunk_group_set_ready_callback(Group, null, null) == (int)sp2_status.SP2_OK;
        NativeMethods.sp2_chunk_group_destroy(Group);
        _context.Dispose();
        return done;
    }
}
