// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Bindings;

namespace Spead2.Aot;

/// <summary>The functions of items.h.</summary>
internal static unsafe class ItemsExports
{
    [UnmanagedCallersOnly(EntryPoint = "sp2_item_group_create")]
    public static int Create(sp2_item_group_options* options, sp2_item_group** group)
    {
        const string Function = "sp2_item_group_create";
        try
        {
            if (group is null)
            {
                throw Failure.Null(Function, "group");
            }

            *group = null;
            *group = (sp2_item_group*)HandleTable.Add(
                HandleKind.ItemGroup, new NativeItemGroup(ItemGroupOptions.Read(options)));
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_item_group_destroy")]
    public static void Destroy(sp2_item_group* group)
    {
        try
        {
            HandleTable.Remove<NativeItemGroup>(HandleKind.ItemGroup, group)?.Dispose();
        }
        catch (Exception exception)
        {
            LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_item_group_update")]
    public static int Update(sp2_item_group* group, sp2_heap* heap, ulong* updated)
    {
        const string Function = "sp2_item_group_update";
        try
        {
            Clear(updated);
            NativeItemGroup found = GroupOf(group, Function);
            NativeHeap taken = Handles.Heap(heap, Function);
            if (updated is null)
            {
                throw Failure.Null(Function, "updated");
            }

            *updated = (ulong)found.Update(taken);
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_item_group_get_updated")]
    public static int GetUpdated(sp2_item_group* group, ulong index, sp2_item_info* info)
    {
        const string Function = "sp2_item_group_get_updated";
        try
        {
            NativeItemGroup found = GroupOf(group, Function);
            RequireInfo(info, Function);
            Write(found.GetUpdated(index), info, $"{Function}: index is {index}, but the latest update brought less");
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_item_group_get_failed_count")]
    public static int GetFailedCount(sp2_item_group* group, ulong* count)
    {
        const string Function = "sp2_item_group_get_failed_count";
        try
        {
            Clear(count);
            NativeItemGroup found = GroupOf(group, Function);
            if (count is null)
            {
                throw Failure.Null(Function, "count");
            }

            *count = (ulong)found.FailedCount;
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_item_group_get_failed")]
    public static int GetFailed(sp2_item_group* group, ulong index, sp2_item_info* info)
    {
        const string Function = "sp2_item_group_get_failed";
        try
        {
            NativeItemGroup found = GroupOf(group, Function);
            RequireInfo(info, Function);
            Write(found.GetFailed(index), info, $"{Function}: index is {index}, but less failed in the latest update");
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_item_group_get_count")]
    public static int GetCount(sp2_item_group* group, ulong* count)
    {
        const string Function = "sp2_item_group_get_count";
        try
        {
            Clear(count);
            NativeItemGroup found = GroupOf(group, Function);
            if (count is null)
            {
                throw Failure.Null(Function, "count");
            }

            *count = (ulong)found.Count;
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_item_group_get_item")]
    public static int GetItem(sp2_item_group* group, ulong index, sp2_item_info* info)
    {
        const string Function = "sp2_item_group_get_item";
        try
        {
            NativeItemGroup found = GroupOf(group, Function);
            RequireInfo(info, Function);
            Write(found.Get(index), info, $"{Function}: index is {index}, but the group has {found.Count} items");
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_item_group_find_id")]
    public static int FindId(sp2_item_group* group, ulong id, sp2_item_info* info)
    {
        const string Function = "sp2_item_group_find_id";
        try
        {
            NativeItemGroup found = GroupOf(group, Function);
            RequireInfo(info, Function);
            Write(found.Find(id), info, $"{Function}: the group has no item 0x{id:x}");
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_item_group_find_name")]
    public static int FindName(sp2_item_group* group, sbyte* name, sp2_item_info* info)
    {
        const string Function = "sp2_item_group_find_name";
        try
        {
            NativeItemGroup found = GroupOf(group, Function);
            if (name is null)
            {
                throw Failure.Null(Function, "name");
            }

            RequireInfo(info, Function);
            string wanted = Utf8.Text(name);
            Write(found.Find(wanted), info, $"{Function}: the group has no item \"{wanted}\"");
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    private static NativeItemGroup GroupOf(sp2_item_group* group, string function) =>
        HandleTable.Find<NativeItemGroup>(HandleKind.ItemGroup, group) ??
        throw Handles.Refuse(group, function, "group");

    private static void Clear(ulong* value)
    {
        if (value is not null)
        {
            *value = 0;
        }
    }

    private static void RequireInfo(sp2_item_info* info, string function)
    {
        if (info is null)
        {
            throw Failure.Null(function, "info");
        }
    }

    private static void Write(sp2_item_info? found, sp2_item_info* info, string reason) =>
        Sized.Write(info, found ?? throw Failure.Argument(reason), nameof(sp2_item_info));
}
