// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Spead2.Bindings;
using Spead2.Chunks;

namespace Spead2.Receive;

/// <summary>A receive stream of the C core, and everything that must not go before it is destroyed.</summary>
internal sealed unsafe class ReceiveStreamHandle : SafeHandle
{
    private readonly List<IDisposable> _kept = [];
    private readonly FirstFault _fault;
    private readonly HeapFunction? _function;

    /// <param name="options">Valid options.</param>
    /// <param name="pool">Threads; the stream's own if null.</param>
    /// <param name="log">The stream's messages.</param>
    /// <param name="function">Takes the heaps, or null.</param>
    /// <param name="group">The group, which is leased, in whose chunks the heaps are placed; null: in none.</param>
    /// <param name="chunks">How.</param>
    /// <exception cref="InvalidOperationException">The group takes no more streams.</exception>
    /// <exception cref="Spead2Exception">The stream could not be made.</exception>
    public ReceiveStreamHandle(
        ReceiveStreamOptions options,
        IoThreadPool? pool,
        NativeLog log,
        HeapFunction? function,
        ChunkGroupHandle? group = null,
        ChunkOptions? chunks = null)
        : base(invalidHandleValue: 0, ownsHandle: true)
    {
        _fault = new(log);
        _function = function;
        sp2_receive_options native = ToNative(options);
        using NativeCustomStatistics statistics = new(options.CustomStatistics);
        native.custom_stats = statistics.List;
        native.custom_stat_count = (uint)statistics.Count;
        native.log = NativeLog.Function;
        native.log_context = log.Context;
        native.log_level = (uint)log.Threshold;
        Keep(log);
        if (function is not null)
        {
            native.on_heap = UserHeapFunction.Function;
            native.on_heap_context = (void*)KeepContext(new UserHeapFunction(function, log));
        }

        using NativeChunkOptions? nativeChunks = chunks is null ? null : new(
            group!.Group,
            chunks,
            chunks.Place is null
                ? null
                : (void*)KeepContext(new UserPlaceFunction(chunks, options.CustomStatistics.Count, log)));
        native.chunks = nativeChunks is null ? null : nativeChunks.Options;
        try
        {
            IoThreadPoolHandle? threads = null;
            if (pool is not null)
            {
                threads = IoThreadPoolHandle.Of(pool);
                Keep(new HandleLease(threads));
            }

            sp2_receive_stream* stream;
            NativeStatus.ThrowIfFailed(
                NativeMethods.sp2_receive_stream_create(threads is null ? null : threads.Pool, &native, &stream));
            SetHandle((nint)stream);
        }
        catch
        {
            ReleaseKept();
            throw;
        }

        StatisticNames = ReadStatisticNames(options.CustomStatistics);
        Payloads = new(Stream, options.CustomStatistics.Count, log);
        Keep(Payloads);
        if (function is not null || chunks is not null)
        {
            return;
        }

        Queue = new NativeReadQueue(Stream, spins: options.SpinTime != TimeSpan.Zero);
        NativeStatus.ThrowIfFailed(NativeMethods.sp2_receive_stream_set_ready_callback(
            Stream, NativeReadQueue.Function, (void*)KeepContext(Queue)));
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The native stream, valid while leased.</summary>
    public sp2_receive_stream* Stream => (sp2_receive_stream*)handle;

    /// <summary>Waiters for heaps; null if a function takes them, or they are placed in chunks.</summary>
    public NativeReadQueue? Queue { get; }

    /// <summary>What the library calls the stream's statistics; a later version may have more than this facade knows.</summary>
    public StatisticNames StatisticNames { get; }

    /// <summary>Where payloads live and how they get there.</summary>
    public PayloadSettings Payloads { get; }

    /// <summary>Whether a stop item stops the stream.</summary>
    public bool StopOnStopItem
    {
        get
        {
            int stop;
            NativeStatus.ThrowIfFailed(NativeMethods.sp2_receive_stream_get_stop_on_stop_item(Stream, &stop));
            return stop != 0;
        }

        set => NativeStatus.ThrowIfFailed(
            NativeMethods.sp2_receive_stream_set_stop_on_stop_item(Stream, value ? 1 : 0));
    }

    /// <summary>The handle for event loops of other libraries.</summary>
    public nint Fd
    {
        get
        {
            long fd;
            NativeStatus.ThrowIfFailed(NativeMethods.sp2_receive_stream_get_fd(Stream, &fd));
            return (nint)fd;
        }
    }

    /// <summary>Feeds the stream from memory.</summary>
    public NativePacketSource AddBuffer(ReadOnlyMemory<byte> packets, Dialect? dialect)
    {
        sp2_dialect nativeDialect = ToNative(dialect);
        PinnedMemory pins = new([packets]);
        using SourceBeingAdded added = new(this, pins);
        sp2_buffer_source_options native = new()
        {
            size = (uint)sizeof(sp2_buffer_source_options),
            data = pins.Address(0),
            length = (ulong)packets.Length,
            dialect = dialect is null ? null : &nativeDialect,
        };
        sp2_packet_source* source;
        NativeStatus.ThrowIfFailed(NativeMethods.sp2_receive_stream_add_buffer_source(Stream, &native, &source));
        return added.Complete(source);
    }

    /// <summary>Feeds the stream from datagrams.</summary>
    public NativePacketSource AddDatagrams(IReadOnlyList<ReadOnlyMemory<byte>> datagrams, Dialect? dialect)
    {
        sp2_dialect nativeDialect = ToNative(dialect);
        NativeDatagrams list = new(datagrams);
        using SourceBeingAdded added = new(this, list);
        sp2_datagram_source_options native = new()
        {
            size = (uint)sizeof(sp2_datagram_source_options),
            datagrams = list.List,
            count = (ulong)list.Count,
            dialect = dialect is null ? null : &nativeDialect,
        };
        sp2_packet_source* source;
        NativeStatus.ThrowIfFailed(NativeMethods.sp2_receive_stream_add_datagram_source(Stream, &native, &source));
        return added.Complete(source);
    }

    /// <summary>Feeds the stream from a queue.</summary>
    public NativePacketSource AddInProcess(InProcessQueue queue, Dialect? dialect)
    {
        sp2_dialect nativeDialect = ToNative(dialect);
        using HandleLease lease = queue.Lease(out sp2_inproc_queue* leased);
        sp2_inproc_source_options native = new()
        {
            size = (uint)sizeof(sp2_inproc_source_options),
            queue = leased,
            dialect = dialect is null ? null : &nativeDialect,
        };
        sp2_packet_source* source;
        NativeStatus.ThrowIfFailed(NativeMethods.sp2_receive_stream_add_inproc_source(Stream, &native, &source));
        return new(new PacketSourceHandle(source));
    }

    /// <summary>Feeds the stream from a UDP socket.</summary>
    public NativePacketSource AddUdp(UdpSourceOptions options) => AddUdp([this], options)[0];

    /// <summary>Feeds streams from UDP sockets that share a port.</summary>
    public static NativePacketSource[] AddUdp(ReceiveStreamHandle[] streams, UdpSourceOptions options)
    {
        sp2_dialect nativeDialect = ToNative(options.Dialect);
        Socket? existing = options.Socket.ToSocket();
        using HandleLease? socket = existing is null ? null : new HandleLease(existing.SafeHandle);
        using NativeTexts senders = new(options.Senders);
        fixed (byte* bindHost = NativeText.FromString(options.GivenBindHost))
        fixed (byte* group = NativeText.FromString(options.Group))
        fixed (byte* interfaceAddress = NativeText.FromString(options.GivenInterfaceAddress))
        fixed (byte* interfaceName = NativeText.FromString(options.GivenInterfaceName))
        {
            sp2_udp_source_options native = new()
            {
                size = (uint)sizeof(sp2_udp_source_options),
                flags = existing is null ? 0 : (uint)sp2_udp_flags.SP2_UDP_EXISTING_SOCKET,
                bind_host = (sbyte*)bindHost,
                port = (uint)options.Port,
                max_size = (uint)options.MaxSize,
                buffer_size = options.BufferSize switch
                {
                    null => 0,
                    0 => NativeMethods.SP2_UDP_BUFFER_SIZE_OS,
                    long bytes => (ulong)bytes,
                },
                group = (sbyte*)group,
                interface_address = (sbyte*)interfaceAddress,
                interface_index = (uint)options.InterfaceIndex,
                interface_name = (sbyte*)interfaceName,
                sender_count = (uint)senders.Count,
                senders = senders.List,
                socket = existing is null ? 0 : existing.SafeHandle.DangerousGetHandle(),
                dialect = options.Dialect is null ? null : &nativeDialect,
            };
            return AddUdp(streams, &native);
        }
    }

    private static NativePacketSource[] AddUdp(ReceiveStreamHandle[] streams, sp2_udp_source_options* options)
    {
        sp2_receive_stream** list = stackalloc sp2_receive_stream*[streams.Length];
        sp2_packet_source** sources = stackalloc sp2_packet_source*[streams.Length];
        for (int i = 0; i < streams.Length; i++)
        {
            list[i] = streams[i].Stream;
        }

        NativeStatus.ThrowIfFailed(
            NativeMethods.sp2_receive_streams_add_udp_source(list, (uint)streams.Length, options, sources));
        NativePacketSource[] added = new NativePacketSource[streams.Length];
        for (int i = 0; i < added.Length; i++)
        {
            added[i] = new(new PacketSourceHandle(sources[i]));
        }

        return added;
    }

    /// <summary>Feeds the stream from a TCP connection.</summary>
    public NativePacketSource AddTcp(TcpSourceOptions options)
    {
        Socket? existing = options.Socket.ToSocket();
        using HandleLease? socket = existing is null ? null : new HandleLease(existing.SafeHandle);
        fixed (byte* host = NativeText.FromString(options.GivenHost))
        {
            sp2_tcp_source_options native = new()
            {
                size = (uint)sizeof(sp2_tcp_source_options),
                flags = (existing is null ? 0 : (uint)sp2_tcp_flags.SP2_TCP_EXISTING_SOCKET) |
                    (options.Connect ? (uint)sp2_tcp_flags.SP2_TCP_CONNECT : 0) |
                    (options.Reaccept ? (uint)sp2_tcp_flags.SP2_TCP_REACCEPT : 0),
                host = (sbyte*)host,
                port = (uint)options.Port,
                max_size = (uint)options.MaxSize,
                buffer_size = (ulong)(options.BufferSize ?? 0),
                socket = existing is null ? 0 : existing.SafeHandle.DangerousGetHandle(),
            };
            sp2_packet_source* source;
            NativeStatus.ThrowIfFailed(NativeMethods.sp2_receive_stream_add_tcp_source(Stream, &native, &source));
            return new(new PacketSourceHandle(source));
        }
    }

    /// <summary>Feeds the stream from a capture.</summary>
    public NativePacketSource AddPcap(PcapSourceOptions options)
    {
        sp2_dialect nativeDialect = ToNative(options.Dialect);
        fixed (byte* path = NativeText.FromString(options.Path))
        fixed (byte* address = NativeText.FromString(options.GivenAddress))
        {
            sp2_pcap_source_options native = new()
            {
                size = (uint)sizeof(sp2_pcap_source_options),
                flags = options.Outgoing ? (uint)sp2_pcap_flags.SP2_PCAP_OUTGOING : 0,
                path = (sbyte*)path,
                address = (sbyte*)address,
                port = (uint)options.Port,
                dialect = options.Dialect is null ? null : &nativeDialect,
            };
            sp2_packet_source* source;
            NativeStatus.ThrowIfFailed(NativeMethods.sp2_receive_stream_add_pcap_source(Stream, &native, &source));
            return new(new PacketSourceHandle(source));
        }
    }

    /// <summary>Lets sources receive if the stream waits for that.</summary>
    public void Start() => NativeStatus.ThrowIfFailed(NativeMethods.sp2_receive_stream_start(Stream));

    /// <summary>A copy of the statistics.</summary>
    public StreamStatistics GetStatistics()
    {
        ulong[] values = new ulong[StatisticNames.InOrder.Length];
        uint count;
        fixed (ulong* first = values)
        {
            NativeStatus.ThrowIfFailed(
                NativeMethods.sp2_receive_stream_get_stat_values(Stream, first, (uint)values.Length, &count));
        }

        return new([.. MemoryMarshal.Cast<ulong, long>(values)], StatisticNames);
    }

    /// <summary>The first datagram that was refused for a cause; null if none was.</summary>
    public RefusedDatagram? GetRefused(RefusalCause cause)
    {
        sp2_refused_datagram first = new() { size = (uint)sizeof(sp2_refused_datagram) };
        int status = NativeMethods.sp2_receive_stream_get_refused(Stream, (uint)cause, &first);
        if (status == (int)sp2_status.SP2_E_EMPTY)
        {
            return null;
        }

        NativeStatus.ThrowIfFailed(status);
        return new(
            cause,
            DateTimeOffset.UnixEpoch.AddTicks(first.time_ns / TimeSpan.NanosecondsPerTick),
            (long)first.length,
            [.. new ReadOnlySpan<byte>(first.bytes, (int)first.byte_count)],
            ToEndPoint(first.sender_address, first.sender_length, first.sender_port));
    }

    /// <summary>What the kernel has counted of UDP; null if it does not tell.</summary>
    public static KernelUdpCounters? ReadKernelCounters()
    {
        sp2_kernel_udp_counters now = new() { size = (uint)sizeof(sp2_kernel_udp_counters) };
        int status = NativeMethods.sp2_get_kernel_udp_counters(&now);
        if (status == (int)sp2_status.SP2_E_UNSUPPORTED)
        {
            return null;
        }

        NativeStatus.ThrowIfFailed(status);
        return new(
            (long)now.received,
            (long)now.full_buffers,
            (long)now.wrong_checksums,
            (long)now.filtered,
            (long)now.nobody_listens,
            (long)now.reverse_path);
    }

    /// <summary>What was lost in the latest seconds; none without accounting.</summary>
    public LossSecond[] GetLossSeconds()
    {
        sp2_loss_second[] seconds = new sp2_loss_second[NativeMethods.SP2_RECEIVE_LOSS_SECONDS];
        uint count;
        int status;
        fixed (sp2_loss_second* first = seconds)
        {
            status = NativeMethods.sp2_receive_stream_get_loss_seconds(Stream, first, (uint)seconds.Length, &count);
        }

        if (status == (int)sp2_status.SP2_E_STATE)
        {
            return [];
        }

        NativeStatus.ThrowIfFailed(status);
        return
        [
            .. seconds.Take((int)count).Select(second => new LossSecond(
                DateTimeOffset.UnixEpoch.AddTicks(second.time_ns / TimeSpan.NanosecondsPerTick),
                (long)second.packets,
                (long)second.heaps,
                (long)second.kernel_drop_messages,
                (long)second.packets_missing,
                (long)second.heaps_missing,
                (long)second.heaps_incomplete,
                (long)second.packets_unused)),
        ];
    }

    /// <summary>Adds to a custom counter, or raises a custom maximum.</summary>
    public void UpdateCustom(int index, long value) =>
        NativeStatus.ThrowIfFailed(NativeMethods.sp2_receive_stream_update_stat(
            Stream, (uint)(StatisticNames.BuiltInCount + index), (ulong)value));

    /// <summary>Keeps the stream from being destroyed until it is released; false if it has been.</summary>
    public bool TryLease()
    {
        try
        {
            bool added = false;
            DangerousAddRef(ref added);
            return added;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>Stops the stream and ends what waits for its heaps.</summary>
    public void Stop()
    {
        NativeStatus.ThrowIfFailed(NativeMethods.sp2_receive_stream_stop(Stream));
        Queue?.OnReady();
    }

    protected override void Dispose(bool disposing)
    {
        if (!disposing)
        {
            // The user's code has no place on the finalizer's thread.
            _function?.Forget();
        }

        base.Dispose(disposing);
    }

    protected override bool ReleaseHandle()
    {
        if (!HeapFunction.RunsOnThisThread)
        {
            return Destroy();
        }

        // The stream's end waits for threads that receive, and this may be one.
        ThreadPool.UnsafeQueueUserWorkItem(static stream => stream.Destroy(), this, preferLocal: false);
        return true;
    }

    private bool Destroy()
    {
        // Stopping ends every source, and without a callback none can enter the stream while it is destroyed.
        bool done =
            NativeMethods.sp2_receive_stream_stop(Stream) == (int)sp2_status.SP2_OK &&
            (Queue is null ||
                NativeMethods.sp2_receive_stream_set_ready_callback(Stream, null, null) == (int)sp2_status.SP2_OK);
        NativeMethods.sp2_receive_stream_destroy(Stream);
        ReleaseKept();
        return done;
    }

    internal static IPEndPoint? ToEndPoint(byte* address, uint length, uint port) => length == 0
        ? null
        : new(new IPAddress(new ReadOnlySpan<byte>(address, (int)length)), (int)port);

    private static sp2_dialect ToNative(Dialect? dialect) => new()
    {
        size = (uint)sizeof(sp2_dialect),
        flags = (uint)(dialect?.Flags ?? 0),
        item_id = (ulong)(dialect?.UnpointedItemId ?? 0),
    };

    internal static sp2_receive_options ToNative(ReceiveStreamOptions options)
    {
        sp2_receive_flags flags = 0;
        flags |= options.AllowOutOfOrder ? 0 : sp2_receive_flags.SP2_RECEIVE_IN_ORDER;
        flags |= options.AllowUnsizedHeaps ? 0 : sp2_receive_flags.SP2_RECEIVE_NO_UNSIZED_HEAPS;
        flags |= options.StopOnStopItem ? 0 : sp2_receive_flags.SP2_RECEIVE_IGNORE_STOP_ITEM;
        flags |= options.ContiguousOnly ? 0 : sp2_receive_flags.SP2_RECEIVE_DELIVER_INCOMPLETE;
        flags |= options.IncompleteKeepPayloadRanges ? sp2_receive_flags.SP2_RECEIVE_KEEP_RANGES : 0;
        flags |= options.IncompleteKeepPayload ? sp2_receive_flags.SP2_RECEIVE_KEEP_INCOMPLETE_PAYLOAD : 0;
        flags |= options.ExplicitStart ? sp2_receive_flags.SP2_RECEIVE_EXPLICIT_START : 0;
        flags |= options.KeyedSearch ? 0 : sp2_receive_flags.SP2_RECEIVE_UNKEYED_SEARCH;
        flags |= options.Accounting switch
        {
            HeapAccounting.BySubstream => sp2_receive_flags.SP2_RECEIVE_ACCOUNT_HEAPS,
            HeapAccounting.BySource => sp2_receive_flags.SP2_RECEIVE_ACCOUNT_BY_SOURCE,
            _ => 0,
        };
        flags |= options.Senders switch
        {
            SenderTracking.Record => sp2_receive_flags.SP2_RECEIVE_RECORD_SENDERS,
            SenderTracking.Separate => sp2_receive_flags.SP2_RECEIVE_SEPARATE_SENDERS,
            _ => 0,
        };
        return new()
        {
            size = (uint)sizeof(sp2_receive_options),
            flags = (uint)flags,
            max_heaps = (ulong)options.MaxHeaps,
            ring_heaps = (ulong)options.RingHeaps,
            substreams = (ulong)options.Substreams,
            max_heap_size = (ulong)options.MaxHeapSize,
            max_unsized_gap = (ulong)options.MaxUnsizedGap,
            cnt_step = (ulong)options.CntStep,
            count_item = (ulong)options.CountItem,
            set_item = (ulong)options.SetItem,
            bug_compat = (uint)options.BugCompat,
            spin_ns = options.SpinTime == TimeSpan.Zero
                ? NativeMethods.SP2_NEVER_SPIN
                : options.SpinTime.Ticks * TimeSpan.NanosecondsPerTick,
            long_pause_ns = options.LongPause == Timeout.InfiniteTimeSpan
                ? NativeMethods.SP2_NEVER_LONG
                : options.LongPause.Ticks * TimeSpan.NanosecondsPerTick,
        };
    }

    private StatisticNames ReadStatisticNames(IReadOnlyList<CustomStatistic> custom)
    {
        uint count;
        NativeStatus.ThrowIfFailed(NativeMethods.sp2_receive_stream_get_stat_count(Stream, &count));
        int builtIn = (int)count - custom.Count;
        if (builtIn == StatisticNames.KnownCount)
        {
            return new(custom);
        }

        string[] names = new string[builtIn];
        for (int i = 0; i < builtIn; i++)
        {
            sp2_stat_info info = new() { size = (uint)sizeof(sp2_stat_info) };
            NativeStatus.ThrowIfFailed(NativeMethods.sp2_receive_stream_get_stat_info(Stream, (uint)i, &info));
            names[i] = NativeText.ToString(info.name);
        }

        return new(ImmutableCollectionsMarshal.AsImmutableArray(names), custom);
    }

    private void Keep(IDisposable resource)
    {
        lock (_kept)
        {
            _kept.Add(resource);
        }
    }

    /// <summary>A context for a native callback.</summary>
    private nint KeepContext<T>(T target)
        where T : class
    {
        GCHandle<T> context = new(target);
        Keep(context);
        return GCHandle<T>.ToIntPtr(context);
    }

    private void ReleaseKept()
    {
        foreach (IDisposable resource in _kept)
        {
            resource.Dispose();
        }
    }

    /// <summary>The memory of a source that is being added: unpinned at once if that fails.</summary>
    private ref struct SourceBeingAdded : IDisposable
    {
        private readonly ReceiveStreamHandle _stream;
        private readonly SourceMemory _memory;
        private bool _added;

        public SourceBeingAdded(ReceiveStreamHandle stream, IDisposable pins)
        {
            _stream = stream;
            _memory = new(pins, stream._fault);
        }

        public NativePacketSource Complete(sp2_packet_source* source)
        {
            _added = true;
            _stream.Keep(_memory);
            return new(new PacketSourceHandle(source), _memory);
        }

        public readonly void Dispose()
        {
            if (!_added)
            {
                _memory.Dispose();
            }
        }
    }
}
