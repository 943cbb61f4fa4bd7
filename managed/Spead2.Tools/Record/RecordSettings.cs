// SPDX-License-Identifier: MIT

using Spead2.Tools.CaptureFiles;
using Spead2.Tools.Network;
using Spead2.Tools.Receive;

namespace Spead2.Tools.Record;

/// <summary>What `spead2 record` records, and where to.</summary>
internal sealed record RecordSettings
{
    /// <summary>What is listened on.</summary>
    public required IReadOnlyList<Endpoint> Endpoints { get; init; }

    /// <summary>What all sockets have in common.</summary>
    public required UdpSettings Udp { get; init; }

    /// <summary>Whether the kernel may hand over datagrams together.</summary>
    public bool Coalesce { get; init; }

    /// <summary>The file; with several of them, what their names are made of.</summary>
    public required string Path { get; init; }

    /// <summary>How it is written.</summary>
    public CaptureFormat Format => CaptureFormat.OfOutput(Path);

    /// <summary>Whether there is an index beside each file.</summary>
    public bool Index { get; init; }

    /// <summary>Bytes that may wait to be written, or be kept.</summary>
    public long Memory { get; init; }

    /// <summary>Most bytes of a file, before it is compressed; null: any number.</summary>
    public long? RotateSize { get; init; }

    /// <summary>Most time of a file; null: any.</summary>
    public TimeSpan? RotateTime { get; init; }

    /// <summary>The latest that is kept in memory, to be written on a trigger; null: everything is written.</summary>
    public TimeSpan? Keep { get; init; }

    /// <summary>The item that is a trigger; null: there is none.</summary>
    public ItemTrigger? Trigger { get; init; }

    /// <summary>Time after which to end; null: never.</summary>
    public TimeSpan? Time { get; init; }

    /// <summary>Datagrams after which to end; null: never.</summary>
    public long? Datagrams { get; init; }

    /// <summary>Whether the report is JSON.</summary>
    public bool Json { get; init; }

    /// <summary>Whether files have numbers.</summary>
    public bool HasSeveralFiles => Keep is not null || RotateSize is not null || RotateTime is not null;
}
