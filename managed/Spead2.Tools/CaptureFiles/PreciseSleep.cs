// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Spead2.Tools.CaptureFiles;

/// <summary>Sleeps for less than a millisecond where the operating system can, and else spins.</summary>
internal static partial class PreciseSleep
{
    // A thread wakes up this much late at most, as a rule: Linux adds 50 µs of timer slack, and the wake-up itself.
    private static readonly TimeSpan LinuxLateness = TimeSpan.FromMicroseconds(80);
    private static readonly TimeSpan OtherLateness = TimeSpan.FromMilliseconds(2);
    private const int SpinIterations = 20;

    /// <summary>Waits, but not longer than this; the caller looks at the clock and calls again.</summary>
    public static void AtMost(TimeSpan time)
    {
        if (OperatingSystem.IsLinux() && time > LinuxLateness)
        {
            TimeSpan sleep = time - LinuxLateness;
            var request = new TimeSpec((nint)(sleep.Ticks / TimeSpan.TicksPerSecond), (nint)sleep.Nanoseconds());
            _ = NanoSleep(in request, 0);
        }
        else if (time > OtherLateness)
        {
            Thread.Sleep(time - OtherLateness);
        }
        else
        {
            Thread.SpinWait(SpinIterations);
        }
    }

    private static long Nanoseconds(this TimeSpan time) =>
        time.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick;

    [LibraryImport("libc", EntryPoint = "nanosleep")]
    private static partial int NanoSleep(in TimeSpec request, nint remaining);

    // struct timespec; both fields have the size of a C long.
    private readonly record struct TimeSpec(nint Seconds, nint Nanoseconds);
}
