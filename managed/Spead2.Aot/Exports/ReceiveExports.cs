// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Bindings;
using Spead2.Chunks;
using Spead2.Managed;
using Spead2.Receive;

namespace Spead2.Aot;

/// <summary>The functions of receive.h.</summary>
internal static unsafe class ReceiveExports
{
    private const long NanosecondsPerTick = 100;

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_create")]
    public static int Create(sp2_thread_pool* pool, sp2_receive_options* options, sp2_receive_stream** stream)
    {
        const string Function = "sp2_receive_stream_create";
        try
        {
            if (stream is null)
            {
                throw Failure.Null(Function, "stream");
            }

            *stream = null;
            sp2_receive_options known = ReceiveOptions.Read(options);
            NativeStream created = NewStream(pool, known, ChunkMembers.Find(options), Function);
            try
            {
                *stream = (sp2_receive_stream*)HandleTable.Add(HandleKind.Stream, created);
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

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_start")]
    public static int Start(sp2_receive_stream* stream)
    {
        const string Function = "sp2_receive_stream_start";
        try
        {
            using StreamCall call = Handles.Stream(stream, Function);
            call.Stream.Core.Start();
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_set_memory_allocator")]
    public static int SetMemoryAllocator(sp2_receive_stream* stream, sp2_allocator* allocator)
    {
        const string Function = "sp2_receive_stream_set_memory_allocator";
        try
        {
            using StreamCall call = Handles.Stream(stream, Function);
            CountedAllocator? held =
                allocator is null ? null : Handles.HeldAllocator(allocator, Function, "allocator");
            call.Stream.ExchangeAllocator(held)?.Release();
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_set_memcpy")]
    public static int SetMemcpy(sp2_receive_stream* stream, int method)
    {
        const string Function = "sp2_receive_stream_set_memcpy";
        try
        {
            using StreamCall call = Handles.Stream(stream, Function);
            if (method is < (int)sp2_memcpy_method.SP2_MEMCPY_DEFAULT or > (int)sp2_memcpy_method.SP2_MEMCPY_AUTO)
            {
                throw Failure.Argument($"{Function}: method is {method}, which is no sp2_memcpy_method");
            }

            call.Stream.SetCopy((CopyMethod)method, null);
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_set_copy_function")]
    public static int SetCopyFunction(sp2_receive_stream* stream, delegate* unmanaged[Cdecl]<void*, byte*, sp2_packet_header*, void> copy, void* context)
    {
        const string Function = "sp2_receive_stream_set_copy_function";
        try
        {
            using StreamCall call = Handles.Stream(stream, Function);
            call.Stream.SetCopy(CopyMethod.Default, copy is null ? null : new FunctionCopier(copy, context).Copy);
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_set_stop_on_stop_item")]
    public static int SetStopOnStopItem(sp2_receive_stream* stream, int stop)
    {
        const string Function = "sp2_receive_stream_set_stop_on_stop_item";
        try
        {
            using StreamCall call = Handles.Stream(stream, Function);
            lock (call.Stream.Core.Gate)
            {
                call.Stream.Core.StopOnStopItem = stop != 0;
            }

            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_get_stop_on_stop_item")]
    public static int GetStopOnStopItem(sp2_receive_stream* stream, int* stop)
    {
        const string Function = "sp2_receive_stream_get_stop_on_stop_item";
        try
        {
            if (stop is not null)
            {
                *stop = 0;
            }

            using StreamCall call = Handles.Stream(stream, Function);
            if (stop is null)
            {
                throw Failure.Null(Function, "stop");
            }

            lock (call.Stream.Core.Gate)
            {
                *stop = call.Stream.Core.StopOnStopItem ? 1 : 0;
            }

            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_get_fd")]
    public static int GetFd(sp2_receive_stream* stream, long* handle)
    {
        const string Function = "sp2_receive_stream_get_fd";
        try
        {
            if (handle is not null)
            {
                *handle = -1;
            }

            using StreamCall call = Handles.Stream(stream, Function);
            if (handle is null)
            {
                throw Failure.Null(Function, "handle");
            }

            *handle = call.Stream.RingFor(Function).ReadyHandle.Open();
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_pop")]
    public static int Pop(sp2_receive_stream* stream, sp2_heap** heaps, uint capacity, uint* count)
    {
        const string Function = "sp2_receive_stream_pop";
        try
        {
            Clear(count);
            using StreamCall call = Handles.Stream(stream, Function);
            CheckPop(heaps, capacity, count, Function);
            RingConsumer ring = call.Stream.RingFor(Function).Consumer;
            return StatusOf(Popper.Pop(ring, heaps, capacity, count), sp2_status.SP2_E_EMPTY);
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_pop_wait")]
    public static int PopWait(sp2_receive_stream* stream, sp2_heap** heaps, uint capacity, long timeout_ns, uint* count)
    {
        const string Function = "sp2_receive_stream_pop_wait";
        try
        {
            Clear(count);
            using StreamCall call = Handles.Stream(stream, Function);
            CheckPop(heaps, capacity, count, Function);
            RingConsumer ring = call.Stream.RingFor(Function).Consumer;
            return StatusOf(
                Popper.PopWait(ring, TimeoutOf(timeout_ns), heaps, capacity, count), sp2_status.SP2_E_TIMEOUT);
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_get_heap_count")]
    public static int GetHeapCount(sp2_receive_stream* stream, ulong* count)
    {
        const string Function = "sp2_receive_stream_get_heap_count";
        try
        {
            if (count is not null)
            {
                *count = 0;
            }

            using StreamCall call = Handles.Stream(stream, Function);
            if (count is null)
            {
                throw Failure.Null(Function, "count");
            }

            *count = (ulong)call.Stream.RingFor(Function).Ring.Count;
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_set_ready_callback")]
    public static int SetReadyCallback(sp2_receive_stream* stream, delegate* unmanaged[Cdecl]<void*, void> ready, void* context)
    {
        const string Function = "sp2_receive_stream_set_ready_callback";
        try
        {
            using StreamCall call = Handles.Stream(stream, Function);
            call.Stream.RingFor(Function);
            call.Stream.Ready.Set(ready, context);
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_request_ready")]
    public static int RequestReady(sp2_receive_stream* stream)
    {
        const string Function = "sp2_receive_stream_request_ready";
        try
        {
            using StreamCall call = Handles.Stream(stream, Function);
            return StatusOf(call.Stream.RingFor(Function).Consumer.RequestReady(), sp2_status.SP2_E_EMPTY);
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_stop")]
    public static int Stop(sp2_receive_stream* stream)
    {
        const string Function = "sp2_receive_stream_stop";
        try
        {
            using StreamCall call = Handles.Stream(stream, Function);
            call.Stream.Core.Stop();
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_destroy")]
    public static void Destroy(sp2_receive_stream* stream)
    {
        try
        {
            HandleTable.Remove<NativeStream>(HandleKind.Stream, stream)?.Destroy();
        }
        catch (Exception exception)
        {
            LastError.Set(exception);
        }
    }

    private static NativeStream NewStream(
        sp2_thread_pool* pool, in sp2_receive_options options, sp2_chunk_options* chunks, string function)
    {
        if (chunks is not null && options.on_heap is not null)
        {
            throw Failure.Argument(
                "sp2_receive_options has both on_heap and chunks, but heaps can go to one of them only");
        }

        byte[][] customNames = ReceiveOptions.ReadCustomNames(options);
        EngineLog log = new(new CLog(options.log, options.log_context, options.log_level));
        IoThreads threads = pool is null
            ? ThreadPoolExports.NewThreads(default)
            : Handles.HeldThreads(pool, function, "pool");
        NativeChunkGroup? group = null;
        try
        {
            ChunkOptions? member = chunks is null ? null : ChunkMembers.ReadMember(chunks, function, out group);
            return new(
                ReceiveOptions.ForEngine(options, customNames),
                threads,
                log,
                customNames,
                options.on_heap is null ? null : new FunctionTaker(options.on_heap, options.on_heap_context).Take,
                member,
                group);
        }
        catch (Exception exception)
        {
            group?.Release();
            threads.Release(wait: true);
            throw exception is OutOfMemoryException
                ? StatusException.NoMemory("a stream (max_heaps, substreams and ring_heaps decide its size)")
                : exception;
        }
    }

    private static void Clear(uint* count)
    {
        if (count is not null)
        {
            *count = 0;
        }
    }

    private static void CheckPop(sp2_heap** heaps, uint capacity, uint* count, string function)
    {
        if (heaps is null || count is null)
        {
            throw Failure.Null(function, heaps is null ? "heaps" : "count");
        }

        if (capacity == 0)
        {
            throw Failure.Argument($"{function}: capacity must be at least 1, not 0");
        }
    }

    /// <summary>A time that is not zero does not become zero.</summary>
    /// <summary>A timeout of C, which is endless if it is negative.</summary>
    public static TimeSpan TimeoutOf(long nanoseconds) => nanoseconds < 0
        ? Timeout.InfiniteTimeSpan
        : TimeSpan.FromTicks(nanoseconds / NanosecondsPerTick + (nanoseconds % NanosecondsPerTick == 0 ? 0 : 1));

    /// <summary>The status that says what a read gave.</summary>
    public static int StatusOf(ReadResult result, sp2_status empty) => (int)(result switch
    {
        ReadResult.Item => sp2_status.SP2_OK,
        ReadResult.Stopped => sp2_status.SP2_E_STOPPED,
        _ => empty,
    });
}
