// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Bench;

/// <summary>The passes at one rate: as many as are wanted, or up to the first one with loss.</summary>
/// <param name="Asked">The rate asked for, in Gb/s; 0: as fast as possible.</param>
/// <param name="Passes">The passes, at least one.</param>
/// <param name="Wanted">How many were wanted.</param>
internal sealed record RateStep(double Asked, IReadOnlyList<Pass> Passes, int Wanted)
{
    private const double BytesPerGigabyte = 1e9;

    /// <summary>Whether no heap was lost.</summary>
    public bool IsLossFree => Passes.Count == Wanted && Passes.All(pass => pass.IsLossFree);

    /// <summary>Passes without loss.</summary>
    public int LossFree => Passes.Count(pass => pass.IsLossFree);

    /// <summary>The rate that was reached, in Gb/s: the median of the passes.</summary>
    public double Reached => Median.Of(Passes.Select(pass => pass.Sent.Rate));

    /// <summary>Heaps that were lost.</summary>
    public long Lost => Passes.Sum(pass => pass.Lost);

    /// <summary>The same as a part of those that were sent.</summary>
    public double LostPart => (double)Lost / Passes.Sum(pass => pass.Sent.Heaps);

    /// <summary>Seconds of processors for 10^9 bytes of packets, of the sender.</summary>
    public double SenderCpu => Passes.Sum(pass => pass.Sent.Cpu.TotalSeconds) / Bytes * BytesPerGigabyte;

    /// <summary>The same of the receiver; null if the agent does not say.</summary>
    public double? ReceiverCpu => Passes.All(pass => pass.Received.Cpu is not null)
        ? Passes.Sum(pass => pass.Received.Cpu!.Value.TotalSeconds) / Bytes * BytesPerGigabyte
        : null;

    /// <summary>Sums of the statistics that tell of loss.</summary>
    public IReadOnlyDictionary<string, long> Loss => Passes
        .SelectMany(pass => pass.Received.Loss)
        .GroupBy(pair => pair.Key)
        .ToDictionary(group => group.Key, group => group.Sum(pair => pair.Value));

    private double Bytes => Passes.Sum(pass => pass.Sent.Bytes);

    /// <summary>Nanoseconds at <see cref="Latencies.Percentiles"/>, each the median of the passes; empty if not known.</summary>
    public IReadOnlyList<double> Latency() => Passes.All(pass => HasLatency(pass.Received))
        ? [.. Latencies.Percentiles.Select((_, i) => Median.Of(Passes.Select(pass => (double)pass.Received.Latencies[i])))]
        : [];

    /// <summary>Heaps by powers of two of nanoseconds, of all passes.</summary>
    public IReadOnlyList<long> LatencyHistogram()
    {
        long[] sums = new long[Passes.Max(pass => pass.Received.LatencyHistogram.Count)];
        foreach (PassReport report in Passes.Select(pass => pass.Received).Where(HasLatency))
        {
            for (int i = 0; i < report.LatencyHistogram.Count; i++)
            {
                sums[i] += report.LatencyHistogram[i];
            }
        }

        return sums;
    }

    // Times of two machines cannot be compared.
    private static bool HasLatency(PassReport report) =>
        report.Latencies.Count == Latencies.Percentiles.Count && report.Clock == Latencies.Clock && report.Clock.Length > 0;
}
