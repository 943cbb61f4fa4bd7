// SPDX-License-Identifier: MIT

using System.Net;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>A packet source of a managed stream, in the hands of a user.</summary>
/// <param name="kind">What it is.</param>
/// <param name="source">The source; null if the stream had ended when it was to be added.</param>
internal sealed class ManagedPacketSource(SourceKind kind, Source? source) : PacketSource
{
    public override SourceKind Kind => kind;

    public override IPEndPoint? LocalEndPoint => source?.LocalEndPoint;

    public override IPAddress? Group => source?.Group;

    public override string? InterfaceName => source?.InterfaceName;

    public override string? SuggestedDialect => source?.SuggestedDialect;

    public override SourceState State =>
        source is null ? SourceState.Ended
        : source.IsRemoved ? SourceState.Removed
        : source.IsClosed ? SourceState.Ended
        : source.IsUnstarted ? SourceState.Unstarted
        : source.IsBlocked ? SourceState.Blocked
        : SourceState.Running;

    public override PacketSourceStatistics Statistics
    {
        get
        {
            SourceCounters counters = source?.ReadCounters() ?? default;
            return new()
            {
                Messages = counters.Messages,
                Datagrams = counters.Datagrams,
                Bytes = counters.Bytes,
                Packets = counters.Packets,
                Malformed = counters.Malformed,
                SizeMismatch = counters.SizeMismatch,
                Truncated = counters.Truncated,
                Empty = counters.Empty,
                KernelDropMessages = counters.KernelDropMessages,
                DroppedAtClose = counters.DroppedAtClose,
                Errors = counters.Errors,
                Rejoins = counters.Rejoins,
                Blocked = counters.Blocked,
                Slices = counters.Slices,
                Yields = counters.Yields,
                Connections = counters.Connections,
                SkippedBytes = counters.SkippedBytes,
                UnfinishedBytes = counters.UnfinishedBytes,
                Frames = counters.Frames,
                FramesOther = counters.FramesOther,
                FramesFiltered = counters.FramesFiltered,
                FramesOutgoing = counters.FramesOutgoing,
                FramesTruncated = counters.FramesTruncated,
                FramesMalformed = counters.FramesMalformed,
                FramesUnreadable = counters.FramesUnreadable,
                Fragments = counters.Fragments,
                FragmentsLost = counters.FragmentsLost,
                LastSender = source?.LastSender,
            };
        }
    }

    public override void Remove() => source?.Remove();
}
