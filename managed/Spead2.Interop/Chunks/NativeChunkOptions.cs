// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Bindings;

namespace Spead2.Chunks;

/// <summary>The options of a member as the C core reads them, while its stream is made.</summary>
internal sealed unsafe class NativeChunkOptions : IDisposable
{
    private readonly List<nint> _memory = [];

    /// <param name="group">The group, which is leased meanwhile.</param>
    /// <param name="options">Valid options.</param>
    /// <param name="placeContext">Context of <see cref="UserPlaceFunction.Function"/>, if there is a delegate.</param>
    public NativeChunkOptions(sp2_chunk_group* group, ChunkOptions options, void* placeContext)
    {
        Options = (sp2_chunk_options*)Allocate((nuint)sizeof(sp2_chunk_options));
        *Options = new()
        {
            size = (uint)sizeof(sp2_chunk_options),
            group = group,
            stream_id = (ulong)options.StreamId,
            max_chunks = (ulong)options.MaxChunks,
            items = Copy(options.Items),
            item_count = (ulong)options.Items.Count,
            max_heap_extra = (ulong)options.MaxHeapExtra,
            packet_presence_size = (ulong)options.PacketPresenceSize,
        };
        if (options.Layout is { } layout)
        {
            Options->layout = Copy(layout);
        }
        else if (options.Place is not null)
        {
            Options->place = UserPlaceFunction.Function;
            Options->place_context = placeContext;
        }
        else
        {
            Options->place = (delegate* unmanaged[Cdecl]<sp2_chunk_place*, ulong, void*, void>)options.NativePlace;
            Options->place_context = (void*)options.NativePlaceUser;
        }
    }

    public sp2_chunk_options* Options { get; }

    public void Dispose() => _memory.ForEach(block => NativeMemory.Free((void*)block));

    private void* Allocate(nuint size)
    {
        void* block = NativeMemory.AllocZeroed(size);
        _memory.Add((nint)block);
        return block;
    }

    private ulong* Copy(IReadOnlyList<long> values)
    {
        ulong* copy = (ulong*)Allocate((nuint)values.Count * sizeof(ulong));
        for (int i = 0; i < values.Count; i++)
        {
            copy[i] = (ulong)values[i];
        }

        return copy;
    }

    private sp2_chunk_layout* Copy(ChunkLayout layout)
    {
        sp2_chunk_axis* axes = (sp2_chunk_axis*)Allocate((nuint)(layout.Axes.Count * sizeof(sp2_chunk_axis)));
        for (int i = 0; i < layout.Axes.Count; i++)
        {
            ChunkAxis axis = layout.Axes[i];
            axes[i] = new()
            {
                item = (ulong)axis.ItemId,
                first = (ulong)(i == 0 ? layout.Origin ?? 0 : axis.First),
                step = (ulong)axis.Step,
                count = (ulong)axis.Length,
                values = axis.Values is null ? null : Copy(axis.Values),
                data_stride = (ulong)layout.DataStrideOf(i),
                present_stride = (ulong)layout.PresentStrideOf(i),
            };
        }

        sp2_chunk_layout* native = (sp2_chunk_layout*)Allocate((nuint)sizeof(sp2_chunk_layout));
        *native = new()
        {
            size = (uint)sizeof(sp2_chunk_layout),
            flags = layout.Origin is null ? 0 : (uint)sp2_chunk_layout_flags.SP2_CHUNK_LAYOUT_ORIGIN,
            heap_length = (ulong)layout.HeapSize,
            axes = axes,
            axis_count = (uint)layout.Axes.Count,
        };
        return native;
    }
}
