// SPDX-License-Identifier: MIT

using System.Diagnostics;

namespace Spead2.Differential;

/// <summary>Checks seeds one after the other.</summary>
internal sealed class SeedRun(ISeedCheck check, ulong first, int count)
{
    /// <summary>So many disagreements are enough: shrinking takes time, and most will have one cause.</summary>
    public const int EnoughDisagreements = 10;

    private readonly List<Disagreement> _disagreements = [];

    public ulong First => first;

    public int Count => count;

    /// <summary>Seeds that have been checked.</summary>
    public int Done { get; private set; }

    public TimeSpan Time { get; private set; }

    public IReadOnlyList<Disagreement> Disagreements => _disagreements;

    /// <summary>Checks the seeds, or fewer if there are disagreements enough, and tells of each.</summary>
    public void Run(Action<IReadOnlyList<Disagreement>> afterSeed)
    {
        long start = Stopwatch.GetTimestamp();
        while (Done < count && _disagreements.Count < EnoughDisagreements)
        {
            Disagreement[] found = [.. check.Check(unchecked(first + (ulong)Done))];
            _disagreements.AddRange(found);
            Done++;
            Time = Stopwatch.GetElapsedTime(start);
            afterSeed(found);
        }
    }
}
