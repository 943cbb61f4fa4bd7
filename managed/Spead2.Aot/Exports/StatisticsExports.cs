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

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_get_loss_seconds")]
    public static int GetLossSeconds(sp2_receive_stream* stream, sp2_loss_second* seconds, uint capacity, uint* count)
    {
        const string Function = "sp2_receive_stream_get_loss_seconds";
        try
        {
            Clear(count);
            using StreamCall call = Handles.Stream(stream, Function);
            if (count is null || (seconds is null && capacity != 0))
            {
                throw Failure.Null(Function, count is null ? "count" : "seconds");
            }

            LossSecond[] known = call.Stream.Core.ReadLossSeconds();
            if (known.Length == 0)
            {
                throw Failure.State($"{Function}: the stream does not account for heaps");
            }

            LossSecond[] latest = known[(int)Math.Max(0, known.Length - (long)capacity)..];
            for (int i = 0; i < latest.Length; i++)
            {
                seconds[i] = ToNative(latest[i]);
            }

            *count = (uint)latest.Length;
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_find_loss_period")]
    public static int FindLossPeriod(sp2_loss_second* seconds, uint count, sp2_loss_period* period)
    {
        const string Function = "sp2_find_loss_period";
        try
        {
            if (period is null || (seconds is null && count != 0))
            {
                throw Failure.Null(Function, period is null ? "period" : "seconds");
            }

            if (count > LossSecond.MostRemembered)
            {
                throw Failure.Argument(
                    $"{Function}: count is {count}; at most {LossSecond.MostRemembered} are allowed");
            }

            LossSecond[] known = new LossSecond[count];
            for (int i = 0; i < known.Length; i++)
            {
                known[i] = FromNative(seconds[i]);
            }

            LossPeriod? found = LossPeriod.Find(known);
            sp2_loss_period result = found is not { } loss ? default : new()
            {
                cause = (uint)loss.Cause,
                period_ms = (uint)loss.Period.TotalMilliseconds,
                confidence_percent = (uint)Math.Round(100 * loss.Confidence),
                losses = (uint)loss.Losses,
            };
            Sized.Write(period, result, nameof(sp2_loss_period));
            return (int)(found is null ? sp2_status.SP2_E_EMPTY : sp2_status.SP2_OK);
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_receive_stream_publish")]
    public static int Publish(sp2_receive_stream* stream, sbyte* name)
    {
        const string Function = "sp2_receive_stream_publish";
        try
        {
            using StreamCall call = Handles.Stream(stream, Function);
            string text = name is null ? StreamName.Default : Utf8.Text(name);
            if (StreamName.Faults(text, "name").Any())
            {
                throw Failure.Argument(
                    $"{Function}: name must be 1 to {StreamName.MaxLength} printable ASCII characters");
            }

            if (!OperatingSystem.IsLinux())
            {
                throw Failure.Unsupported($"{Function}: this system has no statistics pages");
            }

            call.Stream.Publish(text, Function);
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return LastError.Set(new Spead2Exception(
                $"cannot make the statistics page: {exception.Message} (XDG_RUNTIME_DIR or /dev/shm must be a folder that "
                    + "this user may write to)",
                Spead2Status.OperatingSystem));
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

    private static sp2_loss_second ToNative(in LossSecond second) => new()
    {
        time_ns = (second.Time - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick,
        packets = (ulong)second.Packets,
        heaps = (ulong)second.Heaps,
        kernel_drop_messages = (ulong)second.KernelDropMessages,
        packets_missing = (ulong)second.PacketsMissing,
        heaps_missing = (ulong)second.HeapsMissing,
        heaps_incomplete = (ulong)second.HeapsIncomplete,
        packets_unused = (ulong)second.PacketsUnused,
    };

    private static LossSecond FromNative(in sp2_loss_second second) => new(
        default,
        (long)second.packets,
        (long)second.heaps,
        (long)second.kernel_drop_messages,
        (long)second.packets_missing,
        (long)second.heaps_missing,
        (long)second.heaps_incomplete,
        (long)second.packets_unused);

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
