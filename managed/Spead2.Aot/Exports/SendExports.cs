// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Bindings;
using Spead2.Managed;
using Spead2.Send;

namespace Spead2.Aot;

/// <summary>The functions of send.h, and the writer of udp.h.</summary>
internal static unsafe class SendExports
{
    // A number of 100 nanoseconds, which is what .NET counts.
    private const long NanosecondsPerTick = 100;

    [UnmanagedCallersOnly(EntryPoint = "sp2_send_heap_create")]
    public static int CreateHeap(sp2_send_heap_options* options, sp2_send_heap** heap)
    {
        try
        {
            if (heap is null)
            {
                throw Failure.Null("sp2_send_heap_create", "heap");
            }

            *heap = null;
            *heap = (sp2_send_heap*)HandleTable.Add(HandleKind.SendHeap, SendOptions.ReadHeap(options));
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_send_heap_add_immediate")]
    public static int AddImmediate(sp2_send_heap* heap, ulong id, ulong value)
    {
        const string Function = "sp2_send_heap_add_immediate";
        return Change(heap, Function, found => found.AddImmediate(Function, id, value));
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_send_heap_add_item")]
    public static int AddItem(sp2_send_heap* heap, ulong id, void* data, ulong length, uint flags)
    {
        const string Function = "sp2_send_heap_add_item";
        return Change(heap, Function, found => found.AddItem(Function, id, (byte*)data, length, flags));
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_send_heap_add_descriptor")]
    public static int AddDescriptor(sp2_send_heap* heap, sp2_descriptor* descriptor)
    {
        const string Function = "sp2_send_heap_add_descriptor";
        return Change(heap, Function, found => found.AddDescriptor(Function, descriptor));
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_send_heap_add_control")]
    public static int AddControl(sp2_send_heap* heap, int control)
    {
        const string Function = "sp2_send_heap_add_control";
        return Change(heap, Function, found => found.AddControl(Function, control));
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_send_heap_clear")]
    public static int ClearHeap(sp2_send_heap* heap) =>
        Change(heap, "sp2_send_heap_clear", static found => found.Heap.Clear());

    [UnmanagedCallersOnly(EntryPoint = "sp2_send_heap_destroy")]
    public static void DestroyHeap(sp2_send_heap* heap)
    {
        try
        {
            HandleTable.Remove<NativeSendHeap>(HandleKind.SendHeap, heap);
        }
        catch (Exception exception)
        {
            LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_send_stream_create")]
    public static int Create(sp2_thread_pool* pool, sp2_send_stream_options* options, sp2_send_stream** stream)
    {
        const string Function = "sp2_send_stream_create";
        try
        {
            if (stream is null)
            {
                throw Failure.Null(Function, "stream");
            }

            *stream = null;
            NativeSendStream created = NewStream(pool, SendOptions.Read(options), Function);
            try
            {
                *stream = (sp2_send_stream*)HandleTable.Add(HandleKind.SendStream, created);
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

    [UnmanagedCallersOnly(EntryPoint = "sp2_send_stream_add_function_writer")]
    public static int AddFunctionWriter(
        sp2_send_stream* stream, sp2_function_writer_options* options, ulong* first_substream)
    {
        const string Function = "sp2_send_stream_add_function_writer";
        const string Options = nameof(sp2_function_writer_options);
        try
        {
            using SendCall call = Begin(stream, options, first_substream, Function);
            sp2_function_writer_options known = Sized.Read(options, Options);
            if (known.packet is null)
            {
                throw Failure.Argument($"{Options}.packet must not be NULL");
            }

            if (known.flags != 0)
            {
                throw Failure.UnknownFlags(Options, known.flags);
            }

            FunctionPacketTaker taker = new(known.packet, known.context);
            int substreams = known.substreams == 0 ? 1 : (int)Math.Min(known.substreams, int.MaxValue);
            Tell(first_substream, call.Core.Add(new FunctionWriter(call.Core, taker.Take, substreams)));
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_send_stream_add_udp_writer")]
    public static int AddUdpWriter(sp2_send_stream* stream, sp2_udp_writer_options* options, ulong* first_substream)
    {
        const string Function = "sp2_send_stream_add_udp_writer";
        try
        {
            using SendCall call = Begin(stream, options, first_substream, Function);
            UdpWriterOptions known = UdpWriterReader.Read(options);
            using (known.Socket.ToSocket())
            {
                Tell(first_substream, UdpWriter.Add(call.Core, known, UdpWriterReader.Names));
            }

            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_send_stream_send")]
    public static int Send(sp2_send_stream* stream, sp2_heap_reference* heaps, uint count, int mode, delegate* unmanaged[Cdecl]<void*, sp2_send_result*, void> complete, void* context)
    {
        const string Function = "sp2_send_stream_send";
        try
        {
            using SendCall call = Handles.SendStream(stream, Function);
            if (heaps is null)
            {
                throw Failure.Null(Function, "heaps");
            }

            if (count == 0)
            {
                throw Failure.Argument($"{Function}: a group must have at least one heap");
            }

            if (mode is not ((int)sp2_group_mode.SP2_GROUP_ROUND_ROBIN or (int)sp2_group_mode.SP2_GROUP_SERIAL))
            {
                throw Failure.Argument($"{Function}: mode is {mode}, which is no sp2_group_mode");
            }

            // More than fit any queue are refused without a look at them.
            HeapSending[] sendings = new HeapSending[Math.Min(count, NativeMethods.SP2_SEND_MAX_HEAPS + 1)];
            for (int i = 0; i < sendings.Length; i++)
            {
                SendHeap? heap = heaps[i].heap is null ? null : Handles.SendHeap(heaps[i].heap, Function).Heap;
                sendings[i] = new(heap, heaps[i].cnt, heaps[i].substream, heaps[i].rate);
            }

            return (int)call.Core.Send(
                sendings, (GroupMode)mode, complete is null ? null : new FunctionCompletion(complete, context));
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_send_stream_set_cnt_sequence")]
    public static int SetCntSequence(sp2_send_stream* stream, ulong next, ulong step)
    {
        const string Function = "sp2_send_stream_set_cnt_sequence";
        try
        {
            using SendCall call = Handles.SendStream(stream, Function);
            if (step == 0)
            {
                throw Failure.Argument($"{Function}: step must not be 0");
            }

            call.Core.SetCntSequence(next, step);
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_send_stream_flush")]
    public static int Flush(sp2_send_stream* stream, long timeout_ns)
    {
        try
        {
            using SendCall call = Handles.SendStream(stream, "sp2_send_stream_flush");
            TimeSpan timeout = timeout_ns < 0
                ? Timeout.InfiniteTimeSpan
                : TimeSpan.FromTicks((timeout_ns / NanosecondsPerTick) + (timeout_ns % NanosecondsPerTick == 0 ? 0 : 1));
            return (int)(call.Core.Flush(timeout) ? sp2_status.SP2_OK : sp2_status.SP2_E_TIMEOUT);
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_send_stream_stop")]
    public static int Stop(sp2_send_stream* stream)
    {
        try
        {
            using SendCall call = Handles.SendStream(stream, "sp2_send_stream_stop");
            call.Core.Stop();
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_send_stream_get_stats")]
    public static int GetStats(sp2_send_stream* stream, sp2_send_stats* stats)
    {
        const string Function = "sp2_send_stream_get_stats";
        try
        {
            using SendCall call = Handles.SendStream(stream, Function);
            if (stats is null)
            {
                throw Failure.Null(Function, "stats");
            }

            SendStatistics now = call.Core.Statistics;
            sp2_send_stats known = new()
            {
                heaps = (ulong)now.Heaps,
                groups = (ulong)now.Groups,
                packets = (ulong)now.Packets,
                bytes = (ulong)now.Bytes,
                packets_failed = (ulong)now.PacketsFailed,
                heaps_failed = (ulong)now.HeapsFailed,
                heaps_refused = (ulong)now.HeapsRefused,
                writer_blocked = (ulong)now.WriterBlocked,
                rate_waits = (ulong)now.RateWaits,
                rate_late_ns_max = (ulong)(now.RateLateMax.Ticks * NanosecondsPerTick),
                heaps_queued = (ulong)now.HeapsQueued,
            };
            Sized.Write(stats, known, nameof(sp2_send_stats));
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_send_stream_destroy")]
    public static void Destroy(sp2_send_stream* stream)
    {
        try
        {
            HandleTable.Remove<NativeSendStream>(HandleKind.SendStream, stream)?.Destroy();
        }
        catch (Exception exception)
        {
            LastError.Set(exception);
        }
    }

    private static NativeSendStream NewStream(
        sp2_thread_pool* pool, in sp2_send_stream_options options, string function)
    {
        EngineLog log = new(new CLog(options.log, options.log_context, options.log_level));
        IoThreads threads = pool is null
            ? ThreadPoolExports.NewThreads(default)
            : Handles.HeldThreads(pool, function, "pool");
        try
        {
            return new(new(SendOptions.ForEngine(options), threads, log));
        }
        catch (Exception exception)
        {
            threads.Release(wait: true);
            throw exception is OutOfMemoryException
                ? StatusException.NoMemory("a send stream (max_heaps and max_packet_size decide its size)")
                : exception;
        }
    }

    /// <summary>Changes a heap.</summary>
    private static int Change(sp2_send_heap* heap, string function, Action<NativeSendHeap> change)
    {
        try
        {
            NativeSendHeap found = Handles.SendHeap(heap, function);
            found.Change(function, () => change(found));
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    /// <summary>What is common to functions that add a writer.</summary>
    internal static SendCall Begin(sp2_send_stream* stream, void* options, ulong* firstSubstream, string function)
    {
        Tell(firstSubstream, 0);
        SendCall call = Handles.SendStream(stream, function);
        if (options is null)
        {
            call.Dispose();
            throw Failure.Null(function, "options");
        }

        return call;
    }

    internal static void Tell(ulong* place, int value)
    {
        if (place is not null)
        {
            *place = (ulong)value;
        }
    }
}
