// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;

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

    /// <summary>Who sent the first packet: bytes of the address, of which there are 0, 4 or 16, and the UDP port.</summary>
    public AddressBytes SenderAddress { get; init; }

    public int SenderLength { get; init; }

    public int SenderPort { get; init; }

    /// <summary>An address in network byte order.</summary>
    [InlineArray(Size)]
    internal struct AddressBytes
    {
        public const int Size = 16;

        private byte _first;
    }
}
