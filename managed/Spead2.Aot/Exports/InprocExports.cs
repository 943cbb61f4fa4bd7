// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Bindings;
using Spead2.Managed;

namespace Spead2.Aot;

/// <summary>The functions of inproc.h.</summary>
internal static unsafe class InprocExports
{
    [UnmanagedCallersOnly(EntryPoint = "sp2_inproc_queue_create")]
    public static int Create(sp2_inproc_queue_options* options, sp2_inproc_queue** queue)
    {
        const string Options = nameof(sp2_inproc_queue_options);
        try
        {
            if (queue is null)
            {
                throw Failure.Null("sp2_inproc_queue_create", "queue");
            }

            *queue = null;
            sp2_inproc_queue_options known = options is null ? default : Sized.Read(options, Options);
            SourceExports.CheckFlags(known.flags, Options);
            long maxBytes = known.max_bytes == 0
                ? InProcessQueueBase.DefaultMaxBytes
                : (long)Math.Min(known.max_bytes, (ulong)InProcessQueueBase.Unbounded);
            *queue = (sp2_inproc_queue*)HandleTable.Add(HandleKind.InprocQueue, new InprocQueue(maxBytes));
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_inproc_queue_add_packet")]
    public static int AddPacket(sp2_inproc_queue* queue, void* packet, ulong length)
    {
        const string Function = "sp2_inproc_queue_add_packet";
        try
        {
            InprocQueue found = Handles.InprocQueue(queue, Function, "queue");
            if (packet is null && length != 0)
            {
                throw Failure.Null(Function, "packet");
            }

            if (length > NativeMethods.SP2_INPROC_MAX_PACKET)
            {
                throw Failure.Argument(
                    $"{Function}: length is {length}; at most {NativeMethods.SP2_INPROC_MAX_PACKET} bytes are a packet");
            }

            return found.Add((byte*)packet, (int)length) is var status && status == Spead2Status.OutOfMemory
                ? throw StatusException.NoMemory("a packet in a queue")
                : (int)status;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_inproc_queue_stop")]
    public static int Stop(sp2_inproc_queue* queue)
    {
        try
        {
            Handles.InprocQueue(queue, "sp2_inproc_queue_stop", "queue").Stop();
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_inproc_queue_destroy")]
    public static void Destroy(sp2_inproc_queue* queue)
    {
        try
        {
            HandleTable.Remove<InprocQueue>(HandleKind.InprocQueue, queue);
        }
        catch (Exception exception)
        {
            LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_send_stream_add_inproc_writer")]
    public static int AddWriter(
        sp2_send_stream* stream, sp2_inproc_writer_options* options, ulong* first_substream)
    {
        const string Function = "sp2_send_stream_add_inproc_writer";
        const string Options = nameof(sp2_inproc_writer_options);
        try
        {
            using SendCall call = SendExports.Begin(stream, options, first_substream, Function);
            sp2_inproc_writer_options known = Sized.Read(options, Options);
            SourceExports.CheckFlags(known.flags, Options);
            if (known.reserved != 0)
            {
                throw Failure.Reserved(Options, known.reserved);
            }

            if (known.queue_count == 0 || known.queues is null)
            {
                throw Failure.Argument(
                    $"{Options}.queue_count is {known.queue_count}; a writer has at least one queue");
            }

            List<InprocQueue> queues = [];
            for (uint i = 0; i < known.queue_count; i++)
            {
                queues.Add(known.queues[i] is null
                    ? throw Failure.Argument($"{Options}.queues[{i}] must not be NULL")
                    : Handles.InprocQueue(known.queues[i], Function, $"{Options}.queues[{i}]"));
            }

            SendExports.Tell(first_substream, call.Core.Add(new InprocWriter(call.Core, queues)));
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_add_inproc_source")]
    public static int AddSource(
        sp2_receive_stream* stream, sp2_inproc_source_options* options, sp2_packet_source** source)
    {
        const string Function = "sp2_receive_stream_add_inproc_source";
        const string Options = nameof(sp2_inproc_source_options);
        try
        {
            using StreamCall call = SourceExports.Begin(stream, options, source, Function);
            sp2_inproc_source_options known = Sized.Read(options, Options);
            SourceExports.CheckFlags(known.flags, Options);
            InprocQueue queue = Handles.InprocQueue(known.queue, Function, $"{Options}.queue");
            DialectRules dialect = DialectRules.Of(Dialects.Read(known.dialect));
            StreamCore core = SourceExports.OpenCore(call.Stream, Function);
            SourceExports.Add(
                call.Stream, OpenSource(core, queue, dialect, Function), sp2_source_kind.SP2_SOURCE_INPROC, source);
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    private static InprocSource OpenSource(
        StreamCore core, InprocQueue queue, DialectRules dialect, string function)
    {
        try
        {
            return InprocSource.Open(core, queue, dialect);
        }
        catch (InvalidOperationException)
        {
            throw Failure.State($"{function}: another source reads from the queue");
        }
    }
}
