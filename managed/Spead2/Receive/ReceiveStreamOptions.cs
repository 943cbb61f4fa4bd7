// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>Options of a receive stream. They are checked once, when the stream is made.</summary>
public sealed class ReceiveStreamOptions
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

    /// <summary>Largest <see cref="MaxHeapSize"/>: what one <see cref="ReadOnlyMemory{T}"/> can hold.</summary>
    public const long LargestMaxHeapSize = int.MaxValue;

    /// <summary>
    /// Heaps under assembly per substream. A heap is pushed out when this many newer heaps of its substream have
    /// started. At least 1.
    /// </summary>
    public int MaxHeaps { get; init; } = DefaultMaxHeaps;

    /// <summary>Finished heaps that wait for the reader. At least 1.</summary>
    public int RingHeaps { get; init; } = DefaultRingHeaps;

    /// <summary>Number of substreams; heap cnt modulo this is the substream. At least 1.</summary>
    public int Substreams { get; init; } = DefaultSubstreams;

    /// <summary>Largest heap in bytes; packets of larger heaps are not used and count as too large.</summary>
    public long MaxHeapSize { get; init; } = DefaultMaxHeapSize;

    /// <summary>
    /// A packet that does not say how long its heap is must not begin more bytes than this behind the last byte that
    /// the heap has, or else it is not used and counts as too large. At least 1.
    /// </summary>
    public long MaxUnsizedGap { get; init; } = DefaultMaxUnsizedGap;

    /// <summary>
    /// Whether packets of a heap may arrive in any order (the default). Otherwise those that are out of order are not
    /// used.
    /// </summary>
    public bool AllowOutOfOrder { get; init; } = true;

    /// <summary>
    /// Whether heaps without a length are assembled (the default). They are delivered when newer heaps push them out or
    /// the stream stops.
    /// </summary>
    public bool AllowUnsizedHeaps { get; init; } = true;

    /// <summary>
    /// Whether a stop item stops the stream and its heap is not delivered (the default;
    /// receiving.txt: <c>stop_on_stop_item</c>).
    /// </summary>
    public bool StopOnStopItem { get; init; } = true;

    /// <summary>
    /// Whether incomplete heaps are dropped with a warning (the default) instead of delivered
    /// (receiving.txt: <c>contiguous_only</c>).
    /// </summary>
    public bool ContiguousOnly { get; init; } = true;

    /// <summary>
    /// Whether incomplete heaps know their <see cref="Heap.PayloadRanges"/>
    /// (receiving.txt: <c>incomplete_keep_payload_ranges</c>).
    /// </summary>
    public bool IncompleteKeepPayloadRanges { get; init; }

    /// <summary>Whether incomplete heaps keep their payload. By default its memory is given back at once.</summary>
    public bool IncompleteKeepPayload { get; init; }

    /// <summary>
    /// Whether readers are prepared when they are added but receive nothing before <see cref="IReceiveStream.Start"/>.
    /// By default they begin at once.
    /// </summary>
    public bool ExplicitStart { get; init; }

    /// <summary>
    /// For tests: whether heap cnts are looked up with the secret of this process (the default), so that no sender can
    /// choose cnts that make packets slow. Otherwise <c>search_dist</c> is the same in every run.
    /// </summary>
    internal bool KeyedSearch { get; init; } = true;

    /// <summary>Statistics of the user's own, which follow the stream's.</summary>
    public IReadOnlyList<CustomStatistic> CustomStatistics { get; init; } = [];

    /// <summary>
    /// How long a blocking read looks for a heap before it sleeps. At most <see cref="int.MaxValue"/> milliseconds. An
    /// asynchronous read never looks longer than a few microseconds. With <see cref="TimeSpan.Zero"/> neither looks at
    /// all. Sleeping saves processor time; waking a sleeper costs the thread that receives packets a system call.
    /// </summary>
    public TimeSpan SpinTime { get; init; } = DefaultSpinTime;

    /// <summary>Bugs of senders to be compatible with (receiving.txt: <c>bug_compat</c>).</summary>
    public BugCompat BugCompat { get; init; }

    internal void Validate()
    {
        ThrowIfOutside(MaxHeaps, 1, MaxSlots, nameof(MaxHeaps));
        ThrowIfOutside(RingHeaps, 1, MaxSlots, nameof(RingHeaps));
        ThrowIfOutside(Substreams, 1, MaxSlots, nameof(Substreams));
        ThrowIfOutside(MaxHeapSize, 1, LargestMaxHeapSize, nameof(MaxHeapSize));
        ThrowIfOutside(MaxUnsizedGap, 1, long.MaxValue, nameof(MaxUnsizedGap));
        ThrowIfOutside((long)MaxHeaps * Substreams, 1, MaxSlots, $"{nameof(MaxHeaps)} times {nameof(Substreams)}");
        BugCompat.ThrowIfUndefined(nameof(BugCompat));
        if (SpinTime < TimeSpan.Zero || SpinTime.TotalMilliseconds > int.MaxValue)
        {
            throw new ArgumentOutOfRangeException(
                nameof(SpinTime), SpinTime, $"{nameof(SpinTime)} must be from 0 to {int.MaxValue} ms.");
        }

        ValidateCustomStatistics();
    }

    private void ValidateCustomStatistics()
    {
        ArgumentNullException.ThrowIfNull(CustomStatistics);
        ThrowIfOutside(
            CustomStatistics.Count, 0, MaxCustomStatistics, $"The number of {nameof(CustomStatistics)}");
        HashSet<string> names = [.. StatisticNames.Known.InOrder];
        foreach (CustomStatistic statistic in CustomStatistics)
        {
            ArgumentNullException.ThrowIfNull(statistic, nameof(CustomStatistics));
            if (string.IsNullOrEmpty(statistic.Name) || statistic.Name.Contains('\0', StringComparison.Ordinal))
            {
                throw new ArgumentException(
                    "The name of a custom statistic must not be empty and must not contain NUL.",
                    nameof(CustomStatistics));
            }

            if (!names.Add(statistic.Name))
            {
                throw new ArgumentException(
                    $"There is another statistic that is called \"{statistic.Name}\"; choose another name.",
                    nameof(CustomStatistics));
            }

            if (!Enum.IsDefined(statistic.Mode))
            {
                throw new ArgumentOutOfRangeException(
                    nameof(CustomStatistics),
                    statistic.Mode,
                    $"The mode of the custom statistic \"{statistic.Name}\" must be " +
                    $"{nameof(StatisticMode.Counter)} or {nameof(StatisticMode.Maximum)}.");
            }
        }
    }

    private static void ThrowIfOutside(long value, long min, long max, string name)
    {
        if (value < min || value > max)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be from {min} to {max}.");
        }
    }
}
