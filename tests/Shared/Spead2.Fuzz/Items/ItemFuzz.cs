// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Spead2.Fuzz.Items;

/// <summary>
/// Runs cases and takes note of those that break a rule: an exception comes out that is not documented, or a case takes
/// more memory or time than it may.
/// </summary>
internal sealed partial class ItemFuzz(long seed)
{
    private const long MostAllocation = 64L << 20;

    // Records of small fields as objects take 250 times as much as in the heap. A value is read after each of three heaps,
    // in about four forms.
    private const long MostAllocationPerByte = 250 * 3 * 4;
    private const int MostFindings = 20;

    /// <summary>Far above what a case takes, because the machine may have other things to do.</summary>
    private static readonly TimeSpan MostTime = TimeSpan.FromSeconds(5);

    private readonly List<ItemFinding> _findings = [];
    private readonly Dictionary<string, long> _reasons = [];

    /// <summary>Seed of the run.</summary>
    public long Seed => seed;

    /// <summary>The first cases that broke a rule.</summary>
    public IReadOnlyList<ItemFinding> Findings => _findings;

    /// <summary>
    /// Reasons to refuse a heap or a form of a value, without most numbers and names, and how often there was each.
    /// </summary>
    public IReadOnlyDictionary<string, long> Reasons => _reasons;

    /// <summary>The sum of all cases so far.</summary>
    public ItemTally Tally { get; } = new() { Seed = seed };

    /// <summary>Runs cases.</summary>
    /// <param name="first">Number of the first one.</param>
    /// <param name="cases">How many.</param>
    /// <param name="casesPerUpdate">How many between two calls of <paramref name="progress"/>.</param>
    /// <param name="progress">Is told how many are done.</param>
    public void Run(long first, long cases, int casesPerUpdate, Action<long> progress)
    {
        for (long i = 0; i < cases; i++)
        {
            Run(first + i);
            if ((i + 1) % casesPerUpdate == 0)
            {
                progress(i + 1);
            }
        }

        Tally.Reasons = _reasons.Count;
    }

    private void Run(long number)
    {
        ItemCase input = new ItemCaseGenerator(Mix(seed, number)).Create();
        long allocatedBefore = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        string? problem = null;
        try
        {
            ItemCaseRunner.Run(input, Tally, AddReason);
        }
        catch (Exception exception)
        {
            problem = exception.ToString();
        }

        TimeSpan time = Stopwatch.GetElapsedTime(start);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - allocatedBefore;
        Tally.Cases++;
        if (allocated > Tally.LargestAllocation)
        {
            (Tally.LargestAllocation, Tally.LargestCase) = (allocated, number);
        }

        if (time.TotalMilliseconds > Tally.LongestMilliseconds)
        {
            (Tally.LongestMilliseconds, Tally.LongestCase) = (time.TotalMilliseconds, number);
        }

        long allowed = MostAllocation + MostAllocationPerByte * input.Heaps.Sum(
            heap => heap.Sum(item => (long)(item.Bytes?.Length ?? 0)));
        problem ??= allocated > allowed ? $"{allocated} bytes are allocated; {allowed} are allowed."
            : time > MostTime ? $"It takes {time}; {MostTime} are allowed."
            : null;
        if (problem is not null)
        {
            Tally.Findings++;
            if (_findings.Count < MostFindings)
            {
                _findings.Add(new(number, problem, input.ToString()));
            }
        }
    }

    private void AddReason(Exception exception)
    {
        string reason = $"{exception.GetType().Name}: {Particular().Replace(exception.Message, "·")}";
        _reasons[reason] = _reasons.GetValueOrDefault(reason) + 1;
    }

    // Cases are independent of each other: each can be run alone.
    private static int Mix(long seed, long number)
    {
        ulong mixed = ((ulong)seed * 0x9e3779b97f4a7c15) + (ulong)number;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
        return (int)(mixed >> 33);
    }

    [GeneratedRegex(
        "'.*'|\".*\"|0x[0-9a-f]+|-?[0-9]+|\\[.*\\]|\\(.*\\)|is (read|written) as .*|is [^;]*;", RegexOptions.Singleline)]
    private static partial Regex Particular();
}
