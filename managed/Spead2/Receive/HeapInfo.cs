// SPDX-License-Identifier: MIT

using System.Net;

namespace Spead2.Receive;

/// <summary>What an engine knows of a heap when it hands it over.</summary>
internal readonly unsafe struct HeapInfo
{
    public required ulong Cnt { get; init; }

    public required Flavour Flavour { get; init; }

    public required long HeapLength { get; init; }

    public required long ReceivedLength { get; init; }

    /// <summary>The payload; it neither moves nor goes before <see cref="Heap.ReleaseMemory"/>.</summary>
    public required byte* Payload { get; init; }

    public required int PayloadLength { get; init; }

    public required HeapState State { get; init; }

    /// <summary>Who sent the first packet; null unless the stream records that.</summary>
    public IPEndPoint? Sender { get; init; }
}
