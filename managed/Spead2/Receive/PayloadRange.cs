// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>A range of heap offsets that was received.</summary>
/// <param name="Start">Offset of the first byte.</param>
/// <param name="End">Offset behind the last byte.</param>
public readonly record struct PayloadRange(long Start, long End)
{
    /// <summary>Number of bytes.</summary>
    public long Length => End - Start;
}
