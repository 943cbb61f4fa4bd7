// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Bindings;
using Spead2.Receive;

namespace Spead2.Aot;

/// <summary>The functions of statistics.h.</summary>
internal static unsafe class StatisticsExports
{
    // Size of the statistics in the first release, which did not have this field yet.
    private static uint FirstSizeOfStats
    {
        get
        {
            sp2_receive_stats stats;
            return (uint)((byte*)&stats.datagrams_dropped_at_stop - (byte*)&stats);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_get_stats")]
    public static int GetStats(sp2_receive_stream* stream, sp2_receive_stats* stats)
    {
        try
        {
            using StreamCall call = Handles.Stream(stream, "sp2_receive_stream_get_stats");
            if (stats is null)
            {
                throw Failure.Null("sp2_receive_stream_get_stats", "stats");
            }

            sp2_receive_stats now = default;
            long[] values = call.Stream.Core.ReadStatistics();
            values.AsSpan(0, StatisticList.CoreCount).CopyTo(new Span<long>(&now.heaps, StatisticList.CoreCount));
            Sized.Write(stats, now, FirstSizeOfStats, nameof(sp2_receive_stats));
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_get_stat_count")]
    public static int GetStatCount(sp2_receive_stream* stream, uint* count)
    {
        try
        {
            Clear(count);
            using StreamCall call = Handles.Stream(stream, "sp2_receive_stream_get_stat_count");
            if (count is null)
            {
                throw Failure.Null("sp2_receive_stream_get_stat_count", "count");
            }

            *count = (uint)call.Stream.Statistics.Count;
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_get_stat_info")]
    public static int GetStatInfo(sp2_receive_stream* stream, uint index, sp2_stat_info* info)
    {
        const string Function = "sp2_receive_stream_get_stat_info";
        try
        {
            using StreamCall call = Handles.Stream(stream, Function);
            if (info is null)
            {
                throw Failure.Null(Function, "info");
            }

            StatisticList list = call.Stream.Statistics;
            CheckIndex(Function, list, index);
            sp2_stat_info known = new() { mode = (uint)list.ModeOf((int)index), name = list.NameOf((int)index) };
            Sized.Write(info, known, nameof(sp2_stat_info));
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_find_stat")]
    public static int FindStat(sp2_receive_stream* stream, sbyte* name, uint* index)
    {
        const string Function = "sp2_receive_stream_find_stat";
        try
        {
            Clear(index);
            using StreamCall call = Handles.Stream(stream, Function);
            if (name is null || index is null)
            {
                throw Failure.Null(Function, name is null ? "name" : "index");
            }

            int found = call.Stream.Statistics.IndexOf(Utf8.Bytes(name));
            if (found < 0)
            {
                throw Failure.Argument($"{Function}: the stream has no statistic \"{Utf8.Text(name)}\"");
            }

            *index = (uint)found;
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_get_stat_values")]
    public static int GetStatValues(sp2_receive_stream* stream, ulong* values, uint capacity, uint* count)
    {
        const string Function = "sp2_receive_stream_get_stat_values";
        try
        {
            Clear(count);
            using StreamCall call = Handles.Stream(stream, Function);
            if (count is null || (values is null && capacity != 0))
            {
                throw Failure.Null(Function, count is null ? "count" : "values");
            }

            long[] all = call.Stream.Core.ReadStatistics();
            int wanted = (int)Math.Min(capacity, (uint)all.Length);
            all.AsSpan(0, wanted).CopyTo(new Span<long>(values, wanted));
            *count = (uint)wanted;
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_update_stat")]
    public static int UpdateStat(sp2_receive_stream* stream, uint index, ulong value)
    {
        const string Function = "sp2_receive_stream_update_stat";
        try
        {
            using StreamCall call = Handles.Stream(stream, Function);
            StatisticList list = call.Stream.Statistics;
            CheckIndex(Function, list, index);
            if (index < StatisticList.CoreCount)
            {
                throw Failure.Argument(
                    $"{Function}: index is {index} (\"{Utf8.Text(list.NameOf((int)index))}\"), but only custom " +
                    "statistics can be updated");
            }

            call.Stream.Core.Tally.UpdateCustom((int)index - StatisticList.CoreCount, (long)value);
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_get_refused")]
    public static int GetRefused(sp2_receive_stream* stream, uint cause, sp2_refused_datagram* datagram)
    {
        const string Function = "sp2_receive_stream_get_refused";
        try
        {
            using StreamCall call = Handles.Stream(stream, Function);
            if (datagram is null)
            {
                throw Failure.Null(Function, "datagram");
            }

            if (cause is 0 or > NativeMethods.SP2_REFUSED_LAST)
            {
                throw Failure.Argument($"{Function}: cause is {cause}, which is no sp2_refusal");
            }

            if (call.Stream.Core.Refused.Find((RefusalCause)cause) is not { } first)
            {
                return (int)sp2_status.SP2_E_EMPTY;
            }

            sp2_refused_datagram known = new()
            {
                cause = cause,
                length = (ulong)first.Length,
                time_ns = (first.Time - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick,
                byte_count = (uint)first.FirstBytes.Length,
            };
            if (first.Sender is { } sender)
            {
                sender.Address.TryWriteBytes(new(known.sender_address, 16), out int length);
                known.sender_length = (uint)length;
                known.sender_port = (uint)sender.Port;
            }

            first.FirstBytes.AsSpan().CopyTo(new Span<byte>(known.bytes, NativeMethods.SP2_REFUSED_BYTES));
            Sized.Write(datagram, known, nameof(sp2_refused_datagram));
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    private static void Clear(uint* value)
    {
        if (value is not null)
        {
            *value = 0;
        }
    }

    private static void CheckIndex(string function, StatisticList list, uint index)
    {
        if (index >= list.Count)
        {
            throw Failure.Argument($"{function}: index is {index}, but the stream has {list.Count} statistics");
        }
    }
}
