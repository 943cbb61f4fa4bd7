// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Spead2.Chunks;

namespace Spead2.Testing.Engines;

/// <summary>Ways to place the heaps of <see cref="ChunkHeap"/>: four in a chunk, by their time item.</summary>
public enum ChunkPlacement
{
    Layout,
    Delegate,
    Native,
}

/// <summary>Options of chunks with four heaps.</summary>
internal static unsafe class ChunkSettings
{
    public const int HeapsPerChunk = 4;

    public static ChunkGroupOptions Group(int maxChunks = 2) => new()
    {
        MaxChunks = maxChunks,
        Chunks = maxChunks + 30,
        DataSize = HeapsPerChunk * ChunkHeap.Size,
        PresentSize = HeapsPerChunk,
        ExtraSize = 2 * HeapsPerChunk,
        Shape = [HeapsPerChunk, ChunkHeap.Size],
    };

    public static ChunkOptions Member(ChunkPlacement placement) => placement switch
    {
        ChunkPlacement.Layout => new() { Layout = Layout(origin: 0) },
        ChunkPlacement.Delegate => new() { Items = [ChunkHeap.TimeItem], Place = Place },
        _ => new() { Items = [ChunkHeap.TimeItem], NativePlace = (nint)(delegate* unmanaged<ChunkPlaceData*, nuint, void>)&NativePlace },
    };

    public static ChunkLayout Layout(long? origin) => new()
    {
        Axes = [new() { ItemId = ChunkHeap.TimeItem, Count = HeapsPerChunk }],
        Origin = origin,
        HeapSize = ChunkHeap.Size,
    };

    public static void Place(ref ChunkPlace place)
    {
        long value = place.Items[0];
        place.ChunkId = value < 0 ? -1 : value / HeapsPerChunk;
        place.HeapIndex = value % HeapsPerChunk;
        place.HeapOffset = place.HeapIndex * ChunkHeap.Size;
    }

    [UnmanagedCallersOnly]
    private static void NativePlace(ChunkPlaceData* place, nuint size)
    {
        long value = size == (nuint)Unsafe.SizeOf<ChunkPlaceData>() ? place->Items[0] : -1;
        place->ChunkId = value < 0 ? -1 : value / HeapsPerChunk;
        place->HeapIndex = (nuint)(value & (HeapsPerChunk - 1));
        place->HeapOffset = place->HeapIndex * ChunkHeap.Size;
    }
}
