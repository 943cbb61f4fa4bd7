// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>
/// Gives the payload of a stream's heaps a place in memory that outlives them, instead of memory of their own. Under the
/// stream's lock.
/// </summary>
internal abstract class PayloadPlacer
{
    /// <summary>
    /// Finds the place of a heap by its first packet, and whether it is still there by later ones, before the packet becomes
    /// part of the heap; <see cref="LiveHeap.Payload"/> is null if there is none.
    /// </summary>
    /// <returns><see cref="Verdict.Accepted"/>, or <see cref="Verdict.Waits"/>.</returns>
    public abstract Verdict Bind(LiveHeap heap, in Packet packet);

    /// <summary>Finds whether the place of a heap that has packets is still there.</summary>
    public abstract void Refresh(LiveHeap heap);

    /// <summary>Notes that payload, at least a byte, at an offset of a heap has come, and was copied to its place if it has one.</summary>
    public abstract void NotePacket(LiveHeap heap, ulong offset);
}
