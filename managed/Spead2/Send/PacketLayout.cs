// SPDX-License-Identifier: MIT
namespace Spead2.Send;

/// <summary>What goes into one packet: item pointers besides the four standard ones, bytes before the payload, bytes of it.</summary>
internal readonly record struct PacketLayout(int Pointers, int HeadSize, int PayloadLength)
{
    public int Size => HeadSize + PayloadLength;
}
