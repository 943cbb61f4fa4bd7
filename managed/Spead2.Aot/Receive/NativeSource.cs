// SPDX-License-Identifier: MIT

using System.Net;
using Spead2.Bindings;
using Spead2.Managed;

namespace Spead2.Aot;

/// <summary>A packet source in the hands of a C program; it stays valid when its stream has been destroyed.</summary>
internal sealed class NativeSource(sp2_source_kind kind, Reader? reader, IPEndPoint? endPoint)
{
    private int _removed;

    public sp2_source_kind Kind => kind;

    /// <summary>What its socket is bound to; null: it has none.</summary>
    public IPEndPoint? EndPoint => endPoint;

    public sp2_source_state State =>
        Volatile.Read(ref _removed) != 0 ? sp2_source_state.SP2_SOURCE_REMOVED
        : reader is null || reader.IsClosed ? sp2_source_state.SP2_SOURCE_ENDED
        : reader.IsUnstarted ? sp2_source_state.SP2_SOURCE_UNSTARTED
        : reader.IsPaused ? sp2_source_state.SP2_SOURCE_BLOCKED
        : sp2_source_state.SP2_SOURCE_RUNNING;

    public long KernelDropMessages
    {
        get
        {
            reader?.UpdateDropped();
            return reader?.Dropped ?? 0;
        }
    }

    public long DroppedAtClose => reader?.Unused ?? 0;

    /// <summary>Closes the source for good.</summary>
    public void Remove()
    {
        if (reader is { IsClosed: false })
        {
            reader.Close();
            Volatile.Write(ref _removed, 1);
        }
    }
}
