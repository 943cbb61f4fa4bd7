// SPDX-License-Identifier: MIT

using System.Diagnostics;

namespace Spead2.Managed;

/// <summary>Waits for a condition without sleeping, where another thread can make it true meanwhile.</summary>
internal static class Spin
{
    // A spinning thread shares a processor's caches, and often the core itself, with the thread that it waits for: it
    // pauses this often between two looks, a few hundred nanoseconds in all.
    private const int PausesPerLook = 16;

    // Looks at the condition between two looks at the clock, which costs as much as several pauses.
    private const int LooksPerClock = 8;

    public static void Until<TState>(TState state, Func<TState, bool> condition, TimeSpan limit)
    {
        if (Environment.ProcessorCount == 1 || limit <= TimeSpan.Zero)
        {
            return;
        }

        long start = Stopwatch.GetTimestamp();
        do
        {
            for (int look = 0; look < LooksPerClock; look++)
            {
                if (condition(state))
                {
                    return;
                }

                Thread.SpinWait(PausesPerLook);
            }
        }
        while (Stopwatch.GetElapsedTime(start) < limit);
    }
}
