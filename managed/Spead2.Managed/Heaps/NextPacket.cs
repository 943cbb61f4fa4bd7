// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>
/// How the next packet of a heap begins if it has what most packets have: the header of the one before, the special
/// four, in order, and payload.
/// </summary>
internal struct NextPacket
{
    /// <summary>As it stands in the packet; 0 where such a packet is not to be expected.</summary>
    public ulong Header;

    /// <summary>As it stands in the packet.</summary>
    public ulong CntPointer;

    /// <summary>As it stands in the packet.</summary>
    public ulong HeapLengthPointer;

    /// <summary>As a number, with the value 0.</summary>
    public ulong PayloadOffsetPointer;

    /// <summary>As a number, with the value 0.</summary>
    public ulong PayloadLengthPointer;
}
