// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>How a packet that was not used is counted and spoken of.</summary>
internal readonly record struct VerdictExplanation(
    Statistic Counter, MessageKind Kind, LogLevel Level, string Reason)
{
    /// <summary>Of any verdict but <see cref="Verdict.Accepted"/>.</summary>
    public static VerdictExplanation Of(Verdict verdict) => verdict switch
    {
        Verdict.RejectedUnsized => new(
            Statistic.RejectedUnsized,
            MessageKind.Rejected,
            LogLevel.Information,
            "it has no HEAP_LENGTH, and the stream does not allow that"),
        Verdict.RejectedLength => new(
            Statistic.RejectedLength,
            MessageKind.Rejected,
            LogLevel.Information,
            "its HEAP_LENGTH contradicts earlier packets of the heap"),
        Verdict.RejectedFlavour => new(
            Statistic.RejectedFlavour,
            MessageKind.Rejected,
            LogLevel.Information,
            "its flavour is not that of the heap's first packet"),
        Verdict.RejectedBehind => new(
            Statistic.RejectedOrder,
            MessageKind.Order,
            LogLevel.Warning,
            "it comes after packets that should follow it; a stream without in-order mode would use it"),
        Verdict.RejectedAhead => new(
            Statistic.RejectedOrder,
            MessageKind.Order,
            LogLevel.Debug,
            "packets before it are missing"),
        Verdict.RejectedDuplicate => new(
            Statistic.RejectedDuplicate,
            MessageKind.Duplicate,
            LogLevel.Debug,
            "its payload was received before"),
        Verdict.RejectedOverlap => new(
            Statistic.RejectedOverlap,
            MessageKind.Rejected,
            LogLevel.Warning,
            "a part of its payload was received before"),
        Verdict.TooLarge => new(
            Statistic.TooLarge,
            MessageKind.TooLarge,
            LogLevel.Warning,
            "the heap is larger than MaxHeapSize, or has too many parts"),
        Verdict.GapTooLarge => new(
            Statistic.TooLarge,
            MessageKind.TooLarge,
            LogLevel.Warning,
            "it has no HEAP_LENGTH, and lies more than MaxUnsizedGap behind what has arrived"),
        _ => new(
            Statistic.AllocationFailed,
            MessageKind.Memory,
            LogLevel.Warning,
            "there is no memory for it"),
    };
}
