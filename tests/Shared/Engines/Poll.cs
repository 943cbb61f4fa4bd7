// SPDX-License-Identifier: MIT

using System.Diagnostics;

namespace Spead2.Testing.Engines;

/// <summary>Waits for what has no event, with a deadline.</summary>
internal static class Poll
{
    /// <summary>More than any machine needs; only a test that fails takes so long.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    /// <summary>Fails if a condition does not come true.</summary>
    public static void Until(Func<bool> condition, string what) => Until(condition, () => what);

    /// <inheritdoc cref="Until(Func{bool}, string)"/>
    public static void Until(Func<bool> condition, Func<string> what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > Deadline)
            {
                Assert.Fail($"After {Deadline.TotalSeconds} s still not: {what()}.");
            }

            Thread.Yield();
        }
    }
}
