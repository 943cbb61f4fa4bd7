// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Bindings;

namespace Spead2.Aot;

/// <summary>The functions of chunk.h, which the managed port does not have yet.</summary>
internal static unsafe class ChunkExports
{
    [UnmanagedCallersOnly(EntryPoint = "sp2_chunk_create")]
    public static int Create(sp2_chunk_memory* memory, sp2_chunk** chunk) => Refuse("sp2_chunk_create", (void**)chunk);

    [UnmanagedCallersOnly(EntryPoint = "sp2_chunk_get_info")]
    public static int GetInfo(sp2_chunk* chunk, sp2_chunk_info* info) => Refuse("sp2_chunk_get_info");

    [UnmanagedCallersOnly(EntryPoint = "sp2_chunk_release")]
    public static void Release(sp2_chunk* chunk)
    {
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_chunk_destroy")]
    public static void Destroy(sp2_chunk* chunk)
    {
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_chunk_group_create")]
    public static int GroupCreate(sp2_chunk_group_options* options, sp2_chunk_group** group) => Refuse("sp2_chunk_group_create", (void**)group);

    [UnmanagedCallersOnly(EntryPoint = "sp2_chunk_group_add_free")]
    public static int GroupAddFree(sp2_chunk_group* group, sp2_chunk* chunk) => Refuse("sp2_chunk_group_add_free");

    [UnmanagedCallersOnly(EntryPoint = "sp2_chunk_group_pop")]
    public static int GroupPop(sp2_chunk_group* group, sp2_chunk** chunk) => Refuse("sp2_chunk_group_pop", (void**)chunk);

    [UnmanagedCallersOnly(EntryPoint = "sp2_chunk_group_pop_wait")]
    public static int GroupPopWait(sp2_chunk_group* group, long timeout_ns, sp2_chunk** chunk) => Refuse("sp2_chunk_group_pop_wait", (void**)chunk);

    [UnmanagedCallersOnly(EntryPoint = "sp2_chunk_group_set_ready_callback")]
    public static int GroupSetReadyCallback(sp2_chunk_group* group, delegate* unmanaged[Cdecl]<void*, void> ready, void* context) => Refuse("sp2_chunk_group_set_ready_callback");

    [UnmanagedCallersOnly(EntryPoint = "sp2_chunk_group_request_ready")]
    public static int GroupRequestReady(sp2_chunk_group* group) => Refuse("sp2_chunk_group_request_ready");

    [UnmanagedCallersOnly(EntryPoint = "sp2_chunk_group_get_stats")]
    public static int GroupGetStats(sp2_chunk_group* group, sp2_chunk_group_stats* stats) => Refuse("sp2_chunk_group_get_stats");

    [UnmanagedCallersOnly(EntryPoint = "sp2_chunk_group_stop")]
    public static int GroupStop(sp2_chunk_group* group, int mode) => Refuse("sp2_chunk_group_stop");

    [UnmanagedCallersOnly(EntryPoint = "sp2_chunk_group_destroy")]
    public static void GroupDestroy(sp2_chunk_group* group)
    {
    }

    private static int Refuse(string function, void** handle = null)
    {
        if (handle is not null)
        {
            *handle = null;
        }

        return LastError.Set(Failure.Unsupported($"{function}: the AOT library has no chunks yet"));
    }
}
