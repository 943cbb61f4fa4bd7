// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Spead2.Chunks;

/// <summary>
/// Says where the payload of a heap belongs. Called once per heap with payload, on its first packet that is used, by a thread
/// that receives; the stream does nothing else meanwhile.
/// </summary>
/// <param name="place">What the packet says, and where the function says what it decides.</param>
/// <remarks>
/// It must be quick, and must not use the stream or the group. The call costs some ten nanoseconds more than a
/// <see cref="ChunkLayout"/>. A heap for which it throws is rejected; the first time is logged.
/// </remarks>
public delegate void ChunkPlaceFunction(ref ChunkPlace place);

/// <summary>A heap to be placed: what its first packet says, and where its payload belongs.</summary>
public ref struct ChunkPlace
{
    /// <summary>The packet.</summary>
    public ReadOnlySpan<byte> Packet { get; internal init; }

    /// <summary>
    /// Values of <see cref="ChunkOptions.Items"/> in this packet, in their order; -1 where it has no immediate of that
    /// identifier. Of several the last one counts; items 1 to 4 are what the source's dialect makes of the packet.
    /// </summary>
    public ReadOnlySpan<long> Items { get; internal init; }

    /// <summary>Custom statistics of the stream, to be added to or raised.</summary>
    public Span<long> CustomStatistics { get; internal init; }

    /// <summary>
    /// Room for what is to be kept of the heap beside its payload: <see cref="ChunkOptions.MaxHeapExtra"/> bytes. The first
    /// <see cref="ExtraSize"/> of them are copied to <see cref="Chunk.Extra"/>, at <see cref="ExtraOffset"/>.
    /// </summary>
    public Span<byte> Extra { get; internal init; }

    /// <summary>Out: number of the chunk; negative: the heap is rejected. At first -1.</summary>
    public long ChunkId { get; set; }

    /// <summary>Out: index in <see cref="Chunk.Present"/>. At first 0.</summary>
    public long HeapIndex { get; set; }

    /// <summary>Out: byte offset of the heap in <see cref="Chunk.Data"/>. At first 0.</summary>
    public long HeapOffset { get; set; }

    /// <summary>Out: byte offset in <see cref="Chunk.Extra"/>. At first 0.</summary>
    public long ExtraOffset { get; set; }

    /// <summary>Out: bytes of <see cref="Extra"/> to be kept. At first 0.</summary>
    public long ExtraSize { get; set; }
}

/// <summary>
/// What a native place function gets and changes: spead2's <c>chunk_place_data</c>, 80 bytes, so that functions that were made
/// for spead2 (C, numba, <c>delegate* unmanaged</c>) can be used. See <see cref="ChunkPlace"/> for the fields.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
[SuppressMessage("Design", "CA1051", Justification = "It is a structure of C.")]
[SuppressMessage("Performance", "CA1815", Justification = "It is not compared.")]
public unsafe struct ChunkPlaceData
{
    /// <summary>The packet.</summary>
    public byte* Packet;

    /// <summary>Its bytes.</summary>
    public nuint PacketSize;

    /// <summary>Values of the items; null if there are none.</summary>
    public long* Items;

    /// <summary>Number of the chunk.</summary>
    public long ChunkId;

    /// <summary>Index in the presence flags.</summary>
    public nuint HeapIndex;

    /// <summary>Byte offset in the data.</summary>
    public nuint HeapOffset;

    /// <summary>Custom statistics of the stream.</summary>
    public ulong* BatchStats;

    /// <summary>Room for extra data; null if there is none.</summary>
    public byte* Extra;

    /// <summary>Byte offset in the chunk's extra data.</summary>
    public nuint ExtraOffset;

    /// <summary>Bytes of extra data.</summary>
    public nuint ExtraSize;
}
