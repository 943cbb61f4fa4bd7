// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Bindings;

namespace Spead2.Aot;

/// <summary>The functions of heap.h and descriptor.h.</summary>
internal static unsafe class HeapExports
{
    [UnmanagedCallersOnly(EntryPoint = "sp2_heap_get_info")]
    public static int GetInfo(sp2_heap* heap, sp2_heap_info* info)
    {
        try
        {
            NativeHeap found = Handles.Heap(heap, "sp2_heap_get_info");
            if (info is null)
            {
                throw Failure.Null("sp2_heap_get_info", "info");
            }

            Sized.Write(info, found.Info, "sp2_heap_info");
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_heap_get_items")]
    public static int GetItems(sp2_heap* heap, sp2_item** items, ulong* count)
    {
        try
        {
            Clear(items, count);
            NativeHeap found = Handles.Heap(heap, "sp2_heap_get_items");
            RequireBoth(items, count, "sp2_heap_get_items", "items");
            *items = found.GetItems();
            *count = *items is null ? 0 : found.Info.item_count;
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_heap_get_ranges")]
    public static int GetRanges(sp2_heap* heap, sp2_range** ranges, ulong* count)
    {
        try
        {
            Clear(ranges, count);
            NativeHeap found = Handles.Heap(heap, "sp2_heap_get_ranges");
            RequireBoth(ranges, count, "sp2_heap_get_ranges", "ranges");
            *ranges = found.GetRanges();
            *count = *ranges is null ? 0 : found.Info.range_count;
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_heap_get_descriptors")]
    public static int GetDescriptors(sp2_heap* heap, sp2_descriptor** descriptors, ulong* count)
    {
        try
        {
            Clear(descriptors, count);
            NativeHeap found = Handles.Heap(heap, "sp2_heap_get_descriptors");
            RequireBoth(descriptors, count, "sp2_heap_get_descriptors", "descriptors");
            NativeDescriptors? list = found.GetDescriptors();
            *descriptors = list is null ? null : list.List;
            *count = (ulong)(list?.Count ?? 0);
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_heap_release")]
    public static void Release(sp2_heap* heap)
    {
        try
        {
            HandleTable.Remove<NativeHeap>(HandleKind.Heap, heap)?.Release();
        }
        catch (Exception exception)
        {
            LastError.Set(exception);
        }
    }

    private static void Clear<T>(T** list, ulong* count)
        where T : unmanaged
    {
        if (list is not null)
        {
            *list = null;
        }

        if (count is not null)
        {
            *count = 0;
        }
    }

    private static void RequireBoth<T>(T** list, ulong* count, string function, string listName)
        where T : unmanaged
    {
        if (list is null || count is null)
        {
            throw Failure.Null(function, list is null ? listName : "count");
        }
    }
}
