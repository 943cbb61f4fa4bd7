// SPDX-License-Identifier: MIT

using System.ComponentModel.DataAnnotations;

namespace Spead2.Receive;

/// <summary>
/// Options of a receive stream. They are checked and read once, when the stream is made; they may be reused and
/// changed afterwards.
/// </summary>
/// <remarks>
/// They can be bound from configuration, also in programs that are trimmed or compiled ahead of time (with .NET's
/// binding generator), and validated by data annotations or <see cref="Validate"/>.
/// </remarks>
public sealed class ReceiveStreamOptions : IValidatableObject
{
    /// <summary>Default of <see cref="MaxHeaps"/>.</summary>
    public const int DefaultMaxHeaps = 4;

    /// <summary>Default of <see cref="RingHeaps"/>.</summary>
    public const int DefaultRingHeaps = 4;

    /// <summary>Default of <see cref="Substreams"/>.</summary>
    public const int DefaultSubstreams = 1;

    /// <summary>Default of <see cref="MaxHeapSize"/>: 1 GiB.</summary>
    public const long DefaultMaxHeapSize = 1L << 30;

    /// <summary>Default of <see cref="MaxUnsizedGap"/>: 16 MiB.</summary>
    public const long DefaultMaxUnsizedGap = 16L << 20;

    /// <summary>
    /// Largest <see cref="RingHeaps"/>, and largest <see cref="MaxHeaps"/> times <see cref="Substreams"/>.
    /// </summary>
    public const int MaxSlots = 1 << 24;

    /// <summary>Most <see cref="CustomStatistics"/>.</summary>
    public const int MaxCustomStatistics = 65536;

    /// <summary>Default of <see cref="SpinTime"/>: 100 µs.</summary>
    public static readonly TimeSpan DefaultSpinTime = TimeSpan.FromMicroseconds(100);

    /// <summary>Default of <see cref="LongPause"/>: 1 s.</summary>
    public static readonly TimeSpan DefaultLongPause = TimeSpan.FromSeconds(1);

    /// <summary>Largest <see cref="CntStep"/>: half of the largest number of cnts.</summary>
    public const long LargestCntStep = (1L << 55) - 1;

    /// <summary>Smallest <see cref="CountItem"/> and <see cref="SetItem"/> that is an item of senders.</summary>
    public const long SmallestCountItem = ItemId.StreamControl + 1;

    /// <summary>Largest <see cref="CountItem"/> and <see cref="SetItem"/>.</summary>
    public const long LargestCountItem = (1L << 55) - 1;

    /// <summary>Largest <see cref="MaxHeapSize"/>: what one <see cref="ReadOnlyMemory{T}"/> can hold.</summary>
    public const long LargestMaxHeapSize = int.MaxValue;

    /// <summary>
    /// What people call the stream: the label <c>stream</c> of its metrics (docs/metrics.md), where streams of one name add
    /// up. 1 to 64 printable ASCII characters.
    /// </summary>
    [Required]
    public string Name { get; set; } = StreamName.Default;

    /// <summary>
    /// Heaps under assembly per substream. A heap is pushed out when this many newer heaps of its substream have
    /// started. At least 1.
    /// </summary>
    [Range(1, MaxSlots)]
    public int MaxHeaps { get; set; } = DefaultMaxHeaps;

    /// <summary>Finished heaps that wait for the consumer. At least 1.</summary>
    [Range(1, MaxSlots)]
    public int RingHeaps { get; set; } = DefaultRingHeaps;

    /// <summary>Number of substreams; heap cnt modulo this is the substream. At least 1.</summary>
    [Range(1, MaxSlots)]
    public int Substreams { get; set; } = DefaultSubstreams;

    /// <summary>Largest heap in bytes; packets of larger heaps are not used and count as too large.</summary>
    [Range(1d, LargestMaxHeapSize)]
    public long MaxHeapSize { get; set; } = DefaultMaxHeapSize;

    /// <summary>
    /// A packet that does not say how long its heap is must not begin more bytes than this behind the last byte that
    /// the heap has, or else it is not used and counts as too large. At least 1.
    /// </summary>
    [Range(1d, long.MaxValue)]
    public long MaxUnsizedGap { get; set; } = DefaultMaxUnsizedGap;

    /// <summary>
    /// Whether heaps that never arrive are counted (<see cref="StreamStatistics.HeapsMissing"/>), by the cnts of those
    /// that do, and what was lost is known second by second (<see cref="IReceiveStream.LossSeconds"/>). By default neither
    /// is.
    /// </summary>
    public HeapAccounting Accounting { get; set; }

    /// <summary>
    /// With <see cref="Accounting"/>: how far the cnts of neighbouring heaps of a substream are apart. By default (0)
    /// this is learned from the first heaps.
    /// </summary>
    [Range(0d, LargestCntStep)]
    public long CntStep { get; set; }

    /// <summary>
    /// With <see cref="Accounting"/>: identifier of an item whose immediate value takes the place of the heap cnt, for
    /// example a timestamp, for senders whose cnts are not consecutive. <see cref="CntStep"/> is its step then. By default
    /// (0) heaps are counted by their cnts.
    /// </summary>
    [Range(0d, LargestCountItem)]
    public long CountItem { get; set; }

    /// <summary>
    /// With <see cref="Accounting"/>: identifier of an item of which each immediate value has a sequence of its own, for
    /// example the number of an antenna or a channel. By default (0) there is none.
    /// </summary>
    [Range(0d, LargestCountItem)]
    public long SetItem { get; set; }

    /// <summary>Whether the senders of heaps are recorded, or kept apart. By default they are not.</summary>
    public SenderTracking Senders { get; set; }

    /// <summary>
    /// Whether packets of a heap may arrive in any order (the default). Otherwise those that are out of order are not
    /// used.
    /// </summary>
    public bool AllowOutOfOrder { get; set; } = true;

    /// <summary>
    /// Whether heaps without a length are assembled (the default). They are delivered when newer heaps push them out or
    /// the stream stops.
    /// </summary>
    public bool AllowUnsizedHeaps { get; set; } = true;

    /// <summary>
    /// Whether a stop item stops the stream and its heap is not delivered (the default;
    /// spead2: <c>stop_on_stop_item</c>).
    /// </summary>
    public bool StopOnStopItem { get; set; } = true;

    /// <summary>
    /// Whether incomplete heaps are dropped with a warning (the default) instead of delivered
    /// (spead2: <c>contiguous_only</c>).
    /// </summary>
    public bool ContiguousOnly { get; set; } = true;

    /// <summary>
    /// Whether incomplete heaps know their <see cref="Heap.PayloadRanges"/>
    /// (spead2: <c>incomplete_keep_payload_ranges</c>).
    /// </summary>
    public bool IncompleteKeepPayloadRanges { get; set; }

    /// <summary>Whether incomplete heaps keep their payload. By default its memory is released at once.</summary>
    public bool IncompleteKeepPayload { get; set; }

    /// <summary>
    /// Whether packet sources are prepared when they are added but receive nothing before <see cref="IReceiveStream.Start"/>.
    /// By default they begin at once.
    /// </summary>
    public bool ExplicitStart { get; set; }

    /// <summary>
    /// For tests: whether heap cnts are looked up with the secret of this process (the default), so that no sender can
    /// choose cnts that make packets slow. Otherwise <c>search_dist</c> is the same in every run.
    /// </summary>
    internal bool KeyedSearch { get; init; } = true;

    /// <summary>User-supplied statistics, which follow the stream's.</summary>
    [Required]
    public IReadOnlyList<CustomStatistic> CustomStatistics { get; set; } = [];

    /// <summary>
    /// How long a blocking read looks for a heap before it sleeps. At most <see cref="int.MaxValue"/> milliseconds. An
    /// asynchronous read never looks longer than a few microseconds. With <see cref="TimeSpan.Zero"/> neither looks at
    /// all. Sleeping saves processor time; waking a sleeper costs the thread that receives packets a system call.
    /// </summary>
    public TimeSpan SpinTime { get; set; } = DefaultSpinTime;

    /// <summary>
    /// How long sockets may pause, as the ring is full, until a warning says so. At most <see cref="int.MaxValue"/>
    /// milliseconds. With <see cref="Timeout.InfiniteTimeSpan"/> there is a warning only when the kernel has dropped
    /// messages in a pause, or within a second after it, which there always is.
    /// </summary>
    public TimeSpan LongPause { get; set; } = DefaultLongPause;

    /// <summary>Bugs of senders to be compatible with (spead2: <c>bug_compat</c>).</summary>
    public BugCompat BugCompat { get; set; }

    /// <summary>Checks the options, as the constructors of streams do.</summary>
    /// <exception cref="ArgumentException">An option breaks its rule; the message and the parameter name it.</exception>
    public void Validate() => OptionFault.Throw(Faults());

    /// <summary>All options that break their rules.</summary>
    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext) =>
        OptionFault.ToResults(Faults());

    private IEnumerable<OptionFault> Faults()
    {
        OptionFault[] faults =
        [
            .. StreamName.Faults(Name, nameof(Name)),
            .. OptionFault.Outside(MaxHeaps, 1, MaxSlots, nameof(MaxHeaps)),
            .. OptionFault.Outside(RingHeaps, 1, MaxSlots, nameof(RingHeaps)),
            .. OptionFault.Outside(Substreams, 1, MaxSlots, nameof(Substreams)),
            .. OptionFault.Outside(MaxHeapSize, 1, LargestMaxHeapSize, nameof(MaxHeapSize)),
            .. OptionFault.Outside(MaxUnsizedGap, 1, long.MaxValue, nameof(MaxUnsizedGap)),
            .. OptionFault.Outside(CntStep, 0, LargestCntStep, nameof(CntStep)),
            .. ItemFaults(CountItem, nameof(CountItem)),
            .. ItemFaults(SetItem, nameof(SetItem)),
            .. OptionFault.Outside(
                (long)MaxHeaps * Substreams, 1, MaxSlots, $"{nameof(MaxHeaps)} times {nameof(Substreams)}"),
        ];
        foreach (OptionFault fault in faults)
        {
            yield return fault;
        }

        if (BugCompat.HasUndefinedBits())
        {
            yield return OptionFault.OutOfRange(
                nameof(BugCompat), (int)BugCompat, $"{nameof(BugCompat)} must be a combination of the bits 1, 2 and 4.");
        }

        if (!Enum.IsDefined(Accounting))
        {
            yield return OptionFault.OutOfRange(
                nameof(Accounting), Accounting, $"{nameof(Accounting)} must be one of {nameof(HeapAccounting)}.");
        }

        if (!Enum.IsDefined(Senders))
        {
            yield return OptionFault.OutOfRange(
                nameof(Senders), Senders, $"{nameof(Senders)} must be one of {nameof(SenderTracking)}.");
        }

        if (SpinTime < TimeSpan.Zero || SpinTime.TotalMilliseconds > int.MaxValue)
        {
            yield return OptionFault.OutOfRange(
                nameof(SpinTime), SpinTime, $"{nameof(SpinTime)} must be from 0 to {int.MaxValue} ms.");
        }

        if (LongPause != Timeout.InfiniteTimeSpan && (LongPause <= TimeSpan.Zero || LongPause.TotalMilliseconds > int.MaxValue))
        {
            yield return OptionFault.OutOfRange(
                nameof(LongPause),
                LongPause,
                $"{nameof(LongPause)} must be more than 0 and at most {int.MaxValue} ms, or Timeout.InfiniteTimeSpan.");
        }

        if (CustomStatistics is null)
        {
            yield return OptionFault.Null(nameof(CustomStatistics));
            yield break;
        }

        if (CustomStatistics.Count > MaxCustomStatistics)
        {
            yield return OptionFault.OutOfRange(
                nameof(CustomStatistics),
                CustomStatistics.Count,
                $"The number of {nameof(CustomStatistics)} must be from 0 to {MaxCustomStatistics}.");
        }

        HashSet<string> names = [.. StatisticNames.Known.InOrder];
        foreach (CustomStatistic statistic in CustomStatistics)
        {
            if (FaultOf(statistic, names) is { } fault)
            {
                yield return fault;
            }
        }
    }

    private static IEnumerable<OptionFault> ItemFaults(long id, string name)
    {
        if (id != 0 && id is < SmallestCountItem or > LargestCountItem)
        {
            yield return OptionFault.OutOfRange(
                name, id, $"{name} must be 0, or from {SmallestCountItem} to {LargestCountItem}.");
        }
    }

    private static OptionFault? FaultOf(CustomStatistic? statistic, HashSet<string> names)
    {
        if (statistic is null)
        {
            return OptionFault.Null(nameof(CustomStatistics));
        }

        if (string.IsNullOrEmpty(statistic.Name) || statistic.Name.Contains('\0', StringComparison.Ordinal))
        {
            return OptionFault.Of(
                nameof(CustomStatistics), "The name of a custom statistic must not be empty and must not contain NUL.");
        }

        if (!names.Add(statistic.Name))
        {
            return OptionFault.Of(
                nameof(CustomStatistics),
                $"There is another statistic that is called \"{statistic.Name}\"; choose another name.");
        }

        return Enum.IsDefined(statistic.Mode)
            ? null
            : OptionFault.OutOfRange(
                nameof(CustomStatistics),
                statistic.Mode,
                $"The mode of the custom statistic \"{statistic.Name}\" must be {nameof(StatisticMode.Counter)} or " +
                $"{nameof(StatisticMode.Maximum)}.");
    }
}
