// SPDX-License-Identifier: MIT

using Spead2.Send;

namespace Spead2.Tools.Send;

/// <summary>Makes packets of heaps, one heap at a time.</summary>
internal interface IHeapEncoder
{
    /// <summary>Most bytes of a packet.</summary>
    int MaxPacketSize { get; }

    /// <summary>Whether all packets of the heap have been written.</summary>
    bool IsFinished { get; }

    /// <summary>Starts with a heap, which stays unchanged until its last packet is written.</summary>
    void Begin(HeapToSend heap, ulong cnt);

    /// <summary>Writes the next packet; returns its size.</summary>
    int Write(Span<byte> packet);
}
