// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>
/// What one message of the kernel brought: one datagram, or several of the same sender in a row that the kernel has
/// joined (generic receive offload).
/// </summary>
internal readonly unsafe struct UdpMessage(byte* data, int length, int segment, bool isTruncated)
{
    /// <summary>The bytes, which stay until the next messages are taken.</summary>
    public byte* Data { get; } = data;

    /// <summary>Number of bytes.</summary>
    public int Length { get; } = length;

    /// <summary>Bytes of each datagram but the last; 0 if and only if the length is.</summary>
    public int Segment { get; } = segment;

    /// <summary>The message did not fit, so its end is missing.</summary>
    public bool IsTruncated { get; } = isTruncated;
}
