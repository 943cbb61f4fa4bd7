// SPDX-License-Identifier: MIT

using Spead2.Receive;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>Why the kernel dropped messages, in words.</summary>
internal static class KernelDropsText
{
    /// <summary>What has happened to the messages; empty if nothing is known.</summary>
    public static string Of(in KernelDrops drops)
    {
        (KernelDropRange Range, string Text)[] causes =
        [
            (drops.FullBuffers, "found a full socket buffer"),
            (drops.WrongChecksums, "had a wrong UDP checksum"),
            (drops.Filtered, "were refused by a filter of the socket"),
        ];
        return string.Join(
            ", ", causes.Where(cause => cause.Range.Most > 0).Select(cause => $"{NumberOf(cause.Range)} {cause.Text}"));
    }

    /// <summary>What helps against them, the surest first; null if nothing is known.</summary>
    public static string? CureOf(in KernelDrops drops)
    {
        (KernelDropRange Range, string Cure)[] causes =
        [
            (drops.FullBuffers, KernelCounters.BufferCure),
            (drops.WrongChecksums, KernelCounters.ChecksumCure),
            (drops.Filtered, KernelCounters.FilterCure),
        ];
        string[] cures =
        [
            .. causes.Where(cause => cause.Range.Most > 0).OrderByDescending(cause => cause.Range.Least).Select(cause => cause.Cure),
        ];
        return cures.Length > 0 ? string.Join("; ", cures) : null;
    }

    private static string NumberOf(KernelDropRange range) =>
        range.Least == range.Most ? Readable.Number(range.Most)
        : range.Least == 0 ? $"at most {Readable.Number(range.Most)}"
        : $"{Readable.Number(range.Least)} to {Readable.Number(range.Most)}";
}
