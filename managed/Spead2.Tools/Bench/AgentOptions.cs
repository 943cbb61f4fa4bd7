// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Bench;

/// <summary>How an agent is to receive, as a master tells it; what the master leaves out stays as it is here.</summary>
internal sealed record AgentOptions
{
    /// <summary>Groups to join, each as in 239.2.1.150:7148; none: packets come to the agent's own address.</summary>
    public IReadOnlyList<string> Multicast { get; init; } = [];

    /// <summary>Address to listen on, or of the interface for groups; empty: all.</summary>
    public string Bind { get; init; } = "";

    /// <summary>Whether packets come through a TCP connection.</summary>
    public bool Tcp { get; init; }

    /// <summary>Largest packet in bytes.</summary>
    public long Packet { get; init; } = 9200;

    /// <summary>The socket's buffer in bytes.</summary>
    public long Buffer { get; init; } = 8 << 20;

    /// <summary>Heaps under assembly.</summary>
    public long ConcurrentHeaps { get; init; } = 4;

    /// <summary>Substreams.</summary>
    public long Substreams { get; init; } = 1;

    /// <summary>Heaps that wait for the consumer.</summary>
    public long RingHeaps { get; init; } = 4;

    /// <summary>Whether payload is kept in a memory pool.</summary>
    public bool MemoryPool { get; init; } = true;

    /// <summary>Smallest size in bytes that the pool serves.</summary>
    public long MemoryLower { get; init; } = 16384;

    /// <summary>Largest size in bytes that it serves.</summary>
    public long MemoryUpper { get; init; } = 32 << 20;

    /// <summary>Most blocks that wait in it.</summary>
    public long MemoryMaxFree { get; init; } = 12;

    /// <summary>Blocks to start with.</summary>
    public long MemoryInitial { get; init; } = 8;

    /// <summary>Whether payload is copied by non-temporal stores.</summary>
    public bool NonTemporal { get; init; }
}
