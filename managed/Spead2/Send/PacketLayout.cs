// SPDX-License-Identifier: MIT

namespace Spead2.Send;

/// <summary>What goes into one packet.</summary>
/// <param name="Pointers">Item pointers beyond the four standard ones.</param>
/// <param name="HeadSize">Bytes before the payload.</param>
/// <param name="PayloadLength">Bytes of payload.</param>
internal readonly record struct PacketLayout(int Pointers, int HeadSize, int PayloadLength)
{
    public int Size => HeadSize + PayloadLength;
}
