// SPDX-License-Identifier: MIT

using System.Globalization;
using Spead2.Receive;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>What is known of loss when a stream has ended, from evidence only.</summary>
/// <param name="Text">One sentence.</param>
/// <param name="IsLoss">Whether heaps or packets are known to be lost.</param>
/// <param name="IsNothing">Whether no packet arrived.</param>
/// <param name="IsKnown">Whether it is known how many heaps were sent, as far as that can be.</param>
/// <param name="IsMixed">Whether heaps have packets of several senders, or packets that contradict each other.</param>
internal sealed record Verdict(string Text, bool IsLoss, bool IsNothing, bool IsKnown, bool IsMixed = false)
{
    /// <summary>The period of losses, if they have one.</summary>
    public LossPeriod? Period { get; private init; }

    // Of the presets, and by custom of others.
    private const long TimestampId = 0x1600;

    // Accounted heaps for each one that is not, where the sequence still says something.
    private const int MostAccounted = 10;

    /// <summary>Good news is green; what is not known is not good news.</summary>
    public Tone Tone => IsLoss || IsNothing || IsMixed ? Tone.Bad : IsKnown ? Tone.Good : Tone.Warning;

    /// <summary>The verdict on a stream.</summary>
    /// <param name="tally">The heaps that were delivered.</param>
    /// <param name="statistics">Of the stream, with accounting, after its end.</param>
    /// <param name="source">What the packets came from.</param>
    /// <param name="expect">Heaps that were to arrive in full.</param>
    /// <param name="options">The stream's.</param>
    /// <param name="sharesCnts">Whether several heaps may have one cnt, so that cnts do not tell how many there are.</param>
    /// <param name="period">Of the losses, if they have one.</param>
    public static Verdict Of(
        HeapTally tally,
        StreamStatistics statistics,
        IPacketSource source,
        long? expect,
        ReceiveStreamOptions options,
        bool sharesCnts = false,
        LossPeriod? period = null)
    {
        ArgumentNullException.ThrowIfNull(tally);
        ArgumentNullException.ThrowIfNull(statistics);
        ArgumentNullException.ThrowIfNull(source);
        if (statistics.Packets == 0)
        {
            return new(NothingOf(statistics, source), IsLoss: false, IsNothing: true, IsKnown: true);
        }

        // What has no place in a sequence: some stray heaps, or so many that the sequence says nothing.
        ArgumentNullException.ThrowIfNull(options);
        bool byItem = options.CountItem != 0 || options.SetItem != 0;
        bool isPlaced = statistics.HeapsUnplaced * MostAccounted <= statistics.HeapsAccounted;

        // Items tell heaps apart unless some have the same values, which are not the rest of a heap that was pushed out.
        bool isShared = byItem ? statistics.HeapsDuplicate > statistics.IncompleteHeapsEvicted : sharesCnts;
        HeapCounts heaps = HeapCounts.Of(tally, statistics, byItem);
        long shortfall = expect is long expected ? Math.Max(0, expected - (tally.Full - tally.Stops)) : 0;
        bool isLoss =
            Unused(statistics) + heaps.Missing + heaps.Incomplete + statistics.PacketsMissing + statistics.KernelDropMessages +
            shortfall > 0;
        bool isMixed = MixedHeaps(statistics) * MostAccounted > statistics.HeapsAccounted;
        string text = isMixed ? MixedOf(heaps)
            : isShared ? SharedOf(heaps, byItem)
            : isPlaced ? KnownOf(heaps, statistics, EndOf(tally, statistics, IsOneSequence(options)), byItem)
            : UnknownOf(heaps, statistics, byItem);
        return new(
            text + ReasonsOf(heaps, statistics, shortfall, options, tally)
                + (heaps.Missing + statistics.HeapsUnplaced > 0 && !byItem && tally.StepChange is { } change ? $" {change}" : "") + (period is { } known ? $" {LossPeriodText.Of(known)}" : ""),
            isLoss,
            IsNothing: false,
            IsKnown: isPlaced && !isShared && !isMixed && statistics.HeapsUncertain == 0,
            IsMixed: MixedHeaps(statistics) > 0)
        {
            Period = period,
        };
    }

    /// <summary>Packets that arrived, but did not become part of a heap; duplicates are no loss.</summary>
    private static long Unused(StreamStatistics statistics) =>
        statistics.RejectedUnsized + statistics.RejectedLength + statistics.RejectedFlavour + statistics.RejectedOrder +
        statistics.RejectedOverlap + statistics.TooLarge + statistics.AllocationFailed + statistics.Truncated;

    // Most that contradict themselves are known to have several senders, too.
    private static long MixedHeaps(StreamStatistics statistics) =>
        Math.Max(statistics.HeapsMixed, statistics.HeapsContradictory);

    private static string NothingOf(StreamStatistics statistics, IPacketSource source)
    {
        long others = statistics.Malformed + statistics.SizeMismatch + statistics.Truncated + statistics.Empty;
        return others == 0
            ? $"No packet arrived {source.Name}."
            : source.IsBytestream ? $"No packet arrived {source.Name}: bytes did, but no packet that can be used is among them."
            : others == 1 ? $"No packet arrived {source.Name}: 1 datagram did, but it is none."
            : $"No packet arrived {source.Name}: {Readable.Number(others)} datagrams did, but none of them is one.";
    }

    private static string MixedOf(HeapCounts heaps) =>
        $"{Heaps(heaps.Full)} arrived in full; whether others are missing is not known, as several senders have the same cnts "
        + "(--senders separate tells theirs apart).";

    private static string SharedOf(HeapCounts heaps, bool byItem) =>
        $"{Heaps(heaps.Full)} arrived in full; whether others are missing is not known, as several " +
        (byItem ? "have the same values (" : "may have one cnt in this dialect (--set-item tells them apart, ") +
        "--expect counts them)." +
        (heaps.Missing > 0 ? $" No heap of {Count(heaps.Missing, byItem ? "value" : "cnt")} between theirs arrived." : "");

    private static string UnknownOf(HeapCounts heaps, StreamStatistics statistics, bool byItem) =>
        $"{Heaps(heaps.Full)} arrived in full; whether others are missing is not known, as " +
        $"{Readable.Number(statistics.HeapsUnplaced)} of the {(byItem ? "heaps" : "cnts")} " +
        $"{(statistics.HeapsUnplaced == 1 ? "has" : "have")} no place in a sequence (too few heaps, or " +
        (byItem ? "without the items of --count-item and --set-item)."
            : "several senders: --cnt-step and --substreams help).");

    private static string KnownOf(HeapCounts heaps, StreamStatistics statistics, string end, bool byItem)
    {
        string text = $"{Readable.Number(heaps.Arrived)} of {Heaps(heaps.Arrived + heaps.Incomplete + heaps.Missing)}{end}";
        text += heaps.Missing > 0 ? $": {Readable.Number(heaps.Missing)} never arrived."
            : heaps.Incomplete + statistics.HeapsUncertain + MixedHeaps(statistics) > 0 ? "."
            : ", none missing.";
        text += statistics.HeapsUncertain > 0
            ? $" Of {Readable.Number(statistics.HeapsUncertain)} more, the first or last ones, it is not known whether they were sent."
            : "";
        bool isOne = statistics.HeapsUnplaced == 1;
        return statistics.HeapsUnplaced == 0 ? text
            : byItem ? $"{text} {Heaps(statistics.HeapsUnplaced)} had no such item, or {(isOne ? "a value" : "values")} far from these."
            : $"{text} {Heaps(statistics.HeapsUnplaced)} had {(isOne ? "a cnt" : "cnts")} far from these: of another sender?";
    }

    private static bool IsOneSequence(ReceiveStreamOptions options) =>
        options is { Substreams: 1, CountItem: 0, SetItem: 0, Senders: not SenderTracking.Separate };

    /// <summary>
    /// A stop heap, or the last heap of a stream, closes the count of one sequence of cnts. It does not say how far other
    /// substreams or senders, or the values of items, go.
    /// </summary>
    private static string EndOf(HeapTally tally, StreamStatistics statistics, bool canClose) =>
        (canClose && (statistics.StopHeaps > 0 || tally.EndOfStream)) || tally.LastCnt is not ulong last
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $" up to heap {last}");

    private static string ReasonsOf(
        HeapCounts heaps, StreamStatistics statistics, long shortfall, ReceiveStreamOptions options, HeapTally tally)
    {
        (long Count, string Text)[] reasons =
        [
            (heaps.Incomplete,
                statistics.MaxHeapsNeeded > 0 ? $"{Heaps(heaps.Incomplete)} came in part."
                : statistics.BytesMissing == 0
                    ? $"{Heaps(heaps.Incomplete)} came with all payload, but an item that begins behind it."
                    : $"{Heaps(heaps.Incomplete)} came without {Count(statistics.PacketsMissing, "packet")} " +
                    $"({Readable.Bytes(statistics.BytesMissing)})."),
            (statistics.MaxHeapsNeeded, string.Create(
                CultureInfo.InvariantCulture,
                $"More heaps were under way than --max-heaps: {statistics.MaxHeapsNeeded} would have sufficed.")),
            (shortfall,
                $"--expect asked for {Readable.Number(shortfall)} more"
                + (statistics.StopHeaps > 0 ? "; a stop item ended the stream (--ignore-stop-item goes on)." : ".")),
            (Unused(statistics), $"{Count(Unused(statistics), "packet")} {(Unused(statistics) == 1 ? "was" : "were")} refused."),
            (statistics.KernelDropMessages,
                $"The kernel dropped {Count(statistics.KernelDropMessages, "message")}."),
            (MixedHeaps(statistics),
                $"{Heaps(MixedHeaps(statistics))} mixed: several senders {(statistics.HeapsMixed > 0 ? "use" : "seem to use")} " +
                "the same cnts."),
            (statistics.SenderRestarts,
                $"The {NumbersOf(options)} began again {Count(statistics.SenderRestarts, "time")}"
                + (options.SetItem == 0 ? $": {RestartOf(tally)}." : ", each source by itself: senders have restarted.")),
        ];
        return string.Concat(reasons.Where(reason => reason.Count > 0).Select(reason => ' ' + reason.Text));
    }

    /// <summary>Who began again: a sender that goes on beside another one has not restarted.</summary>
    private static string RestartOf(HeapTally tally) =>
        tally.Senders.Count < 2 ? "a sender has restarted"
        : tally.SendersTakeTurns ? $"{Readable.Number(tally.Senders.Count)} senders send at a time"
        : tally.Senders.Select(sender => sender.Address).Distinct().Count() == 1
            ? "a sender has restarted, from another port"
        : "a sender on another host has taken over";

    /// <summary>What heaps were counted by.</summary>
    private static string NumbersOf(ReceiveStreamOptions options) => options.CountItem switch
    {
        0 => "cnts",
        TimestampId => "timestamps",
        long id => string.Create(CultureInfo.InvariantCulture, $"values of item 0x{id:x}"),
    };

    private static string Heaps(long count) => Count(count, "heap");

    private static string Count(long count, string one) => $"{Readable.Number(count)} {one}{(count == 1 ? "" : "s")}";

    /// <summary>Heaps by what is known of them; each of the last three counts once.</summary>
    private readonly record struct HeapCounts(long Full, long Arrived, long Incomplete, long Missing)
    {
        public static HeapCounts Of(HeapTally tally, StreamStatistics statistics, bool byItem)
        {
            // A stop heap has a cnt of its own, but is not delivered; a late one may have counted as missing.
            long placed = statistics.HeapsAccounted + statistics.HeapsLate - (byItem ? 0 : statistics.StopHeaps);
            long full = tally.Full;
            long torn = Math.Min(tally.Incomplete + statistics.IncompleteHeapsDropped, Math.Max(0, placed - full));

            // Where the rest of a heap came twice in full, it hides that another one is incomplete.
            long incomplete = torn > 0 || statistics.BytesMissing == 0 ? torn : Math.Min(1, placed);
            return new(
                full, Math.Min(full, placed - incomplete), incomplete, Math.Max(0, statistics.HeapsMissing - statistics.HeapsLate));
        }
    }
}
