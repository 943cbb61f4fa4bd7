// SPDX-License-Identifier: MIT

using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Spead2.Bindings;

namespace Spead2.Send;

/// <summary>A send stream of the C core, and everything that must not go before it is destroyed.</summary>
internal sealed unsafe class SendStreamHandle : SafeHandle
{
    // References of larger groups are allocated.
    private const int MostHeapsOnStack = 16;

    private readonly List<IDisposable> _kept = [];
    private readonly FirstFault _fault;
    private readonly SendStreamOptions _options;

    /// <exception cref="Spead2Exception">The stream could not be made.</exception>
    public SendStreamHandle(SendStreamOptions options, IoThreadPool? pool, NativeLog log)
        : base(invalidHandleValue: 0, ownsHandle: true)
    {
        _fault = new(log);
        _options = new()
        {
            Flavour = options.Flavour,
            RepeatPointers = options.RepeatPointers,
            Dialect = options.Dialect,
        };
        sp2_send_stream_options native = ToNative(options);
        native.log = NativeLog.Function;
        native.log_context = log.Context;
        native.log_level = (uint)log.Threshold;
        _kept.Add(log);
        try
        {
            IoThreadPoolHandle? threads = null;
            if (pool is not null)
            {
                threads = IoThreadPoolHandle.Of(pool);
                _kept.Add(new HandleLease(threads));
            }

            sp2_send_stream* stream;
            NativeStatus.ThrowIfFailed(
                NativeMethods.sp2_send_stream_create(threads is null ? null : threads.Pool, &native, &stream));
            SetHandle((nint)stream);
        }
        catch
        {
            ReleaseKept();
            throw;
        }
    }

    public override bool IsInvalid => handle == 0;

    private sp2_send_stream* Stream => (sp2_send_stream*)handle;

    /// <summary>Adds a UDP writer.</summary>
    public void AddUdp(UdpWriterOptions options)
    {
        Socket? existing = options.Socket.ToSocket();
        using HandleLease? socket = existing is null ? null : new HandleLease(existing.SafeHandle);
        using NativeTexts hosts = new([.. options.Destinations.Select(destination => destination.Host)]);
        sp2_udp_destination[] destinations = new sp2_udp_destination[hosts.Count];
        for (int i = 0; i < destinations.Length; i++)
        {
            destinations[i] = new() { host = hosts.List[i], port = (uint)options.Destinations[i].Port };
        }

        sp2_udp_writer_flags flags = 0;
        flags |= existing is null ? 0 : sp2_udp_writer_flags.SP2_UDP_WRITER_EXISTING_SOCKET;
        flags |= options.Segmentation ? 0 : sp2_udp_writer_flags.SP2_UDP_WRITER_NO_SEGMENTATION;
        flags |= options.MulticastLoopback ? 0 : sp2_udp_writer_flags.SP2_UDP_WRITER_NO_LOOP;
        fixed (sp2_udp_destination* first = destinations)
        fixed (byte* bindHost = NativeText.FromString(options.GivenBindHost))
        fixed (byte* interfaceAddress = NativeText.FromString(options.GivenInterfaceAddress))
        {
            sp2_udp_writer_options native = new()
            {
                size = (uint)sizeof(sp2_udp_writer_options),
                flags = (uint)flags,
                destinations = first,
                destination_count = (uint)destinations.Length,
                ttl = (uint)options.TimeToLive,
                bind_host = (sbyte*)bindHost,
                interface_address = (sbyte*)interfaceAddress,
                interface_index = (uint)options.InterfaceIndex,
                dscp = (uint)options.Dscp,
                buffer_size = options.BufferSize switch
                {
                    null => 0,
                    0 => ulong.MaxValue,
                    long size => (ulong)size,
                },
                socket = existing?.SafeHandle.DangerousGetHandle() ?? 0,
            };
            NativeStatus.ThrowIfFailed(NativeMethods.sp2_send_stream_add_udp_writer(Stream, &native, null));
        }
    }

    /// <summary>Adds a writer that calls a function.</summary>
    public void AddFunction(FunctionWriterOptions options)
    {
        // What the handle keeps must not refer to this, which would never be collected.
        FirstFault fault = _fault;
        GCHandle<PacketTaker> context = new(
            new(options.Function!, exception => fault.Say("a packet function failed", exception)));
        sp2_function_writer_options native = new()
        {
            size = (uint)sizeof(sp2_function_writer_options),
            packet = &OnPacket,
            context = (void*)GCHandle<PacketTaker>.ToIntPtr(context),
            substreams = (ulong)options.Substreams,
        };
        int status = NativeMethods.sp2_send_stream_add_function_writer(Stream, &native, null);
        if (status != (int)sp2_status.SP2_OK)
        {
            context.Dispose();
            NativeStatus.Throw(status);
        }

        lock (_kept)
        {
            _kept.Add(context);
        }
    }

    /// <summary>Adds a writer to queues.</summary>
    public void AddInProcess(InProcessWriterOptions options)
    {
        InProcessQueue[] queues =
            [.. options.Queues.Select(queue => queue.As<InProcessQueue>(nameof(options.Queues)))];
        nint[] natives = new nint[queues.Length];
        List<HandleLease> leases = [];
        try
        {
            for (int i = 0; i < queues.Length; i++)
            {
                leases.Add(queues[i].Lease(out sp2_inproc_queue* queue));
                natives[i] = (nint)queue;
            }

            fixed (nint* first = natives)
            {
                sp2_inproc_writer_options native = new()
                {
                    size = (uint)sizeof(sp2_inproc_writer_options),
                    queue_count = (uint)natives.Length,
                    queues = (sp2_inproc_queue**)first,
                };
                NativeStatus.ThrowIfFailed(NativeMethods.sp2_send_stream_add_inproc_writer(Stream, &native, null));
            }
        }
        finally
        {
            leases.ForEach(lease => lease.Dispose());
        }
    }

    /// <summary>Queues a group.</summary>
    public Spead2Status Send(ReadOnlySpan<HeapReference> heaps, GroupMode mode, PendingSend pending)
    {
        Span<sp2_heap_reference> references = heaps.Length <= MostHeapsOnStack
            ? stackalloc sp2_heap_reference[heaps.Length]
            : new sp2_heap_reference[heaps.Length];
        GCHandle<PendingSend> context = new(pending);
        bool queued = false;
        try
        {
            int part = 0;
            for (int i = 0; i < heaps.Length; i++)
            {
                references[i] = new()
                {
                    heap = NewHeap(heaps[i].Heap, pending, ref part),
                    cnt = heaps[i].Cnt ?? NativeMethods.SP2_HEAP_CNT_AUTOMATIC,
                    substream = (ulong)heaps[i].Substream,
                    rate = heaps[i].Rate ?? NativeMethods.SP2_STREAM_RATE,
                };
            }

            int status;
            fixed (sp2_heap_reference* first = references)
            {
                status = NativeMethods.sp2_send_stream_send(
                    Stream, first, (uint)heaps.Length, (int)mode, &OnComplete, (void*)GCHandle<PendingSend>.ToIntPtr(context));
            }

            queued = status == (int)sp2_status.SP2_OK;
            if (!queued && status is not ((int)sp2_status.SP2_E_FULL or (int)sp2_status.SP2_E_STOPPED))
            {
                NativeStatus.Throw(status);
            }

            return (Spead2Status)status;
        }
        finally
        {
            // A heap that is being sent lives until that is completed.
            foreach (sp2_heap_reference reference in references)
            {
                NativeMethods.sp2_send_heap_destroy(reference.heap);
            }

            if (!queued)
            {
                context.Dispose();
            }
        }
    }

    public void SetCnts(ulong next, ulong step) =>
        NativeStatus.ThrowIfFailed(NativeMethods.sp2_send_stream_set_cnt_sequence(Stream, next, step));

    public SendStatistics ReadStatistics()
    {
        sp2_send_stats stats = new() { size = (uint)sizeof(sp2_send_stats) };
        NativeStatus.ThrowIfFailed(NativeMethods.sp2_send_stream_get_stats(Stream, &stats));
        return new()
        {
            Heaps = (long)stats.heaps,
            Groups = (long)stats.groups,
            Packets = (long)stats.packets,
            Bytes = (long)stats.bytes,
            PacketsFailed = (long)stats.packets_failed,
            HeapsFailed = (long)stats.heaps_failed,
            HeapsRefused = (long)stats.heaps_refused,
            WriterBlocked = (long)stats.writer_blocked,
            RateWaits = (long)stats.rate_waits,
            RateLateMax = TimeSpan.FromTicks((long)stats.rate_late_ns_max / TimeSpan.NanosecondsPerTick),
            HeapsQueued = (long)stats.heaps_queued,
        };
    }

    public void Flush() => NativeStatus.ThrowIfFailed(NativeMethods.sp2_send_stream_flush(Stream, -1));

    public void Stop() => NativeStatus.ThrowIfFailed(NativeMethods.sp2_send_stream_stop(Stream));

    protected override void Dispose(bool disposing)
    {
        if (!disposing && !IsInvalid)
        {
            // The finalizer's thread does not wait for what is queued, and nobody else waits for it either.
            _ = NativeMethods.sp2_send_stream_stop(Stream);
        }

        base.Dispose(disposing);
    }

    protected override bool ReleaseHandle()
    {
        if (!PacketTaker.RunsOnThisThread)
        {
            return Destroy();
        }

        // The stream's end waits for the thread that sends, and this may be it.
        ThreadPool.UnsafeQueueUserWorkItem(static stream => stream.Destroy(), this, preferLocal: false);
        return true;
    }

    private static sp2_send_stream_options ToNative(SendStreamOptions options) => new()
    {
        size = (uint)sizeof(sp2_send_stream_options),
        max_heaps = (ulong)options.MaxHeaps,
        rate = options.Rate,
        burst_size = (ulong)options.BurstSize,
        burst_rate_ratio = options.BurstRateRatio,
        max_packet_size = (uint)options.MaxPacketSize,
        pacing = (uint)options.Pacing,
    };

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnPacket(void* context, ulong substream, void* packet, ulong length) =>
        GCHandle<PacketTaker>.FromIntPtr((nint)context).Target.Take((int)substream, new(packet, (int)length));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnComplete(void* context, sp2_send_result* result)
    {
        GCHandle<PendingSend> handle = GCHandle<PendingSend>.FromIntPtr((nint)context);
        PendingSend pending = handle.Target;
        handle.Dispose();
        pending.Complete(new()
        {
            Status = (Spead2Status)result->status,
            OsCode = result->os_code,
            Bytes = (long)result->bytes,
            Packets = (long)result->packets,
            FailedPackets = (long)result->failed,
        });
    }

    /// <summary>The heap as the C core has it.</summary>
    private sp2_send_heap* NewHeap(HeapToSend heap, PendingSend pending, ref int part)
    {
        sp2_send_heap_options options = new()
        {
            size = (uint)sizeof(sp2_send_heap_options),
            flags = (uint)((_options.RepeatPointers ? sp2_send_heap_flags.SP2_SEND_REPEAT_POINTERS : 0) | _options.Dialect switch
            {
                SendDialect.SkaLowSps => sp2_send_heap_flags.SP2_SEND_SKA_LOW_SPS,
                SendDialect.SkaLowAntennaBuffer => sp2_send_heap_flags.SP2_SEND_SKA_LOW_ANTENNA_BUFFER,
                SendDialect.PySpead => sp2_send_heap_flags.SP2_SEND_PYSPEAD,
                SendDialect.DatagramIsHeap => sp2_send_heap_flags.SP2_SEND_DATAGRAM_IS_HEAP,
                _ => 0,
            }),
            address_bits = (uint)_options.Flavour.AddressBits,
        };
        sp2_send_heap* native;
        NativeStatus.ThrowIfFailed(NativeMethods.sp2_send_heap_create(&options, &native));
        IReadOnlyList<ItemToSend> items = heap.Items;
        for (int i = 0; i < items.Count; i++)
        {
            ItemToSend item = items[i];
            int status = item.IsImmediate
                ? NativeMethods.sp2_send_heap_add_immediate(native, (ulong)item.Id, item.Value)
                : NativeMethods.sp2_send_heap_add_item(
                    native,
                    (ulong)item.Id,
                    pending.Address(part),
                    (ulong)item.Data.Length,
                    item.AllowImmediate ? (uint)sp2_send_item_flags.SP2_SEND_ALLOW_IMMEDIATE : 0);
            part++;
            if (status != (int)sp2_status.SP2_OK)
            {
                NativeMethods.sp2_send_heap_destroy(native);
                NativeStatus.Throw(status);
            }
        }

        return native;
    }

    private bool Destroy()
    {
        NativeMethods.sp2_send_stream_destroy(Stream);
        ReleaseKept();
        return true;
    }

    private void ReleaseKept()
    {
        foreach (IDisposable resource in _kept)
        {
            resource.Dispose();
        }
    }
}
