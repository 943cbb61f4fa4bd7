// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Bindings;
using Spead2.Chunks;
using Spead2.Managed;

namespace Spead2.Aot;

/// <summary>Options of groups and of members: their rules, and what the engine makes of them.</summary>
internal static unsafe class ChunkMembers
{
    private const string Members = nameof(sp2_chunk_options);
    private const string Layouts = nameof(sp2_chunk_layout);
    private const string Groups = nameof(sp2_chunk_group_options);

    // Bytes up to the end of the field that makes a stream a member.
    private static readonly uint ChunksEnd =
        (uint)Marshal.OffsetOf<sp2_receive_options>(nameof(sp2_receive_options.chunks)) + sizeof(ulong);

    /// <summary>The options of a member, or null. A size that no version has had may end within the pointer.</summary>
    public static sp2_chunk_options* Find(sp2_receive_options* caller) =>
        caller is null || caller->size < ChunksEnd ? null : caller->chunks;

    /// <summary>What a group is made with.</summary>
    /// <exception cref="Spead2Exception">A value breaks its rule.</exception>
    public static ChunkWindowOptions ReadGroup(sp2_chunk_group_options* caller)
    {
        sp2_chunk_group_options options = caller is null ? default : Sized.Read(caller, Groups);
        uint unknown = options.flags & ~(uint)sp2_chunk_group_flags.SP2_CHUNK_GROUP_LOSSLESS;
        if (unknown != 0)
        {
            throw Failure.UnknownFlags(Groups, options.flags);
        }

        CheckAtMost(Groups, "max_chunks", options.max_chunks, NativeMethods.SP2_CHUNK_MAX_CHUNKS);
        CheckAtMost(Groups, "members", options.members, NativeMethods.SP2_CHUNK_MAX_MEMBERS);
        if (options.member_timeout_ns < NativeMethods.SP2_CHUNK_NO_TIMEOUT)
        {
            throw Failure.Argument(
                $"{Groups}.member_timeout_ns is {options.member_timeout_ns}, but it must be a time in nanoseconds, 0 for the " +
                "default, or SP2_CHUNK_NO_TIMEOUT (-1)");
        }

        return new(
            options.max_chunks == 0 ? NativeMethods.SP2_CHUNK_DEFAULT_MAX_CHUNKS : (int)options.max_chunks,
            options.ring_chunks == 0 ? long.MaxValue : (long)Math.Min(options.ring_chunks, long.MaxValue),
            options.members == 0 ? NativeMethods.SP2_CHUNK_DEFAULT_MEMBERS : (int)options.members,
            options.flags != 0,
            options.member_timeout_ns switch
            {
                0 => NativeMethods.SP2_CHUNK_DEFAULT_MEMBER_TIMEOUT_NS,
                NativeMethods.SP2_CHUNK_NO_TIMEOUT => ChunkWindowOptions.Never,
                _ => options.member_timeout_ns,
            });
    }

    /// <summary>The options of a member but its group, and the group, which the caller holds.</summary>
    /// <exception cref="Spead2Exception">A value breaks its rule.</exception>
    public static ChunkOptions ReadMember(sp2_chunk_options* caller, string function, out NativeChunkGroup group)
    {
        sp2_chunk_options options = Sized.Read(caller, Members);
        if (options.flags != 0)
        {
            throw Failure.UnknownFlags(Members, options.flags);
        }

        if (options.group is null)
        {
            throw Failure.Null(function, $"{Members}.group");
        }

        if ((options.place is null) == (options.layout is null))
        {
            throw Failure.Argument(
                $"{Members} must have either place or layout, not {(options.place is null ? "none of them" : "both")}");
        }

        if (options.items is null && options.item_count != 0)
        {
            throw Failure.Null(function, $"{Members}.items");
        }

        CheckAtMost(Members, "item_count", options.item_count, NativeMethods.SP2_CHUNK_MAX_ITEMS);
        CheckAtMost(Members, "max_heap_extra", options.max_heap_extra, NativeMethods.SP2_CHUNK_MAX_HEAP_EXTRA);
        long[] items = [.. MemoryMarshal.Cast<ulong, long>(new ReadOnlySpan<ulong>(options.items, (int)options.item_count))];
        ChunkLayout? layout = options.layout is null ? null : ReadLayout(options.layout);
        using ChunkGroupCall call = Handles.ChunkGroup(options.group, function, $"{Members}.group");
        if (options.max_chunks > (ulong)call.Group.Core.MaxChunks)
        {
            throw Failure.Argument(
                $"{Members}.max_chunks is {options.max_chunks}, but the group's window has only {call.Group.Core.MaxChunks} chunks");
        }

        group = call.Group;
        group.Retain();
        return new()
        {
            Layout = layout,
            NativePlace = (nint)options.place,
            NativePlaceUser = (nint)options.place_context,
            Items = items,
            MaxChunks = (int)options.max_chunks,
            MaxHeapExtra = (int)options.max_heap_extra,

            // No heap has more packets than one of that size.
            PacketPresenceSize = (int)Math.Min(options.packet_presence_size, int.MaxValue),
            StreamId = (long)options.stream_id,
        };
    }

    private static ChunkLayout ReadLayout(sp2_chunk_layout* caller)
    {
        sp2_chunk_layout layout = Sized.Read(caller, Layouts);
        if ((layout.flags & ~(uint)sp2_chunk_layout_flags.SP2_CHUNK_LAYOUT_ORIGIN) != 0)
        {
            throw Failure.UnknownFlags(Layouts, layout.flags);
        }

        if (layout.axes is null || layout.axis_count is 0 or > NativeMethods.SP2_CHUNK_MAX_AXES)
        {
            throw Failure.Argument(
                $"{Layouts}.axes must have from 1 to {NativeMethods.SP2_CHUNK_MAX_AXES} axes, not " +
                $"{(layout.axes is null ? 0 : layout.axis_count)}");
        }

        if (layout.reserved != 0)
        {
            throw Failure.Reserved(Layouts, layout.reserved);
        }

        ChunkAxis[] axes = new ChunkAxis[layout.axis_count];
        for (int i = 0; i < axes.Length; i++)
        {
            axes[i] = ReadAxis(layout.axes[i], i);
        }

        CheckReach(new ReadOnlySpan<sp2_chunk_axis>(layout.axes, axes.Length));
        return new()
        {
            // The engine reads all of these numbers without a sign.
            HeapSize = (long)layout.heap_length,
            Axes = axes,
            Origin = layout.flags != 0 ? (long)layout.axes[0].first : null,
        };
    }

    private static ChunkAxis ReadAxis(in sp2_chunk_axis axis, int number)
    {
        string name = $"{Layouts}.axes[{number}]";
        if (axis.count == 0)
        {
            throw Failure.Argument($"{name}.count must be at least 1, not 0");
        }

        return new()
        {
            ItemId = (long)axis.item,
            First = (long)axis.first,
            Step = axis.step == 0 ? 1 : (long)axis.step,
            Count = (long)axis.count,
            Values = axis.values is null ? null : ReadValues(axis, number, name),
            DataStride = (long)axis.data_stride,
            PresentStride = (long)axis.present_stride,
        };
    }

    private static long[] ReadValues(in sp2_chunk_axis axis, int number, string name)
    {
        if (number == 0)
        {
            throw Failure.Argument(
                $"{name}.values must be NULL: the first axis goes on from chunk to chunk, by its step");
        }

        CheckAtMost(name, "count", axis.count, NativeMethods.SP2_CHUNK_MAX_VALUES);
        long[] values = [.. MemoryMarshal.Cast<ulong, long>(new ReadOnlySpan<ulong>(axis.values, (int)axis.count))];
        return values.GroupBy(value => value).FirstOrDefault(group => group.Count() > 1) is { } twice
            ? throw Failure.Argument(
                $"{name}.values has {(ulong)twice.Key} twice, but an index must have a value of its own")
            : values;
    }

    private static void CheckReach(ReadOnlySpan<sp2_chunk_axis> axes)
    {
        try
        {
            ulong data = 0;
            ulong present = 0;
            _ = checked(Math.Max(axes[0].step, 1) * axes[0].count);
            foreach (ref readonly sp2_chunk_axis axis in axes)
            {
                data = checked(data + (axis.count - 1) * axis.data_stride);
                present = checked(present + (axis.count - 1) * axis.present_stride);
            }
        }
        catch (OverflowException)
        {
            throw Failure.Argument($"{Layouts}.axes span more than 2^64: count, step or a stride is too large");
        }
    }

    private static void CheckAtMost(string options, string field, ulong value, ulong most)
    {
        if (value > most)
        {
            throw Failure.Argument($"{options}.{field} is {value}, but at most {most} are allowed");
        }
    }
}
