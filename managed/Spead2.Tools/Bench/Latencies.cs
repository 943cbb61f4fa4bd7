// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Numerics;

namespace Spead2.Tools.Bench;

/// <summary>
/// How late heaps were at the consumer: from the time at which the last packet of a heap was due to be sent, by the rate, so
/// that a sender that falls behind does not hide it. In nanoseconds; a heap that came early, within a burst, counts as 0.
/// </summary>
internal sealed class Latencies
{
    /// <summary>The percentiles that are reported.</summary>
    public static readonly IReadOnlyList<double> Percentiles = [50, 90, 99, 99.9, 100];

    /// <summary>Bits of a time that travel in an immediate of SPEAD-64-40: some 18 minutes.</summary>
    private const int Bits = 40;

    private readonly List<long> _times = [];

    /// <summary>The clock now, in nanoseconds. All processes since the machine's start have the same.</summary>
    public static long Now => (long)((Int128)Stopwatch.GetTimestamp() * 1_000_000_000 / Stopwatch.Frequency);

    /// <summary>Names the clock: only times of the same one can be compared. Empty if it has no name here.</summary>
    public static string Clock { get; } = ReadClock();

    /// <summary>How many heaps there were.</summary>
    public int Count => _times.Count;

    /// <summary>A time as it travels in an item.</summary>
    public static ulong Encode(long time) => (ulong)time & ((1UL << Bits) - 1);

    /// <summary>Adds a heap that has come now.</summary>
    /// <param name="due">When it was due, as it travelled.</param>
    /// <param name="now">The clock.</param>
    public void Add(ulong due, long now)
    {
        // The distance modulo what travels; the upper half of it are times to come.
        long late = (long)((Encode(now) - due) << (64 - Bits)) >> (64 - Bits);
        _times.Add(Math.Max(late, 0));
    }

    /// <summary>The times at <see cref="Percentiles"/>.</summary>
    public long[] AtPercentiles()
    {
        _times.Sort();
        return [.. Percentiles.Select(percent => _times[(int)Math.Ceiling(percent * _times.Count / 100) - 1])];
    }

    /// <summary>How many heaps came within each power of two of nanoseconds: [i] counts those below 2^i and not before.</summary>
    public long[] Histogram()
    {
        long[] counts = new long[_times.Count == 0 ? 0 : Bucket(_times.Max()) + 1];
        foreach (long time in _times)
        {
            counts[Bucket(time)]++;
        }

        return counts;
    }

    private static int Bucket(long time) => 64 - BitOperations.LeadingZeroCount((ulong)time);

    private static string ReadClock()
    {
        try
        {
            return File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return OperatingSystem.IsWindows() ? Environment.MachineName : "";
        }
    }
}
