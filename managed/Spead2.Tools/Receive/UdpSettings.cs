// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Tools.Receive;

/// <summary>What the sockets of `spead2 recv` have in common.</summary>
internal sealed record UdpSettings
{
    /// <summary>Address that ports alone are bound to; null: every IPv4 address.</summary>
    public string? BindHost { get; init; }

    /// <summary>Name, index or address of the interface that groups are joined on; null: the system chooses.</summary>
    public string? Interface { get; init; }

    /// <summary>Kernel socket buffer to ask for; null: the library's default.</summary>
    public long? BufferSize { get; init; }

    /// <summary>Largest packet.</summary>
    public int MaxSize { get; init; } = UdpSourceOptions.DefaultMaxSize;

    /// <summary>How packets are read; null: by the rules.</summary>
    public Dialect? Dialect { get; init; }
}
