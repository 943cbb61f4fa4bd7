// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Spead2.Bindings;

namespace Spead2.Chunks;

/// <summary>Makes a user-supplied delegate that places heaps look like a function of the C core.</summary>
internal sealed unsafe class UserPlaceFunction(ChunkOptions options, int customStatistics, NativeLog log)
{
    private readonly ChunkPlaceFunction _function = options.Place!;
    private readonly int _items = options.Items.Count;
    private readonly int _extra = options.MaxHeapExtra;
    private readonly FirstFault _fault = new(log);

    /// <summary>The core's function; its context is a <see cref="GCHandle{T}"/> of this type.</summary>
    public static delegate* unmanaged[Cdecl]<sp2_chunk_place*, ulong, void*, void> Function => &OnPlace;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnPlace(sp2_chunk_place* place, ulong size, void* context) =>
        GCHandle<UserPlaceFunction>.FromIntPtr((nint)context).Target.Place(place);

    private void Place(sp2_chunk_place* native)
    {
        try
        {
            ChunkPlace place = new()
            {
                Packet = new(native->packet, (int)native->packet_size),
                Items = new(native->items, _items),
                CustomStatistics = new(native->batch_stats, customStatistics),
                Extra = new(native->extra, _extra),
                ChunkId = -1,
            };
            _function(ref place);
            native->heap_index = (ulong)place.HeapIndex;
            native->heap_offset = (ulong)place.HeapOffset;
            native->extra_offset = (ulong)place.ExtraOffset;
            native->extra_size = (ulong)place.ExtraSize;
            native->chunk_id = place.ChunkId;
        }
        catch (Exception exception)
        {
            _fault.Say("Place failed for a heap, which was rejected", exception);
        }
    }
}
