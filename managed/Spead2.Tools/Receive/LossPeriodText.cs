// SPDX-License-Identifier: MIT

using System.Globalization;
using Spead2.Receive;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>What is said of losses that come at regular intervals.</summary>
internal static class LossPeriodText
{
    /// <summary>One sentence.</summary>
    public static string Of(in LossPeriod period)
    {
        string what = period.Cause switch
        {
            LossCause.KernelDrops => "the kernel dropped messages",
            LossCause.PacketsMissing => "heaps lacked packets",
            LossCause.HeapsMissing => "heaps never arrived",
            LossCause.HeapsIncomplete => "heaps were incomplete",
            _ => "packets were refused",
        };
        return string.Create(
            CultureInfo.InvariantCulture,
            $"A loss every {period.Period.TotalSeconds:0.#} s: {what} {Readable.Number(period.Losses)} times ({period.Confidence:0 %} sure).");
    }
}
