// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Spead2.Send;

/// <summary>Statistics of a send stream, of one moment.</summary>
public sealed record SendStatistics
{
    /// <summary>Heaps that were completed, whether all of their packets could be sent or not.</summary>
    public long Heaps { get; internal init; }

    /// <summary>Groups that were completed.</summary>
    public long Groups { get; internal init; }

    /// <summary>Packets that were handed over to a writer.</summary>
    public long Packets { get; internal init; }

    /// <summary>Bytes of these packets, SPEAD headers included.</summary>
    public long Bytes { get; internal init; }

    /// <summary>Packets that a writer could not send.</summary>
    public long PacketsFailed { get; internal init; }

    /// <summary>Heaps of groups of which a packet could not be sent.</summary>
    public long HeapsFailed { get; internal init; }

    /// <summary>Heaps that were not queued because the queue was full.</summary>
    public long HeapsRefused { get; internal init; }

    /// <summary>Times that a writer had no room and the stream waited for it.</summary>
    public long WriterBlocked { get; internal init; }

    /// <summary>Times that the stream waited because of its rate.</summary>
    public long RateWaits { get; internal init; }

    /// <summary>The latest start of a burst after its time.</summary>
    public TimeSpan RateLateMax { get; internal init; }

    /// <summary>Heaps in the queue now.</summary>
    public long HeapsQueued { get; internal init; }

    /// <summary>One line, for example <c>1000 heaps of 8000 packets, 8192000 bytes; 12 packets failed</c>.</summary>
    public override string ToString()
    {
        string line = string.Create(
            CultureInfo.InvariantCulture, $"{Heaps} heaps of {Packets} packets, {Bytes} bytes");
        return PacketsFailed == 0
            ? line
            : string.Create(CultureInfo.InvariantCulture, $"{line}; {PacketsFailed} packets failed");
    }
}
