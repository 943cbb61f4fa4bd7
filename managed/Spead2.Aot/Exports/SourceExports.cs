// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using System.Text;
using Spead2.Bindings;
using Spead2.Managed;
using Spead2.Receive;

namespace Spead2.Aot;

/// <summary>The functions of source.h, buffer.h, pcap.h, tcp.h and udp.h.</summary>
internal static unsafe class SourceExports
{
    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_add_buffer_source")]
    public static int AddBufferSource(
        sp2_receive_stream* stream, sp2_buffer_source_options* options, sp2_packet_source** source)
    {
        const string Function = "sp2_receive_stream_add_buffer_source";
        try
        {
            using StreamCall call = Begin(stream, options, source, Function);
            sp2_buffer_source_options known = Sized.Read(options, nameof(sp2_buffer_source_options));
            CheckFlags(known.flags, nameof(sp2_buffer_source_options));
            if (known.data is null && known.length != 0)
            {
                throw Failure.Null(Function, $"{nameof(sp2_buffer_source_options)}.data");
            }

            DialectRules dialect = DialectRules.Of(Dialects.Read(known.dialect));
            StreamCore core = OpenCore(call.Stream, Function);
            Add(
                call.Stream,
                new BufferSource(core, (byte*)known.data, known.length) { Dialect = dialect },
                sp2_source_kind.SP2_SOURCE_BUFFER,
                source);
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_add_datagram_source")]
    public static int AddDatagramSource(
        sp2_receive_stream* stream, sp2_datagram_source_options* options, sp2_packet_source** source)
    {
        const string Function = "sp2_receive_stream_add_datagram_source";
        try
        {
            using StreamCall call = Begin(stream, options, source, Function);
            sp2_datagram_source_options known = Sized.Read(options, nameof(sp2_datagram_source_options));
            CheckFlags(known.flags, nameof(sp2_datagram_source_options));
            if (known.datagrams is null && known.count != 0)
            {
                throw Failure.Null(Function, $"{nameof(sp2_datagram_source_options)}.datagrams");
            }

            CheckDatagrams(known.datagrams, known.count);
            DialectRules dialect = DialectRules.Of(Dialects.Read(known.dialect));
            StreamCore core = OpenCore(call.Stream, Function);
            Add(
                call.Stream,
                new DatagramSource(core, new NativeDatagrams(known.datagrams, (long)known.count)) { Dialect = dialect },
                sp2_source_kind.SP2_SOURCE_DATAGRAMS,
                source);
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_add_udp_source")]
    public static int AddUdpSource(
        sp2_receive_stream* stream, sp2_udp_source_options* options, sp2_packet_source** source)
    {
        const string Function = "sp2_receive_stream_add_udp_source";
        try
        {
            using StreamCall call = Begin(stream, options, source, Function);
            AddUdpSource(call.Stream, UdpOptions.Read(options), source, Function);
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_streams_add_udp_source")]
    public static int AddSharedUdpSource(
        sp2_receive_stream** streams, uint count, sp2_udp_source_options* options, sp2_packet_source** sources)
    {
        const string Function = "sp2_receive_streams_add_udp_source";
        try
        {
            for (uint i = 0; sources is not null && i < Math.Min(count, NativeMethods.SP2_UDP_MAX_STREAMS); i++)
            {
                sources[i] = null;
            }

            if (streams is null)
            {
                throw Failure.Null(Function, "streams");
            }

            if (count is 0 or > NativeMethods.SP2_UDP_MAX_STREAMS)
            {
                throw Failure.Argument(
                    $"{Function}: count is {count}, but it must be from 1 to {NativeMethods.SP2_UDP_MAX_STREAMS}");
            }

            AddSharedUdpSource(streams, (int)count, options, sources, [], Function);
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_add_tcp_source")]
    public static int AddTcpSource(
        sp2_receive_stream* stream, sp2_tcp_source_options* options, sp2_packet_source** source)
    {
        const string Function = "sp2_receive_stream_add_tcp_source";
        try
        {
            using StreamCall call = Begin(stream, options, source, Function);
            TcpSourceOptions known = TcpOptions.Read(options);
            using (known.Socket.ToSocket())
            {
                StreamCore core = OpenCore(call.Stream, Function);
                Source? added = core.Flow.IsClosed ? null : TcpSource.Add(core, known, TcpOptions.Prefix);
                HandOut(call.Stream, new(sp2_source_kind.SP2_SOURCE_TCP, added), source);
            }

            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_add_pcap_source")]
    public static int AddPcapSource(
        sp2_receive_stream* stream, sp2_pcap_source_options* options, sp2_packet_source** source)
    {
        const string Function = "sp2_receive_stream_add_pcap_source";
        try
        {
            using StreamCall call = Begin(stream, options, source, Function);
            PcapSourceOptions known = PcapOptions.Read(options);
            StreamCore core = OpenCore(call.Stream, Function);
            Source? added = core.Flow.IsClosed ? null : PcapSource.Add(core, known, PcapOptions.Path);
            HandOut(call.Stream, new(sp2_source_kind.SP2_SOURCE_PCAP, added), source);
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_packet_source_remove")]
    public static int Remove(sp2_packet_source* source)
    {
        try
        {
            Handles.Source(source, "sp2_packet_source_remove").Source?.Remove();
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_packet_source_release")]
    public static void Release(sp2_packet_source* source)
    {
        try
        {
            HandleTable.Remove<NativeSource>(HandleKind.PacketSource, source);
        }
        catch (Exception exception)
        {
            LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_packet_source_get_info")]
    public static int GetInfo(sp2_packet_source* source, sp2_packet_source_info* info)
    {
        const string Function = "sp2_packet_source_get_info";
        try
        {
            NativeSource found = Handles.Source(source, Function);
            if (info is null)
            {
                throw Failure.Null(Function, "info");
            }

            sp2_packet_source_info known = new()
            {
                size = (uint)sizeof(sp2_packet_source_info),
                kind = (uint)found.Kind,
                state = (uint)found.State,
                port = (uint)(found.Source?.LocalEndPoint?.Port ?? 0),
            };
            if (found.Source?.LocalEndPoint is { } endPoint)
            {
                WriteText(known.address, UdpTarget.TextOf(endPoint.Address, found.Source.InterfaceName));
            }

            if (found.Source?.Group is { } group)
            {
                WriteText(known.group, UdpTarget.TextOf(group, found.Source.InterfaceName));
                WriteText(known.interface_name, found.Source.InterfaceName ?? string.Empty);
            }

            if (found.Source?.SuggestedDialect is { } dialect)
            {
                WriteText(known.suggested_dialect, dialect);
            }

            Sized.Write(info, known, nameof(sp2_packet_source_info));
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_packet_source_get_stats")]
    public static int GetStats(sp2_packet_source* source, sp2_packet_source_stats* stats)
    {
        const string Function = "sp2_packet_source_get_stats";
        try
        {
            NativeSource found = Handles.Source(source, Function);
            if (stats is null)
            {
                throw Failure.Null(Function, "stats");
            }

            SourceCounters counters = found.Source?.ReadCounters() ?? default;
            sp2_packet_source_stats known = new()
            {
                size = (uint)sizeof(sp2_packet_source_stats),
                messages = (ulong)counters.Messages,
                datagrams = (ulong)counters.Datagrams,
                bytes = (ulong)counters.Bytes,
                packets = (ulong)counters.Packets,
                malformed = (ulong)counters.Malformed,
                size_mismatch = (ulong)counters.SizeMismatch,
                truncated = (ulong)counters.Truncated,
                empty = (ulong)counters.Empty,
                kernel_drop_messages = (ulong)counters.KernelDropMessages,
                dropped_at_close = (ulong)counters.DroppedAtClose,
                errors = (ulong)counters.Errors,
                rejoins = (ulong)counters.Rejoins,
                blocked = (ulong)counters.Blocked,
                slices = (ulong)counters.Slices,
                yields = (ulong)counters.Yields,
                connections = (ulong)counters.Connections,
                skipped_bytes = (ulong)counters.SkippedBytes,
                unfinished_bytes = (ulong)counters.UnfinishedBytes,
                frames = (ulong)counters.Frames,
                frames_other = (ulong)counters.FramesOther,
                frames_filtered = (ulong)counters.FramesFiltered,
                frames_outgoing = (ulong)counters.FramesOutgoing,
                frames_truncated = (ulong)counters.FramesTruncated,
                frames_malformed = (ulong)counters.FramesMalformed,
                frames_unreadable = (ulong)counters.FramesUnreadable,
                fragments = (ulong)counters.Fragments,
                fragments_lost = (ulong)counters.FragmentsLost,
            };
            if (found.Source?.LastSender is { } sender)
            {
                known.sender_port = (uint)sender.Port;
                WriteText(known.sender, sender.Address.ToString());
            }

            Sized.Write(stats, known, nameof(sp2_packet_source_stats));
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    /// <summary>Clears the result, and finds the stream.</summary>
    internal static StreamCall Begin(
        sp2_receive_stream* stream, void* options, sp2_packet_source** source, string function)
    {
        if (source is not null)
        {
            *source = null;
        }

        StreamCall call = Handles.Stream(stream, function);
        if (options is null)
        {
            call.Dispose();
            throw Failure.Null(function, "options");
        }

        return call;
    }

    /// <summary>The engine of a stream that packet sources may be added to.</summary>
    internal static StreamCore OpenCore(NativeStream stream, string function) => stream.Core.IsSealed
        ? throw Failure.State(
            $"{function}: the stream was made with SP2_RECEIVE_EXPLICIT_START and has been started, so that no source " +
            "can be added; add all of them before sp2_receive_stream_start")
        : stream.Core;

    internal static void Add(
        NativeStream stream, Source added, sp2_source_kind kind, sp2_packet_source** source)
    {
        HandOut(stream, new(kind, added), source);
        stream.Core.Add(added);
    }

    private static void AddUdpSource(
        NativeStream stream, UdpSourceOptions options, sp2_packet_source** source, string function)
    {
        using (options.Socket.ToSocket())
        {
            StreamCore core = OpenCore(stream, function);
            Source? added = core.Flow.IsClosed ? null : UdpSource.Add(core, options, UdpOptions.Names);
            HandOut(stream, new(sp2_source_kind.SP2_SOURCE_UDP, added), source);
        }
    }

    /// <summary>Enters a call on each of the streams before anything is added.</summary>
    private static void AddSharedUdpSource(
        sp2_receive_stream** streams,
        int count,
        sp2_udp_source_options* options,
        sp2_packet_source** sources,
        List<NativeStream> entered,
        string function)
    {
        int index = entered.Count;
        if (index == count)
        {
            AddSharedUdpSource([.. entered], UdpOptions.Read(options), sources);
            return;
        }

        using StreamCall call = Begin(streams[index], options, null, function);
        StreamCore core = OpenCore(call.Stream, function);
        if (count > 1 && core.IsInOrder)
        {
            throw Failure.Argument(
                $"{function}: streams[{index}] was made with SP2_RECEIVE_IN_ORDER, but packets that come by different " +
                "sockets have no order");
        }

        if (entered.IndexOf(call.Stream) is >= 0 and int same)
        {
            throw Failure.Argument($"{function}: streams[{same}] and streams[{index}] are the same stream");
        }

        entered.Add(call.Stream);
        AddSharedUdpSource(streams, count, options, sources, entered, function);
    }

    private static void AddSharedUdpSource(
        NativeStream[] streams, UdpSourceOptions options, sp2_packet_source** sources)
    {
        using (options.Socket.ToSocket())
        {
            UdpSource[] added = UdpSource.Add([.. streams.Select(stream => stream.Core)], options, UdpOptions.Names);
            for (int i = 0; i < added.Length && sources is not null; i++)
            {
                HandOut(streams[i], new(sp2_source_kind.SP2_SOURCE_UDP, added[i]), sources + i);
            }
        }
    }

    private static void HandOut(NativeStream stream, NativeSource added, sp2_packet_source** source)
    {
        stream.Published?.Add(added);
        if (source is not null)
        {
            *source = (sp2_packet_source*)HandleTable.Add(HandleKind.PacketSource, added);
        }
    }

    internal static void CheckFlags(uint flags, string options)
    {
        if (flags != 0)
        {
            throw Failure.UnknownFlags(options, flags);
        }
    }

    private static void CheckDatagrams(sp2_datagram* datagrams, ulong count)
    {
        for (ulong i = 0; i < count; i++)
        {
            if (datagrams[i].data is null && datagrams[i].length != 0)
            {
                throw Failure.Argument(
                    $"{nameof(sp2_datagram_source_options)}.datagrams[{i}].data must not be NULL when its length is " +
                    $"{datagrams[i].length}");
            }
        }
    }

    /// <summary>A text, cut where there is no room for more.</summary>
    private static void WriteText(sbyte* text, string value) => Encoding.UTF8.GetEncoder().Convert(
        value, new Span<byte>(text, NativeMethods.SP2_SOURCE_TEXT_SIZE - 1), flush: true, out _, out _, out _);
}
