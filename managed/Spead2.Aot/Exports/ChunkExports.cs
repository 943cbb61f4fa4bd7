// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Bindings;
using Spead2.Chunks;
using Spead2.Receive;

namespace Spead2.Aot;

/// <summary>The functions of chunk.h.</summary>
internal static unsafe class ChunkExports
{
    private const string Memory = nameof(sp2_chunk_memory);

    [UnmanagedCallersOnly(EntryPoint = "sp2_chunk_create")]
    public static int Create(sp2_chunk_memory* memory, sp2_chunk** chunk)
    {
        const string Function = "sp2_chunk_create";
        try
        {
            if (chunk is not null)
            {
                *chunk = null;
            }

            if (memory is null || chunk is null)
            {
                throw Failure.Null(Function, memory is null ? "memory" : "chunk");
            }

            NativeChunk created = NewChunk(Sized.Read(memory, Memory), Function);
            try
            {
                *chunk = (sp2_chunk*)HandleTable.Add(HandleKind.Chunk, created);
            }
            catch
            {
                created.Free(created.Chunk);
                throw;
            }

            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_chunk_get_info")]
    public static int GetInfo(sp2_chunk* chunk, sp2_chunk_info* info)
    {
        const string Function = "sp2_chunk_get_info";
        try
        {
            NativeChunk found = Handles.Chunk(chunk, Function);
            if (info is null)
            {
                throw Failure.Null(Function, "info");
            }

            Sized.Write(info, found.Info, nameof(sp2_chunk_info));
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_chunk_release")]
    public static void Release(sp2_chunk* chunk)
    {
        try
        {
            if (HandleTable.Remove<NativeChunk>(HandleKind.Chunk, chunk) is not { } found)
            {
                return;
            }

            NativeChunkGroup? group = found.Group;
            found.Group = null;
            if (group is null)
            {
                found.Free(found.Chunk);
                return;
            }

            group.Core.Return(found.Chunk);
            group.Release();
        }
        catch (Exception exception)
        {
            LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_chunk_destroy")]
    public static void Destroy(sp2_chunk* chunk)
    {
        try
        {
            if (HandleTable.Remove<NativeChunk>(HandleKind.Chunk, chunk) is { } found)
            {
                Detach(found);
                found.Free(found.Chunk);
            }
        }
        catch (Exception exception)
        {
            LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_chunk_group_create")]
    public static int GroupCreate(sp2_chunk_group_options* options, sp2_chunk_group** group)
    {
        const string Function = "sp2_chunk_group_create";
        try
        {
            if (group is null)
            {
                throw Failure.Null(Function, "group");
            }

            *group = null;
            NativeChunkGroup created = new(ChunkMembers.ReadGroup(options));
            try
            {
                *group = (sp2_chunk_group*)HandleTable.Add(HandleKind.ChunkGroup, created);
            }
            catch
            {
                created.Destroy();
                throw;
            }

            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_chunk_group_add_free")]
    public static int GroupAddFree(sp2_chunk_group* group, sp2_chunk* chunk)
    {
        const string Function = "sp2_chunk_group_add_free";
        try
        {
            using ChunkGroupCall call = Handles.ChunkGroup(group, Function, "group");
            NativeChunk added = HandleTable.Remove<NativeChunk>(HandleKind.Chunk, chunk) ?? throw Handles.Refuse(chunk, Function, "chunk");
            Detach(added);
            call.Group.Core.AddFree(added.Chunk);
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_chunk_group_pop")]
    public static int GroupPop(sp2_chunk_group* group, sp2_chunk** chunk)
    {
        const string Function = "sp2_chunk_group_pop";
        try
        {
            if (chunk is not null)
            {
                *chunk = null;
            }

            using ChunkGroupCall call = Handles.ChunkGroup(group, Function, "group");
            if (chunk is null)
            {
                throw Failure.Null(Function, "chunk");
            }

            ReadResult result = call.Group.Core.Pop(out Chunk? popped);
            if (popped is not null)
            {
                Give(call.Group, popped, chunk);
            }

            return ReceiveExports.StatusOf(result, sp2_status.SP2_E_EMPTY);
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_chunk_group_pop_wait")]
    public static int GroupPopWait(sp2_chunk_group* group, long timeout_ns, sp2_chunk** chunk)
    {
        const string Function = "sp2_chunk_group_pop_wait";
        try
        {
            if (chunk is not null)
            {
                *chunk = null;
            }

            using ChunkGroupCall call = Handles.ChunkGroup(group, Function, "group");
            if (chunk is null)
            {
                throw Failure.Null(Function, "chunk");
            }

            ReadResult result = call.Group.PopWait(ReceiveExports.TimeoutOf(timeout_ns), out Chunk? popped);
            if (popped is not null)
            {
                Give(call.Group, popped, chunk);
            }

            return ReceiveExports.StatusOf(result, sp2_status.SP2_E_TIMEOUT);
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_chunk_group_set_ready_callback")]
    public static int GroupSetReadyCallback(sp2_chunk_group* group, delegate* unmanaged[Cdecl]<void*, void> ready, void* context)
    {
        const string Function = "sp2_chunk_group_set_ready_callback";
        try
        {
            using ChunkGroupCall call = Handles.ChunkGroup(group, Function, "group");
            call.Group.Ready.Set(ready, context);
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_chunk_group_request_ready")]
    public static int GroupRequestReady(sp2_chunk_group* group)
    {
        const string Function = "sp2_chunk_group_request_ready";
        try
        {
            using ChunkGroupCall call = Handles.ChunkGroup(group, Function, "group");
            return ReceiveExports.StatusOf(call.Group.Core.RequestReady(), sp2_status.SP2_E_EMPTY);
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_chunk_group_get_stats")]
    public static int GroupGetStats(sp2_chunk_group* group, sp2_chunk_group_stats* stats)
    {
        const string Function = "sp2_chunk_group_get_stats";
        try
        {
            using ChunkGroupCall call = Handles.ChunkGroup(group, Function, "group");
            if (stats is null)
            {
                throw Failure.Null(Function, "stats");
            }

            ChunkGroupStatistics now = call.Group.Core.Statistics;
            sp2_chunk_group_stats known = new()
            {
                chunks_emitted = (ulong)now.ChunksEmitted,
                chunks_dropped = (ulong)now.ChunksDropped,
                ids_skipped = (ulong)now.IdsSkipped,
                waits_for_room = (ulong)now.WaitsForRoom,
                waits_for_free = (ulong)now.WaitsForFree,
                waits_for_members = (ulong)now.WaitsForMembers,
                member_timeouts = (ulong)now.MemberTimeouts,
                free_chunks = (ulong)now.FreeChunks,
                ready_chunks = (ulong)now.ReadyChunks,
            };
            Sized.Write(stats, known, nameof(sp2_chunk_group_stats));
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_chunk_group_stop")]
    public static int GroupStop(sp2_chunk_group* group, int mode)
    {
        const string Function = "sp2_chunk_group_stop";
        try
        {
            using ChunkGroupCall call = Handles.ChunkGroup(group, Function, "group");
            if (mode is < (int)sp2_chunk_stop_mode.SP2_CHUNK_STOP_DRAIN or > NativeMethods.SP2_CHUNK_STOP_LAST)
            {
                throw Failure.Argument($"{Function}: mode is {mode}, which is no sp2_chunk_stop_mode");
            }

            call.Group.Core.Stop(drain: mode == (int)sp2_chunk_stop_mode.SP2_CHUNK_STOP_DRAIN);
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_chunk_group_destroy")]
    public static void GroupDestroy(sp2_chunk_group* group)
    {
        try
        {
            HandleTable.Remove<NativeChunkGroup>(HandleKind.ChunkGroup, group)?.Destroy();
        }
        catch (Exception exception)
        {
            LastError.Set(exception);
        }
    }

    private static NativeChunk NewChunk(in sp2_chunk_memory memory, string function)
    {
        SourceExports.CheckFlags(memory.flags, Memory);
        if (memory.data_size == 0 || memory.present_size == 0)
        {
            throw Failure.Argument(
                $"{Memory}.{(memory.data_size == 0 ? "data_size" : "present_size")} must be at least 1, not 0");
        }

        if (memory.extra is not null && memory.extra_size == 0)
        {
            throw Failure.Argument($"{Memory}.extra_size must not be 0 where extra is not NULL");
        }

        CountedAllocator? allocator =
            memory.allocator is null ? null : Handles.HeldAllocator(memory.allocator, function, $"{Memory}.allocator");
        try
        {
            return new(memory, allocator);
        }
        finally
        {
            // Its blocks hold it.
            allocator?.Release();
        }
    }

    /// <summary>Gives a chunk that was popped.</summary>
    private static void Give(NativeChunkGroup group, Chunk popped, sp2_chunk** chunk)
    {
        NativeChunk given = (NativeChunk)popped.Owner;
        given.PresentCount = popped.PresentCount;
        given.Group = group;
        group.Retain();
        try
        {
            *chunk = (sp2_chunk*)HandleTable.Add(HandleKind.Chunk, given);
        }
        catch
        {
            Detach(given);
            given.Free(popped);
            throw;
        }
    }

    /// <summary>The chunk is no group's any more.</summary>
    private static void Detach(NativeChunk chunk)
    {
        NativeChunkGroup? group = chunk.Group;
        chunk.Group = null;
        group?.Release();
    }
}
