// SPDX-License-Identifier: MIT

using System.Text.Json;

namespace Spead2.Tools.CaptureFiles;

/// <summary>How late something was, in microseconds; in memory that does not grow.</summary>
internal sealed class Lateness
{
    // Latenesses are counted by microsecond; later ones count as the last.
    private const int Most = 1_000_000;
    private const double MicrosecondsPerSecond = 1e6;

    private readonly long[] _counts = new long[Most + 1];
    private long _all;

    /// <summary>Counts one.</summary>
    public void Add(double seconds)
    {
        _counts[(int)Math.Clamp(seconds * MicrosecondsPerSecond, 0, Most)]++;
        _all++;
    }

    /// <summary>Microseconds that this share was late by at most.</summary>
    public long Share(double share)
    {
        long seen = 0;
        for (int i = 0; i < Most; i++)
        {
            seen += _counts[i];
            if (seen >= share * _all)
            {
                return i;
            }
        }

        return Most;
    }

    /// <summary>For people.</summary>
    public string Text => FormattableString.Invariant(
        $"late by {Share(0.5)} µs in the median, {Share(0.99)} µs at the 99th percentile, {Share(0.999)} µs at the 99.9th, {Share(1)} µs at most");

    /// <summary>For programs.</summary>
    public void Write(Utf8JsonWriter json, string name)
    {
        json.WriteNumber($"{name}_median_us", Share(0.5));
        json.WriteNumber($"{name}_p99_us", Share(0.99));
        json.WriteNumber($"{name}_p999_us", Share(0.999));
        json.WriteNumber($"{name}_most_us", Share(1));
    }
}
