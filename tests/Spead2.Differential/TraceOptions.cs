// SPDX-License-Identifier: MIT

using System.Globalization;
using Spead2.Receive;

namespace Spead2.Differential;

/// <summary>The options of a stream, with the words that test vectors and the command use for them.</summary>
internal sealed record TraceOptions
{
    private static readonly Option[] All =
    [
        new("max_heaps", "--max-heaps", o => o.MaxHeaps, (o, n) => o with { MaxHeaps = (int)n }),
        new("ring_heaps", "--ring-heaps", o => o.RingHeaps, (o, n) => o with { RingHeaps = (int)n }),
        new("substreams", "--substreams", o => o.Substreams, (o, n) => o with { Substreams = (int)n }),
        new("max_heap_size", "--max-heap-size", o => o.MaxHeapSize, (o, n) => o with { MaxHeapSize = n }),
        new("max_unsized_gap", "--max-unsized-gap", o => o.MaxUnsizedGap, (o, n) => o with { MaxUnsizedGap = n }),
        new("accounting", null, o => (long)o.Accounting, (o, n) => o with { Accounting = (HeapAccounting)n }),
        new("cnt_step", null, o => o.CntStep, (o, n) => o with { CntStep = n }),
        new("count_item", null, o => o.CountItem, (o, n) => o with { CountItem = n }),
        new("set_item", null, o => o.SetItem, (o, n) => o with { SetItem = n }),
        new("bug_compat", "--bug-compat", o => (long)o.BugCompat, (o, n) => o with { BugCompat = (BugCompat)n }),
        new("in_order", "--in-order", o => o.InOrder, (o, on) => o with { InOrder = on }),
        new("no_unsized_heaps", "--no-unsized-heaps", o => o.NoUnsizedHeaps, (o, on) => o with { NoUnsizedHeaps = on }),
        new("ignore_stop_item", "--ignore-stop-item", o => o.IgnoreStopItem, (o, on) => o with { IgnoreStopItem = on }),
        new("deliver_incomplete", "--incomplete",
            o => o.DeliverIncomplete, (o, on) => o with { DeliverIncomplete = on }),
        new("keep_ranges", "--incomplete", o => o.KeepRanges, (o, on) => o with { KeepRanges = on }),
        new("keep_incomplete_payload", "--incomplete", o => o.KeepPayload, (o, on) => o with { KeepPayload = on }),
        new("explicit_start", null, o => o.ExplicitStart, (o, on) => o with { ExplicitStart = on }),
        new("sleep_at_once", null, o => o.SleepAtOnce, (o, on) => o with { SleepAtOnce = on }),
        new("copy_method", null, o => (long)o.CopyMethod, (o, n) => o with { CopyMethod = (CopyMethod)n }),
        new("counting_copier", null, o => o.CountingCopier, (o, on) => o with { CountingCopier = on }),
        new("largest_block", null, o => o.LargestBlock, (o, n) => o with { LargestBlock = n }),
        new("dialect", null, o => (long)o.Dialect, (o, n) => o with { Dialect = (DialectFlags)n }),
        new("dialect_item", null, o => o.DialectItem, (o, n) => o with { DialectItem = n }),
    ];

    private static readonly TraceOptions Default = new();

    public int MaxHeaps { get; init; } = ReceiveStreamOptions.DefaultMaxHeaps;

    public int RingHeaps { get; init; } = ReceiveStreamOptions.DefaultRingHeaps;

    public int Substreams { get; init; } = ReceiveStreamOptions.DefaultSubstreams;

    public long MaxHeapSize { get; init; } = ReceiveStreamOptions.DefaultMaxHeapSize;

    public long MaxUnsizedGap { get; init; } = ReceiveStreamOptions.DefaultMaxUnsizedGap;

    public HeapAccounting Accounting { get; init; }

    public long CntStep { get; init; }

    public long CountItem { get; init; }

    public long SetItem { get; init; }

    public BugCompat BugCompat { get; init; }

    public bool InOrder { get; init; }

    public bool NoUnsizedHeaps { get; init; }

    public bool IgnoreStopItem { get; init; }

    public bool DeliverIncomplete { get; init; }

    public bool KeepRanges { get; init; }

    public bool KeepPayload { get; init; }

    public bool ExplicitStart { get; init; }

    public bool SleepAtOnce { get; init; }

    public CopyMethod CopyMethod { get; init; }

    /// <summary>Whether a user-supplied function copies payloads, and counts that in custom statistics.</summary>
    public bool CountingCopier { get; init; }

    /// <summary>With a memory allocator of the user's, the largest block that it gives; 0 without.</summary>
    public long LargestBlock { get; init; }

    /// <summary>The switches of the source's dialect.</summary>
    public DialectFlags Dialect { get; init; }

    /// <summary>With <see cref="DialectFlags.UnpointedItem"/>, the identifier of that item.</summary>
    public long DialectItem { get; init; } = Receive.Dialect.SkaLowItemId;

    /// <summary>The dialect for a source, or null.</summary>
    public Dialect? ToDialect() => Dialect == DialectFlags.None ? null : Receive.Dialect.Of(Dialect, DialectItem);

    /// <summary>These options with one that is not the default set to it: each way to be simpler.</summary>
    public IEnumerable<TraceOptions> Simpler =>
        All.Where(option => !option.IsDefault(this)).Select(option => option.Set(this, option.Get(Default)));

    /// <summary>
    /// The options of `spead2 recv`, which has one for all that concerns incomplete heaps and none for what only a
    /// program can do.
    /// </summary>
    public string CommandLine => string.Join(' ', (
        from option in All
        let name = option.Switch
        where name is not null && !option.IsDefault(this)
        select option.Text(name, " ", this)).Distinct());

    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    public static TraceOptions Parse(IEnumerable<string> words) => words.Aggregate(Default, (options, word) =>
    {
        string[] parts = word.Split('=');
        Option option = All.SingleOrDefault(option => option.Name == parts[0])
            ?? throw new FormatException($"There is no option '{parts[0]}'.");
        return option.Set(options, parts.Length == 1 ? 1 : long.Parse(parts[1], CultureInfo.InvariantCulture));
    });

    public ReceiveStreamOptions ToStreamOptions() => new()
    {
        MaxHeaps = MaxHeaps,
        RingHeaps = RingHeaps,
        Substreams = Substreams,
        MaxHeapSize = MaxHeapSize,
        MaxUnsizedGap = MaxUnsizedGap,
        Accounting = Accounting,
        CntStep = CntStep,
        CountItem = CountItem,
        SetItem = SetItem,
        BugCompat = BugCompat,
        AllowOutOfOrder = !InOrder,
        AllowUnsizedHeaps = !NoUnsizedHeaps,
        StopOnStopItem = !IgnoreStopItem,
        ContiguousOnly = !DeliverIncomplete,
        IncompleteKeepPayloadRanges = KeepRanges,
        IncompleteKeepPayload = KeepPayload,
        ExplicitStart = ExplicitStart,
        KeyedSearch = false,
        SpinTime = SleepAtOnce ? TimeSpan.Zero : ReceiveStreamOptions.DefaultSpinTime,
        CustomStatistics = CountingCopier ? Engines.CountingCopier.Statistics : [],
    };

    /// <summary>The options that are not the default, for example <c>max_heaps=1 in_order</c>.</summary>
    public override string ToString() => string.Join(
        ' ', All.Where(option => !option.IsDefault(this)).Select(option => option.Text(option.Name, "=", this)));

    private sealed record Option(
        string Name,
        string? Switch,
        Func<TraceOptions, long> Get,
        Func<TraceOptions, long, TraceOptions> Set,
        bool IsFlag = false)
    {
        public Option(
            string name, string? @switch, Func<TraceOptions, bool> get, Func<TraceOptions, bool, TraceOptions> set)
            : this(name, @switch, o => get(o) ? 1 : 0, (o, n) => set(o, n != 0), IsFlag: true)
        {
        }

        public bool IsDefault(TraceOptions options) => Get(options) == Get(Default);

        public string Text(string name, string separator, TraceOptions options) => IsFlag
            ? name
            : string.Create(CultureInfo.InvariantCulture, $"{name}{separator}{Get(options)}");
    }
}
