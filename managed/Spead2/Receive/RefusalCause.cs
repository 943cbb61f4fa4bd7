// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>
/// Why a datagram, or bytes of a buffer, were refused: the first check that they do not pass. The first eight are the
/// checks of a packet, which <see cref="StreamStatistics.Malformed"/> counts together.
/// </summary>
public enum RefusalCause
{
    /// <summary>Shorter than a packet header (<see cref="StreamStatistics.MalformedSize"/>).</summary>
    Size = 1,

    /// <summary>No magic number, or another version (<see cref="StreamStatistics.MalformedMagic"/>).</summary>
    Magic = 2,

    /// <summary>An identifier or address width of 0 (<see cref="StreamStatistics.MalformedFlavour"/>).</summary>
    Flavour = 3,

    /// <summary>Widths that do not add up to 8 bytes (<see cref="StreamStatistics.MalformedWidths"/>).</summary>
    Widths = 4,

    /// <summary>More item pointers than fit (<see cref="StreamStatistics.MalformedItemTable"/>).</summary>
    ItemTable = 5,

    /// <summary>A required item pointer is missing (<see cref="StreamStatistics.MalformedItemMissing"/>).</summary>
    ItemMissing = 6,

    /// <summary>More payload than fits (<see cref="StreamStatistics.MalformedPayload"/>).</summary>
    Payload = 7,

    /// <summary>Payload that ends beyond its heap (<see cref="StreamStatistics.MalformedBeyondHeap"/>).</summary>
    BeyondHeap = 8,

    /// <summary>A datagram longer than the packet in it (<see cref="StreamStatistics.SizeMismatch"/>).</summary>
    SizeMismatch = 9,

    /// <summary>A datagram larger than its source accepts (<see cref="StreamStatistics.Truncated"/>).</summary>
    Truncated = 10,
}
