// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using System.Text;
using Spead2.Bindings;
using Spead2.Receive;

namespace Spead2.Aot;

/// <summary>Options of streams: their rules, and what the engine makes of them.</summary>
internal static unsafe class ReceiveOptions
{
    private const string Options = nameof(sp2_receive_options);

    private const sp2_receive_flags AllFlags = sp2_receive_flags.SP2_RECEIVE_IN_ORDER |
        sp2_receive_flags.SP2_RECEIVE_NO_UNSIZED_HEAPS | sp2_receive_flags.SP2_RECEIVE_IGNORE_STOP_ITEM |
        sp2_receive_flags.SP2_RECEIVE_DELIVER_INCOMPLETE | sp2_receive_flags.SP2_RECEIVE_KEEP_RANGES |
        sp2_receive_flags.SP2_RECEIVE_KEEP_INCOMPLETE_PAYLOAD | sp2_receive_flags.SP2_RECEIVE_EXPLICIT_START |
        sp2_receive_flags.SP2_RECEIVE_UNKEYED_SEARCH | sp2_receive_flags.SP2_RECEIVE_ACCOUNT_HEAPS |
        sp2_receive_flags.SP2_RECEIVE_ACCOUNT_BY_SOURCE | sp2_receive_flags.SP2_RECEIVE_RECORD_SENDERS |
        sp2_receive_flags.SP2_RECEIVE_SEPARATE_SENDERS;

    // Bytes of sp2_receive_options in the first release.
    private static readonly uint ReleasedSize =
        (uint)Marshal.OffsetOf<sp2_receive_options>(nameof(sp2_receive_options.max_unsized_gap));

    // A number of 100 nanoseconds, which is what .NET counts.
    private const long NanosecondsPerTick = 100;

    /// <summary>The caller's options with defaults in place of zeros.</summary>
    /// <exception cref="Spead2Exception">A value breaks its rule.</exception>
    public static sp2_receive_options Read(sp2_receive_options* caller)
    {
        sp2_receive_options options = caller is null ? default : Sized.Read(caller, ReleasedSize, Options);
        SetDefault(ref options.max_heaps, NativeMethods.SP2_RECEIVE_DEFAULT_MAX_HEAPS);
        SetDefault(ref options.ring_heaps, NativeMethods.SP2_RECEIVE_DEFAULT_RING_HEAPS);
        SetDefault(ref options.substreams, NativeMethods.SP2_RECEIVE_DEFAULT_SUBSTREAMS);
        SetDefault(ref options.max_heap_size, NativeMethods.SP2_RECEIVE_DEFAULT_MAX_HEAP_SIZE);
        SetDefault(ref options.max_unsized_gap, NativeMethods.SP2_RECEIVE_DEFAULT_MAX_UNSIZED_GAP);
        options.spin_ns = options.spin_ns == 0 ? NativeMethods.SP2_RECEIVE_DEFAULT_SPIN_NS : options.spin_ns;
        options.long_pause_ns =
            options.long_pause_ns == 0 ? NativeMethods.SP2_RECEIVE_DEFAULT_LONG_PAUSE_NS : options.long_pause_ns;
        CheckWords(options);
        CheckSizes(options);
        return options;
    }

    /// <summary>The names of custom statistics, as users get them back.</summary>
    /// <exception cref="Spead2Exception">A value breaks its rule.</exception>
    public static byte[][] ReadCustomNames(in sp2_receive_options options)
    {
        if (options.custom_stat_count > NativeMethods.SP2_RECEIVE_MAX_CUSTOM_STATS)
        {
            throw Failure.Argument(
                $"{Options}.custom_stat_count is {options.custom_stat_count}, but at most " +
                $"{NativeMethods.SP2_RECEIVE_MAX_CUSTOM_STATS} are allowed");
        }

        if (options.custom_stat_count != 0 && options.custom_stats is null)
        {
            throw Failure.Argument(
                $"{Options}.custom_stats must not be NULL when custom_stat_count is {options.custom_stat_count}");
        }

        HashSet<string> taken = [.. StreamStatistics.Names];
        byte[][] names = new byte[options.custom_stat_count][];
        for (int i = 0; i < names.Length; i++)
        {
            CheckCustom(options.custom_stats[i], i, taken);
            names[i] = Utf8.Pinned(Utf8.Bytes(options.custom_stats[i].name));
        }

        return names;
    }

    /// <summary>What the engine makes of options that were read.</summary>
    public static ReceiveStreamOptions ForEngine(in sp2_receive_options options, byte[][] customNames)
    {
        sp2_receive_flags flags = (sp2_receive_flags)options.flags;
        CustomStatistic[] custom = new CustomStatistic[customNames.Length];
        for (int i = 0; i < custom.Length; i++)
        {
            custom[i] = new(
                Encoding.UTF8.GetString(customNames[i].AsSpan(..^1)), (StatisticMode)options.custom_stats[i].mode);
        }

        return new()
        {
            MaxHeaps = (int)options.max_heaps,
            RingHeaps = (int)options.ring_heaps,
            Substreams = (int)options.substreams,
            MaxHeapSize = (long)Math.Min(options.max_heap_size, long.MaxValue),
            MaxUnsizedGap = (long)Math.Min(options.max_unsized_gap, long.MaxValue),
            Accounting = flags.HasFlag(sp2_receive_flags.SP2_RECEIVE_ACCOUNT_BY_SOURCE) ? HeapAccounting.BySource
                : flags.HasFlag(sp2_receive_flags.SP2_RECEIVE_ACCOUNT_HEAPS) ? HeapAccounting.BySubstream
                : HeapAccounting.None,
            CntStep = (long)options.cnt_step,
            CountItem = (long)options.count_item,
            SetItem = (long)options.set_item,
            Senders = flags.HasFlag(sp2_receive_flags.SP2_RECEIVE_SEPARATE_SENDERS) ? SenderTracking.Separate
                : flags.HasFlag(sp2_receive_flags.SP2_RECEIVE_RECORD_SENDERS) ? SenderTracking.Record
                : SenderTracking.None,
            AllowOutOfOrder = !flags.HasFlag(sp2_receive_flags.SP2_RECEIVE_IN_ORDER),
            AllowUnsizedHeaps = !flags.HasFlag(sp2_receive_flags.SP2_RECEIVE_NO_UNSIZED_HEAPS),
            StopOnStopItem = !flags.HasFlag(sp2_receive_flags.SP2_RECEIVE_IGNORE_STOP_ITEM),
            ContiguousOnly = !flags.HasFlag(sp2_receive_flags.SP2_RECEIVE_DELIVER_INCOMPLETE),
            IncompleteKeepPayloadRanges = flags.HasFlag(sp2_receive_flags.SP2_RECEIVE_KEEP_RANGES),
            IncompleteKeepPayload = flags.HasFlag(sp2_receive_flags.SP2_RECEIVE_KEEP_INCOMPLETE_PAYLOAD),
            ExplicitStart = flags.HasFlag(sp2_receive_flags.SP2_RECEIVE_EXPLICIT_START),
            KeyedSearch = !flags.HasFlag(sp2_receive_flags.SP2_RECEIVE_UNKEYED_SEARCH),
            BugCompat = (BugCompat)options.bug_compat,
            SpinTime = TimeSpan.FromTicks(Math.Max(0, options.spin_ns) / NanosecondsPerTick),
            LongPause = options.long_pause_ns == NativeMethods.SP2_NEVER_LONG
                ? Timeout.InfiniteTimeSpan
                : TimeSpan.FromTicks(((options.long_pause_ns - 1) / NanosecondsPerTick) + 1),
            CustomStatistics = custom,
        };
    }

    private static void SetDefault(ref ulong field, ulong value) => field = field == 0 ? value : field;

    private static void CheckWords(in sp2_receive_options options)
    {
        uint unknown = options.flags & ~(uint)AllFlags;
        if (unknown != 0)
        {
            throw Failure.UnknownFlags(Options, unknown);
        }

        const uint AllBugs = (uint)sp2_bug_compat.SP2_BUG_COMPAT_PYSPEAD_0_5_2;
        if ((options.bug_compat & ~AllBugs) != 0)
        {
            throw Failure.Argument(
                $"{Options}.bug_compat is 0x{options.bug_compat:x}, but only the bits of 0x{AllBugs:x} exist");
        }

        if (options.log_level > (uint)sp2_log_level.SP2_LOG_NONE)
        {
            throw Failure.Argument($"{Options}.log_level is {options.log_level}, which is no sp2_log_level");
        }

        if (options.reserved != 0)
        {
            throw Failure.Reserved(Options, options.reserved);
        }

        if (options.spin_ns < NativeMethods.SP2_NEVER_SPIN)
        {
            throw Failure.Argument(
                $"{Options}.spin_ns is {options.spin_ns}, but it must be a time in nanoseconds, 0 for the default, or " +
                "SP2_NEVER_SPIN (-1)");
        }

        if (options.long_pause_ns < NativeMethods.SP2_NEVER_LONG)
        {
            throw Failure.Argument(
                $"{Options}.long_pause_ns is {options.long_pause_ns}, but it must be a time in nanoseconds, 0 for the " +
                "default, or SP2_NEVER_LONG (-1)");
        }
    }

    private static void CheckSizes(in sp2_receive_options options)
    {
        const ulong Most = NativeMethods.SP2_RECEIVE_MAX_SLOTS;
        if (Math.BigMul(options.max_heaps, options.substreams, out ulong slots) != 0 || slots > Most)
        {
            throw Failure.Argument(
                $"{Options}.max_heaps ({options.max_heaps}) times substreams ({options.substreams}) is more than {Most}");
        }

        if (options.cnt_step > NativeMethods.SP2_RECEIVE_MAX_CNT_STEP)
        {
            throw Failure.Argument(
                $"{Options}.cnt_step is {options.cnt_step}, but at most {NativeMethods.SP2_RECEIVE_MAX_CNT_STEP} is allowed");
        }

        CheckItem(options.count_item, nameof(options.count_item));
        CheckItem(options.set_item, nameof(options.set_item));
        if (options.ring_heaps > Most)
        {
            throw Failure.Argument(
                $"{Options}.ring_heaps is {options.ring_heaps}, but at most {Most} are allowed");
        }
    }

    private static void CheckItem(ulong id, string field)
    {
        if (id is not 0 and (< NativeMethods.SP2_RECEIVE_MIN_COUNT_ITEM or > NativeMethods.SP2_RECEIVE_MAX_COUNT_ITEM))
        {
            throw Failure.Argument(
                $"{Options}.{field} is {id}, but it must be 0 or from {NativeMethods.SP2_RECEIVE_MIN_COUNT_ITEM} to " +
                $"{NativeMethods.SP2_RECEIVE_MAX_COUNT_ITEM}");
        }
    }

    private static void CheckCustom(in sp2_custom_stat statistic, int index, HashSet<string> taken)
    {
        string field = $"{Options}.custom_stats[{index}]";
        if (statistic.name is null || *statistic.name == 0)
        {
            throw Failure.Argument($"{field}.name must not be {(statistic.name is null ? "NULL" : "empty")}");
        }

        if (statistic.mode > (uint)sp2_stat_mode.SP2_STAT_MAXIMUM)
        {
            throw Failure.Argument($"{field}.mode is {statistic.mode}, which is no sp2_stat_mode");
        }

        if (statistic.reserved != 0)
        {
            throw Failure.Argument($"{field}.reserved must be 0, not {statistic.reserved}");
        }

        string name = Utf8.Text(statistic.name);
        if (!taken.Add(name))
        {
            throw Failure.Argument($"{field}.name is \"{name}\", which is the name of another statistic");
        }
    }
}
