// SPDX-License-Identifier: MIT

using System.Net;

namespace Spead2.Tools.Send;

/// <summary>What `spead2 send` is asked to do.</summary>
internal sealed record SendSettings
{
    /// <summary>Where the packets go.</summary>
    public required IPEndPoint Destination { get; init; }

    /// <summary>Number of heaps.</summary>
    public required long Heaps { get; init; }

    /// <summary>Makes the heaps' contents; disposed at the end.</summary>
    public required IHeapSource Source { get; init; }

    /// <summary>Largest packet in bytes, a multiple of 8.</summary>
    public required int PacketSize { get; init; }

    /// <summary>Packet bytes per second; 0 sends as fast as possible.</summary>
    public required double BytesPerSecond { get; init; }

    /// <summary>Flavour of the packets.</summary>
    public required Flavour Flavour { get; init; }

    /// <summary>Name of the dialect of the packets; null: by the rules.</summary>
    public string? Dialect { get; init; }

    /// <summary>Whether each packet has all item pointers of its heap.</summary>
    public bool RepeatPointers { get; init; }

    /// <summary>Whether a heap with a stop item follows the others.</summary>
    public required bool Stop { get; init; }

    /// <summary>Whether programs read the output.</summary>
    public required bool Json { get; init; }
}
