// SPDX-License-Identifier: MIT

using System.Net;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>A packet source of a managed stream, in the hands of a user.</summary>
internal sealed class ManagedPacketSource(SourceKind kind, Reader? reader, IPEndPoint? endPoint = null) : PacketSource
{
    private volatile bool _removed;

    public override SourceKind Kind => kind;

    public override IPEndPoint? LocalEndPoint => endPoint;

    public override SourceState State =>
        _removed ? SourceState.Removed
        : reader is null || reader.IsClosed ? SourceState.Ended
        : reader.IsUnstarted ? SourceState.Unstarted
        : reader.IsPaused ? SourceState.Blocked
        : SourceState.Running;

    public override PacketSourceStatistics Statistics
    {
        get
        {
            reader?.UpdateDropped();
            return new() { KernelDropMessages = reader?.Dropped ?? 0, DroppedAtClose = reader?.Unused ?? 0 };
        }
    }

    public override void Remove()
    {
        if (reader is { IsClosed: false })
        {
            reader.Close();
            _removed = true;
        }
    }
}
