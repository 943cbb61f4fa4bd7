// SPDX-License-Identifier: MIT

using Spead2.Bindings;

namespace Spead2.Receive;

/// <summary>A heap of the C core.</summary>
internal sealed unsafe class NativeHeap : Heap
{
    private readonly sp2_heap* _heap;

    private NativeHeap(sp2_heap* heap)
        : base(ReadInfo(heap))
    {
        _heap = heap;
    }

    /// <summary>Takes a heap over; releases it if that fails.</summary>
    public static NativeHeap Own(sp2_heap* heap)
    {
        try
        {
            return new(heap);
        }
        catch
        {
            NativeMethods.sp2_heap_release(heap);
            throw;
        }
    }

    internal override RawItem[] ReadItems()
    {
        sp2_item* items;
        ulong count;
        NativeStatus.ThrowIfFailed(NativeMethods.sp2_heap_get_items(_heap, &items, &count));
        RawItem[] result = count == 0 ? [] : new RawItem[count];
        for (int i = 0; i < result.Length; i++)
        {
            bool isImmediate = (items[i].flags & (uint)sp2_item_flags.SP2_ITEM_IMMEDIATE) != 0;
            result[i] = new(this, (long)items[i].id, isImmediate, items[i].value, (int)items[i].length);
        }

        return result;
    }

    internal override PayloadRange[] ReadRanges()
    {
        sp2_range* ranges;
        ulong count;
        NativeStatus.ThrowIfFailed(NativeMethods.sp2_heap_get_ranges(_heap, &ranges, &count));
        PayloadRange[] result = count == 0 ? [] : new PayloadRange[count];
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = new((long)ranges[i].start, (long)ranges[i].end);
        }

        return result;
    }

    internal override void ReleaseMemory() => NativeMethods.sp2_heap_release(_heap);

    private static HeapInfo ReadInfo(sp2_heap* heap)
    {
        sp2_heap_info info = new() { size = (uint)sizeof(sp2_heap_info) };
        NativeStatus.ThrowIfFailed(NativeMethods.sp2_heap_get_info(heap, &info));
        return new()
        {
            Cnt = info.cnt,
            Flavour = new((int)info.address_bits, (BugCompat)info.bug_compat),
            HeapLength = info.heap_length,
            ReceivedLength = (long)info.received_length,
            State = (HeapState)info.flags,
            Payload = info.payload,
            PayloadLength = info.payload is null ? 0 : checked((int)info.payload_length),
            Sender = ReceiveStreamHandle.ToEndPoint(info.sender_address, info.sender_length, info.sender_port),
        };
    }
}
