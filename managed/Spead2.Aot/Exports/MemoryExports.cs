// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Bindings;
using Spead2.Managed;

namespace Spead2.Aot;

/// <summary>The functions of memory.h.</summary>
internal static unsafe class MemoryExports
{
    [UnmanagedCallersOnly(EntryPoint = "sp2_memory_get_stats")]
    public static int GetStats(sp2_memory_stats* stats)
    {
        try
        {
            if (stats is null)
            {
                throw Failure.Null("sp2_memory_get_stats", "stats");
            }

            RecyclerState state = Recycler.State;
            sp2_memory_stats now = new()
            {
                used_bytes = state.UsedBytes,
                cached_bytes = state.CachedBytes,
                cache_limit = state.CacheLimit,
                hits = (ulong)state.Hits,
                misses = (ulong)state.Misses,
            };
            Sized.Write(stats, now, "sp2_memory_stats");
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_memory_set_cache_limit")]
    public static int SetCacheLimit(ulong bytes)
    {
        Recycler.CacheLimit = bytes;
        return (int)sp2_status.SP2_OK;
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_memory_trim")]
    public static int Trim()
    {
        try
        {
            Recycler.Trim();
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }
}
