// SPDX-License-Identifier: MIT

using System.Diagnostics;

namespace Spead2.Managed;

/// <summary>The system's monotonic clock in nanoseconds.</summary>
internal static class Clock
{
    public const double NanosecondsPerSecond = 1e9;

    public const long NanosecondsPerMillisecond = 1_000_000;

    public static long Now => Stopwatch.Frequency == (long)NanosecondsPerSecond
        ? Stopwatch.GetTimestamp()
        : (long)(Stopwatch.GetTimestamp() * (NanosecondsPerSecond / Stopwatch.Frequency));
}
