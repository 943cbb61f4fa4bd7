// SPDX-License-Identifier: MIT

using Spead2.Send;
using Spead2.Tools.Receive;

namespace Spead2.Tools.Send;

/// <summary>What `spead2 send` is asked to do.</summary>
internal sealed record SendSettings
{
    /// <summary>Where the packets go: heaps take turns.</summary>
    public required Destinations Destinations { get; init; }

    /// <summary>Number of heaps.</summary>
    public required long Heaps { get; init; }

    /// <summary>Makes the heaps' contents; disposed at the end.</summary>
    public required IHeapSource Source { get; init; }

    /// <summary>Flavour, packets, rate and queue.</summary>
    public required SendStreamOptions Stream { get; init; }

    /// <summary>What sends.</summary>
    public required ReceiveEngine Engine { get; init; }

    /// <summary>What is done to the packets on purpose; null: nothing.</summary>
    public PacketFaults? Faults { get; init; }

    /// <summary>Whether heaps with a stop item follow the others, one to each destination.</summary>
    public required bool Stop { get; init; }

    /// <summary>Whether programs read the output.</summary>
    public required bool Json { get; init; }
}
