// SPDX-License-Identifier: MIT

using System.Globalization;
using Spead2.Tools.Output;

namespace Spead2.Tools.Top;

/// <summary>What two readings of a page say of its stream.</summary>
/// <param name="Before">The earlier one.</param>
/// <param name="Now">The later one; it may be the same.</param>
/// <param name="Time">The time of looking.</param>
internal sealed record StreamView(PageReading Before, PageReading Now, DateTime Time)
{
    // A page is written ten times a second: twenty times late is no coincidence.
    private static readonly TimeSpan MostAge = TimeSpan.FromSeconds(2);

    // Longer than most streams leave between heaps.
    private static readonly TimeSpan MostSilence = TimeSpan.FromSeconds(3);

    private static readonly string[] Causes =
    [
        "malformed_size", "malformed_magic", "malformed_flavour", "malformed_widths", "malformed_item_table",
        "malformed_item_missing", "malformed_payload", "malformed_beyond_heap", "size_mismatch", "truncated", "empty",
        "rejected_unsized", "rejected_length", "rejected_flavour", "rejected_order", "rejected_duplicate", "rejected_overlap",
        "too_large", "allocation_failed",
    ];

    /// <summary>The statistics that a view reads.</summary>
    public static IEnumerable<string> Names =>
    [
        .. Causes, "packets", "payload_bytes", "heaps", "incomplete_heaps_evicted", "incomplete_heaps_flushed",
        "heaps_accounted", "heaps_missing", "heaps_uncertain", "heaps_late", "kernel_drop_messages", "worker_blocked",
    ];

    private TimeSpan Span => Now.Updated - Before.Updated;

    /// <summary>Payload per second in gigabits.</summary>
    public double GigabitsPerSecond => Readable.GigabitsPerSecond(Grown("payload_bytes"), Span);

    public long Incomplete => Now["incomplete_heaps_evicted"] + Now["incomplete_heaps_flushed"];

    public long Complete => Math.Max(0, Now["heaps"] - Incomplete);

    /// <summary>Heaps that have not arrived, some of which may still come; late ones have.</summary>
    public long Missing => Lost + Now["heaps_uncertain"];

    private long Lost => Math.Max(0, Now["heaps_missing"] - Now["heaps_late"]);

    /// <summary>Heaps that have not arrived among all; null if they are not counted.</summary>
    public double? MissingPercent
    {
        get
        {
            long all = Now["heaps_accounted"] + Missing;
            return all == 0 ? null : 100.0 * Missing / all;
        }
    }

    /// <summary>Packets and datagrams that were not used, the most frequent cause first.</summary>
    public IEnumerable<(string Cause, long Count)> Bad => Causes
        .Select(cause => (cause, Now[cause])).Where(bad => bad.Item2 > 0).OrderByDescending(bad => bad.Item2);

    public long BadCount => Bad.Sum(bad => bad.Count);

    public long KernelDrops => Now["kernel_drop_messages"];

    /// <summary>Time since the latest heap; null if there was none.</summary>
    public TimeSpan? Silence => Now.LastHeap is DateTime last ? Positive(Time - last) : null;

    /// <summary>One sentence: what is wrong now, or was, or that nothing is.</summary>
    public (string Text, Tone Tone) Verdict
    {
        get
        {
            if (Now.HasStopped)
            {
                return ("The stream has stopped.", Tone.Plain);
            }

            if (Positive(Time - Now.Updated) is TimeSpan age && age > MostAge)
            {
                return ($"The process has not written for {Readable.Seconds(age)}: is it halted?", Tone.Bad);
            }

            if (Now["packets"] + BadCount == 0)
            {
                return ("No packet has arrived yet.", Tone.Warning);
            }

            if (Grown("kernel_drop_messages") > 0)
            {
                return ("The kernel drops packets: the receiver is too slow, or the socket buffer too small.", Tone.Bad);
            }

            if (Grown("worker_blocked") > 0 && Now.RingLimit > 0 && Now.RingHeaps >= Now.RingLimit)
            {
                return ("The ring is full: the consumer is too slow.", Tone.Bad);
            }

            if (Grown("heaps_missing") + Grown("incomplete_heaps_evicted") > 0)
            {
                return ("Heaps are being lost on the way here.", Tone.Bad);
            }

            if (Causes.Sum(Grown) > 0)
            {
                return ($"Packets are refused: {Bad.First().Cause}.", Tone.Bad);
            }

            if (Silence is not TimeSpan silence)
            {
                return ("Packets arrive, but no heap yet.", Tone.Warning);
            }

            if (silence > MostSilence)
            {
                return (string.Create(CultureInfo.InvariantCulture, $"No heap for {(long)silence.TotalSeconds} s."), Tone.Warning);
            }

            return Incomplete + KernelDrops + BadCount + Lost > 0
                ? ("All is well now; there were losses before.", Tone.Warning)
                : Missing > 0
                ? ($"Heaps that others have overtaken may still come, or are lost: {Readable.Number(Missing)}.", Tone.Warning)
                : MissingPercent is null
                    ? ("All heaps that came are complete; missing ones are not counted.", Tone.Good)
                    : ("No loss is known.", Tone.Good);
        }
    }

    private static TimeSpan Positive(TimeSpan time) => time > TimeSpan.Zero ? time : TimeSpan.Zero;

    private long Grown(string name) => Math.Max(0, Now[name] - Before[name]);
}
