// SPDX-License-Identifier: MIT

using Spead2.Tools.Receive;

namespace Spead2.Tools.Bench;

/// <summary>What `spead2 bench` is asked to measure.</summary>
internal sealed record BenchSettings
{
    /// <summary>Bytes of each heap.</summary>
    public required int HeapSize { get; init; }

    /// <summary>Largest packet in bytes.</summary>
    public required int PacketSize { get; init; }

    /// <summary>What sends, and, over loopback, receives.</summary>
    public required ReceiveEngine Engine { get; init; }

    /// <summary>How to talk to the agent.</summary>
    public required Protocol Protocol { get; init; }

    /// <summary>How the agent is to receive.</summary>
    public required AgentOptions Agent { get; init; }

    /// <summary>Whether single packets are spaced, not bursts.</summary>
    public required bool Pace { get; init; }

    /// <summary>How long a pass takes.</summary>
    public required TimeSpan PassTime { get; init; }

    /// <summary>Passes without loss that a rate needs.</summary>
    public required int Passes { get; init; }

    /// <summary>The search ends when what is known of the rate is as narrow as this part of it.</summary>
    public required double Precision { get; init; }

    /// <summary>Hops of packets to groups; 0: the system's.</summary>
    public int TimeToLive { get; init; }

    /// <summary>File for a picture of the search; null: none.</summary>
    public string? Plot { get; init; }

    /// <summary>Whether programs read the output.</summary>
    public required bool Json { get; init; }
}
