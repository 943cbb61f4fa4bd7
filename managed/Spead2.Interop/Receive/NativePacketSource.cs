// SPDX-License-Identifier: MIT

using System.Net;
using Spead2.Bindings;

namespace Spead2.Receive;

/// <summary>A packet source of the C core.</summary>
internal sealed unsafe class NativePacketSource : PacketSource
{
    private readonly PacketSourceHandle _handle;
    private readonly SourceMemory? _memory;

    /// <param name="handle">Given up by the finalizer of the handle.</param>
    /// <param name="memory">What the source reads and needs no more when it has been removed.</param>
    public NativePacketSource(PacketSourceHandle handle, SourceMemory? memory = null)
    {
        _handle = handle;
        _memory = memory;
        sp2_packet_source_info info = ReadInfo();
        Kind = (SourceKind)info.kind;
        LocalEndPoint = ToEndPoint(info.address, info.port);
        Group = *info.group == 0 ? null : IPAddress.Parse(NativeText.ToString(info.group));
        InterfaceName = *info.interface_name == 0 ? null : NativeText.ToString(info.interface_name);
    }

    public override SourceKind Kind { get; }

    public override IPEndPoint? LocalEndPoint { get; }

    public override IPAddress? Group { get; }

    public override string? InterfaceName { get; }

    public override string? SuggestedDialect
    {
        get
        {
            sp2_packet_source_info info = ReadInfo();
            return *info.suggested_dialect == 0 ? null : NativeText.ToString(info.suggested_dialect);
        }
    }

    public override SourceState State => (SourceState)ReadInfo().state;

    public override PacketSourceStatistics Statistics
    {
        get
        {
            using HandleLease lease = new(_handle);
            sp2_packet_source_stats stats = new() { size = (uint)sizeof(sp2_packet_source_stats) };
            NativeStatus.ThrowIfFailed(NativeMethods.sp2_packet_source_get_stats(_handle.Source, &stats));
            return new()
            {
                Messages = (long)stats.messages,
                Datagrams = (long)stats.datagrams,
                Bytes = (long)stats.bytes,
                Packets = (long)stats.packets,
                Malformed = (long)stats.malformed,
                SizeMismatch = (long)stats.size_mismatch,
                Truncated = (long)stats.truncated,
                Empty = (long)stats.empty,
                KernelDropMessages = (long)stats.kernel_drop_messages,
                DroppedAtClose = (long)stats.dropped_at_close,
                Errors = (long)stats.errors,
                Rejoins = (long)stats.rejoins,
                Blocked = (long)stats.blocked,
                Slices = (long)stats.slices,
                Yields = (long)stats.yields,
                Connections = (long)stats.connections,
                SkippedBytes = (long)stats.skipped_bytes,
                UnfinishedBytes = (long)stats.unfinished_bytes,
                Frames = (long)stats.frames,
                FramesOther = (long)stats.frames_other,
                FramesFiltered = (long)stats.frames_filtered,
                FramesOutgoing = (long)stats.frames_outgoing,
                FramesTruncated = (long)stats.frames_truncated,
                FramesMalformed = (long)stats.frames_malformed,
                FramesUnreadable = (long)stats.frames_unreadable,
                Fragments = (long)stats.fragments,
                FragmentsLost = (long)stats.fragments_lost,
                LastSender = ToEndPoint(stats.sender, stats.sender_port),
            };
        }
    }

    public override void Remove()
    {
        using HandleLease lease = new(_handle);
        NativeStatus.ThrowIfFailed(NativeMethods.sp2_packet_source_remove(_handle.Source));
        _memory?.Dispose();
    }

    private static IPEndPoint? ToEndPoint(sbyte* address, uint port) =>
        *address == 0 ? null : new IPEndPoint(IPAddress.Parse(NativeText.ToString(address)), (int)port);

    private sp2_packet_source_info ReadInfo()
    {
        using HandleLease lease = new(_handle);
        sp2_packet_source_info info = new() { size = (uint)sizeof(sp2_packet_source_info) };
        NativeStatus.ThrowIfFailed(NativeMethods.sp2_packet_source_get_info(_handle.Source, &info));
        return info;
    }
}
