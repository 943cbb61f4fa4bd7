// SPDX-License-Identifier: MIT

namespace Spead2.Differential;

/// <summary>What a stream is given: packets, or bytes that are none, and its options.</summary>
internal sealed record Trace(TraceOptions Options, Feed Feed, IReadOnlyList<byte[]> Packets)
{
    /// <summary>The packets back to back.</summary>
    public byte[] Joined => [.. Packets.SelectMany(packet => packet)];
}
