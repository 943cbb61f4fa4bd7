// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;

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

    /// <summary>
    /// Largest <see cref="RingHeaps"/>, and largest <see cref="MaxHeaps"/> times <see cref="Substreams"/>.
    /// </summary>
    public const int MaxSlots = 1 << 24;

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

    /// <summary>Bugs of senders to be compatible with (receiving.txt: <c>bug_compat</c>).</summary>
    public BugCompat BugCompat { get; init; }

    /// <summary>
    /// Receives the stream's messages, one at a time and in order, on threads of the .NET thread pool. Which levels are
    /// wanted is asked once, when the stream is made. Without a logger, warnings go to standard error.
    /// </summary>
    public ILogger? Logger { get; init; }

    internal void Validate()
    {
        ThrowIfOutside(MaxHeaps, 1, MaxSlots, nameof(MaxHeaps));
        ThrowIfOutside(RingHeaps, 1, MaxSlots, nameof(RingHeaps));
        ThrowIfOutside(Substreams, 1, MaxSlots, nameof(Substreams));
        ThrowIfOutside(MaxHeapSize, 1, LargestMaxHeapSize, nameof(MaxHeapSize));
        ThrowIfOutside((long)MaxHeaps * Substreams, 1, MaxSlots, $"{nameof(MaxHeaps)} times {nameof(Substreams)}");
        BugCompat.ThrowIfUndefined(nameof(BugCompat));
    }

    private static void ThrowIfOutside(long value, long min, long max, string name)
    {
        if (value < min || value > max)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be from {min} to {max}.");
        }
    }
}
