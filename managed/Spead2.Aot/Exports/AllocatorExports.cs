// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Bindings;
using Spead2.Managed;
using Spead2.Receive;

namespace Spead2.Aot;

/// <summary>The functions of allocator.h.</summary>
internal static unsafe class AllocatorExports
{
    [UnmanagedCallersOnly(EntryPoint = "sp2_allocator_destroy")]
    public static void Destroy(sp2_allocator* allocator)
    {
        try
        {
            HandleTable.Remove<CountedAllocator>(HandleKind.Allocator, allocator)?.Release();
        }
        catch (Exception exception)
        {
            LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_allocator_create")]
    public static int Create(sp2_allocator_options* options, sp2_allocator** allocator)
    {
        const string Name = nameof(sp2_allocator_options);
        try
        {
            Clear(allocator);
            if (options is null || allocator is null)
            {
                throw Failure.Null("sp2_allocator_create", options is null ? "options" : "allocator");
            }

            sp2_allocator_options known = Sized.Read(options, Name);
            if (known.flags != 0)
            {
                throw Failure.TooNew($"{Name}.flags is 0x{known.flags:x}, but this library knows none");
            }

            if (known.allocate is null || known.free is null)
            {
                throw Failure.Argument($"{Name}.{(known.allocate is null ? "allocate" : "free")} must not be NULL");
            }

            *allocator = Add(new(new FunctionAllocator(known)));
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_mmap_allocator_create")]
    public static int CreateMmap(sp2_mmap_options* options, sp2_allocator** allocator)
    {
        const string Name = nameof(sp2_mmap_options);
        try
        {
            Clear(allocator);
            if (allocator is null)
            {
                throw Failure.Null("sp2_mmap_allocator_create", "allocator");
            }

            sp2_mmap_options known = options is null ? default : Sized.Read(options, Name);
            uint unknown = known.flags & ~(uint)sp2_mmap_flags.SP2_MMAP_PREFER_HUGE;
            if (unknown != 0)
            {
                throw Failure.UnknownFlags(Name, unknown);
            }

            if (known.reserved != 0)
            {
                throw Failure.Reserved(Name, known.reserved);
            }

            *allocator = Add(new(NewMmap(known)));
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_memory_pool_create")]
    public static int CreatePool(sp2_memory_pool_options* options, sp2_allocator** pool)
    {
        try
        {
            Clear(pool);
            if (options is null || pool is null)
            {
                throw Failure.Null("sp2_memory_pool_create", options is null ? "options" : "pool");
            }

            sp2_memory_pool_options known = Sized.Read(options, nameof(sp2_memory_pool_options));
            MemoryPoolOptions.Check(known);
            *pool = Add(NewPool(known));
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_memory_pool_set_warn_on_empty")]
    public static int SetWarnOnEmpty(sp2_allocator* pool, int warn)
    {
        try
        {
            PoolOf(pool, "sp2_memory_pool_set_warn_on_empty").WarnOnEmpty = warn != 0;
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_memory_pool_get_warn_on_empty")]
    public static int GetWarnOnEmpty(sp2_allocator* pool, int* warn)
    {
        try
        {
            if (warn is null)
            {
                throw Failure.Null("sp2_memory_pool_get_warn_on_empty", "warn");
            }

            *warn = 0;
            *warn = PoolOf(pool, "sp2_memory_pool_get_warn_on_empty").WarnOnEmpty ? 1 : 0;
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_memory_pool_get_stats")]
    public static int GetPoolStats(sp2_allocator* pool, sp2_memory_pool_stats* stats)
    {
        try
        {
            ManagedMemoryPool found = PoolOf(pool, "sp2_memory_pool_get_stats");
            if (stats is null)
            {
                throw Failure.Null("sp2_memory_pool_get_stats", "stats");
            }

            MemoryPoolStatistics state = found.Statistics;
            sp2_memory_pool_stats now = new()
            {
                free = (ulong)state.Free,
                in_use = (ulong)state.InUse,
                hits = (ulong)state.Hits,
                misses = (ulong)state.Misses,
                outside = (ulong)state.Outside,
                refilled = (ulong)state.Refilled,
            };
            Sized.Write(stats, now, nameof(sp2_memory_pool_stats));
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    private static void Clear(sp2_allocator** allocator)
    {
        if (allocator is not null)
        {
            *allocator = null;
        }
    }

    /// <summary>Gives an allocator to the caller; it ends if that fails.</summary>
    private static sp2_allocator* Add(CountedAllocator allocator)
    {
        try
        {
            return (sp2_allocator*)HandleTable.Add(HandleKind.Allocator, allocator);
        }
        catch
        {
            allocator.Release();
            throw;
        }
    }

    private static ManagedMmapAllocator NewMmap(in sp2_mmap_options options)
    {
        try
        {
            return new(
                options.extra_flags, (options.flags & (uint)sp2_mmap_flags.SP2_MMAP_PREFER_HUGE) != 0);
        }
        catch (ArgumentException)
        {
            throw Failure.Argument(
                $"sp2_mmap_options.extra_flags is 0x{options.extra_flags:x}, which asks for a fixed address or shared " +
                "memory; blocks are private and lie where there is room");
        }
    }

    private static CountedAllocator NewPool(in sp2_memory_pool_options options)
    {
        CountedAllocator? source = options.@base is null
            ? null
            : Handles.HeldAllocator(options.@base, "sp2_memory_pool_create", "base");
        try
        {
            EngineLog log = new(new CLog(options.log, options.log_context, options.log_level));
            IoThreads? threads = options.thread_pool is null
                ? null
                : Handles.HeldThreads(options.thread_pool, "sp2_memory_pool_create", "thread_pool");
            ManagedMemoryPool pool = new(
                new(options.lower, options.upper, options.max_free, options.initial, options.low_water),
                log,
                source,
                threads)
            {
                WarnOnEmpty = (options.flags & (uint)sp2_memory_pool_flags.SP2_MEMORY_POOL_NO_WARNING) == 0,
            };
            return new(pool, source);
        }
        catch
        {
            source?.Release();
            throw;
        }
    }

    private static ManagedMemoryPool PoolOf(sp2_allocator* allocator, string function)
    {
        CountedAllocator found = HandleTable.Find<CountedAllocator>(HandleKind.Allocator, allocator) ??
            throw Handles.Refuse(allocator, function, "pool");
        return found.Inner as ManagedMemoryPool ??
            throw Failure.Argument($"{function}: this allocator is not a memory pool");
    }
}
