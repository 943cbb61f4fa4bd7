// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Bindings;
using Spead2.Managed;

namespace Spead2.Aot;

/// <summary>The functions of thread_pool.h.</summary>
internal static unsafe class ThreadPoolExports
{
    private const string Options = nameof(sp2_thread_pool_options);

    [UnmanagedCallersOnly(EntryPoint = "sp2_thread_pool_create")]
    public static int Create(sp2_thread_pool_options* options, sp2_thread_pool** pool)
    {
        try
        {
            if (pool is null)
            {
                throw Failure.Null("sp2_thread_pool_create", "pool");
            }

            *pool = null;
            IoThreads threads = NewThreads(options is null ? default : Sized.Read(options, Options));
            try
            {
                *pool = (sp2_thread_pool*)HandleTable.Add(HandleKind.ThreadPool, threads);
            }
            catch
            {
                threads.Release(wait: true);
                throw;
            }

            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_thread_pool_destroy")]
    public static void Destroy(sp2_thread_pool* pool)
    {
        try
        {
            HandleTable.Remove<IoThreads>(HandleKind.ThreadPool, pool)?.Release(wait: true);
        }
        catch (Exception exception)
        {
            LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_thread_set_affinity")]
    public static int SetAffinity(int cpu)
    {
        try
        {
            if (cpu < 0)
            {
                throw Failure.Argument($"sp2_thread_set_affinity: cpu must not be negative, but is {cpu}");
            }

            IoThreadPool.BindCallingThread(cpu);
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    /// <summary>Threads as the options want them.</summary>
    internal static IoThreads NewThreads(sp2_thread_pool_options options)
    {
        Check(options);
        int[] affinity = new Span<int>(options.affinity, (int)options.affinity_count).ToArray();
        EngineLog log = new(new CLog(options.log, options.log_context, options.log_level));
        try
        {
            return new(
                Math.Max(1, (int)options.threads),
                affinity,
                Utf8.TextUnlessEmpty(options.name) ?? ManagedIoThreads.DefaultName,
                log,
                ManagedIoThreads.DefaultBackend);
        }
        catch (Exception exception) when (exception is OutOfMemoryException or ThreadStartException)
        {
            throw StatusException.NoMemory("a thread pool");
        }
    }

    private static void Check(in sp2_thread_pool_options options)
    {
        if (options.flags != 0)
        {
            throw Failure.TooNew($"{Options}.flags is 0x{options.flags:x}, but this library knows none");
        }

        if (options.reserved != 0)
        {
            throw Failure.Reserved(Options, options.reserved);
        }

        if (options.threads > NativeMethods.SP2_THREAD_POOL_MAX_THREADS)
        {
            throw Failure.Argument(
                $"{Options}.threads is {options.threads}, but at most {NativeMethods.SP2_THREAD_POOL_MAX_THREADS} are allowed");
        }

        if (options.affinity_count != 0 && options.affinity is null)
        {
            throw Failure.Argument(
                $"{Options}.affinity must not be NULL when affinity_count is {options.affinity_count}");
        }

        if (options.affinity_count > int.MaxValue)
        {
            throw StatusException.NoMemory("a thread pool");
        }

        if (options.log_level > (uint)sp2_log_level.SP2_LOG_NONE)
        {
            throw Failure.Argument($"{Options}.log_level is {options.log_level}, which is no sp2_log_level");
        }
    }
}
