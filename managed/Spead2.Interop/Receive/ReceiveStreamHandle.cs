// SPDX-License-Identifier: MIT

using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using Spead2.Bindings;

namespace Spead2.Receive;

/// <summary>A receive stream of the C core, and everything that must not go before it is destroyed.</summary>
internal sealed unsafe class ReceiveStreamHandle : SafeHandle
{
    private readonly List<IDisposable> _kept = [];

    /// <exception cref="Spead2Exception">The stream could not be made.</exception>
    public ReceiveStreamHandle(ReceiveStreamOptions options, IoThreadPoolHandle? pool, NativeLog? log)
        : base(invalidHandleValue: 0, ownsHandle: true)
    {
        sp2_receive_options native = ToNative(options);
        if (log is not null)
        {
            native.log = NativeLog.Function;
            native.log_context = (void*)Keep(log);
            native.log_level = (uint)log.Threshold;
        }

        try
        {
            if (pool is not null)
            {
                Keep(new HandleLease(pool));
            }

            sp2_receive_stream* stream;
            NativeStatus.ThrowIfFailed(
                NativeMethods.sp2_receive_stream_create(pool is null ? null : pool.Pool, &native, &stream));
            SetHandle((nint)stream);
        }
        catch
        {
            ReleaseKept();
            throw;
        }

        Queue = new NativeReadQueue(Stream);
        NativeStatus.ThrowIfFailed(
            NativeMethods.sp2_receive_stream_set_ready_callback(Stream, NativeReadQueue.Function, (void*)Keep(Queue)));
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The native stream, valid while leased.</summary>
    public sp2_receive_stream* Stream => (sp2_receive_stream*)handle;

    /// <summary>Those who wait for heaps.</summary>
    public NativeReadQueue Queue { get; }

    /// <summary>Feeds the stream from memory, which stays pinned until the stream has been destroyed.</summary>
    public void AddBufferReader(ReadOnlyMemory<byte> packets)
    {
        MemoryHandle pin = packets.Pin();
        Keep(pin);
        NativeStatus.ThrowIfFailed(
            NativeMethods.sp2_receive_stream_add_buffer_reader(Stream, pin.Pointer, (ulong)packets.Length));
    }

    /// <summary>Feeds the stream from datagrams, which stay pinned until the stream has been destroyed.</summary>
    public void AddDatagramReader(IReadOnlyList<ReadOnlyMemory<byte>> datagrams)
    {
        NativeDatagrams native = new(datagrams);
        Keep(native);
        NativeStatus.ThrowIfFailed(
            NativeMethods.sp2_receive_stream_add_datagram_reader(Stream, native.List, (ulong)native.Count));
    }

    /// <summary>Feeds the stream from a UDP socket and gives its port.</summary>
    public int AddUdpReader(UdpReaderOptions options)
    {
        byte[]? host = options.BindHost is null ? null : Encoding.UTF8.GetBytes(options.BindHost + '\0');
        fixed (byte* bindHost = host)
        {
            sp2_udp_options native = new()
            {
                size = (uint)sizeof(sp2_udp_options),
                bind_host = (sbyte*)bindHost,
                port = (uint)options.Port,
                max_size = (uint)options.MaxSize,
                buffer_size = options.BufferSize switch
                {
                    null => 0,
                    0 => NativeMethods.SP2_UDP_BUFFER_SIZE_OS,
                    long bytes => (ulong)bytes,
                },
            };
            uint port;
            NativeStatus.ThrowIfFailed(NativeMethods.sp2_receive_stream_add_udp_reader(Stream, &native, &port));
            return (int)port;
        }
    }

    /// <summary>A copy of the statistics.</summary>
    public StreamStatistics GetStatistics()
    {
        sp2_receive_stats stats = new() { size = (uint)sizeof(sp2_receive_stats) };
        NativeStatus.ThrowIfFailed(NativeMethods.sp2_receive_stream_get_stats(Stream, &stats));
        long* first = (long*)&stats.heaps;
        return new([.. new ReadOnlySpan<long>(first, (int)((long*)(&stats + 1) - first))]);
    }

    /// <summary>Stops the stream and ends what waits for its heaps.</summary>
    public void Stop()
    {
        NativeStatus.ThrowIfFailed(NativeMethods.sp2_receive_stream_stop(Stream));
        Queue.OnReady();
    }

    protected override bool ReleaseHandle()
    {
        // Stopping ends every reader, and without a callback none can enter the stream while it is destroyed.
        bool done =
            NativeMethods.sp2_receive_stream_stop(Stream) == (int)sp2_status.SP2_OK &&
            NativeMethods.sp2_receive_stream_set_ready_callback(Stream, null, null) == (int)sp2_status.SP2_OK;
        NativeMethods.sp2_receive_stream_destroy(Stream);
        ReleaseKept();
        return done;
    }

    internal static sp2_receive_options ToNative(ReceiveStreamOptions options)
    {
        sp2_receive_flags flags = 0;
        flags |= options.AllowOutOfOrder ? 0 : sp2_receive_flags.SP2_RECEIVE_IN_ORDER;
        flags |= options.AllowUnsizedHeaps ? 0 : sp2_receive_flags.SP2_RECEIVE_NO_UNSIZED_HEAPS;
        flags |= options.StopOnStopItem ? 0 : sp2_receive_flags.SP2_RECEIVE_IGNORE_STOP_ITEM;
        flags |= options.ContiguousOnly ? 0 : sp2_receive_flags.SP2_RECEIVE_DELIVER_INCOMPLETE;
        flags |= options.IncompleteKeepPayloadRanges ? sp2_receive_flags.SP2_RECEIVE_KEEP_RANGES : 0;
        flags |= options.IncompleteKeepPayload ? sp2_receive_flags.SP2_RECEIVE_KEEP_INCOMPLETE_PAYLOAD : 0;
        return new()
        {
            size = (uint)sizeof(sp2_receive_options),
            flags = (uint)flags,
            max_heaps = (ulong)options.MaxHeaps,
            ring_heaps = (ulong)options.RingHeaps,
            substreams = (ulong)options.Substreams,
            max_heap_size = (ulong)options.MaxHeapSize,
            bug_compat = (uint)options.BugCompat,
        };
    }

    private void Keep(IDisposable resource)
    {
        lock (_kept)
        {
            _kept.Add(resource);
        }
    }

    /// <summary>A context for a native callback.</summary>
    private nint Keep<T>(T target)
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
}
