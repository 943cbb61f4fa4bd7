// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Spead2.Benchmarks.Udp;

/// <summary>Processor time of threads of this process, as Linux counts it.</summary>
internal static class ThreadTimes
{
    private const double NanosecondsPerSecond = 1e9;

    /// <summary>Seconds of all threads whose name begins like this.</summary>
    public static double Of(string name) =>
        Directory.EnumerateDirectories("/proc/self/task")
            .Where(task => Read(task, "comm").StartsWith(name, StringComparison.Ordinal))
            .Sum(task => double.Parse(Read(task, "schedstat").Split(' ')[0], CultureInfo.InvariantCulture))
        / NanosecondsPerSecond;

    // A thread may end in between.
    private static string Read(string task, string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, file));
        }
        catch (IOException)
        {
            return "0";
        }
    }
}
