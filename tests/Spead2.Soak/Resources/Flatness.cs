// SPDX-License-Identifier: MIT

namespace Spead2.Soak.Resources;

/// <summary>Whether a resource grew: its median soon after the start against that at the end.</summary>
/// <param name="Name">The resource.</param>
/// <param name="Early">Median of the second quarter of the time.</param>
/// <param name="Late">Median of the last quarter.</param>
/// <param name="Most">The largest value.</param>
/// <param name="Allowed">How much more it may be late.</param>
internal readonly record struct Flatness(string Name, long Early, long Late, long Most, long Allowed)
{
    // Of samples with a stream and without one there should be a few in each quarter.
    private const int FewestSamples = 8;

    // What the runtime may take more, for example because it compiles a method again.
    private const long RuntimeBytes = 32 << 20;

    /// <summary>Whether the resource did not grow.</summary>
    public bool Holds => Late - Early <= Allowed;

    /// <summary>The resources of a run.</summary>
    public static IEnumerable<Flatness> Of(IReadOnlyList<ResourceSample> samples)
    {
        // Where there is no stream nothing may be held for one, and the memory of heaps has been given back.
        ResourceSample[] quiet = [.. samples.Where(sample => sample.IsQuiet)];
        yield return Compare("memory of the process without a stream", quiet, sample => sample.Resident, RuntimeBytes);
        yield return Compare("memory of the garbage collector without a stream", quiet, sample => sample.ManagedBytes, RuntimeBytes);
        yield return Compare("file descriptors without a stream", quiet, sample => sample.Descriptors, 0);
        yield return Compare("engine's threads without a stream", quiet, sample => sample.EngineThreads, 0);
        yield return Compare("heaps' memory without a stream", quiet, sample => sample.Memory.Used, 0);
    }

    private static Flatness Compare(
        string name, IReadOnlyList<ResourceSample> samples, Func<ResourceSample, long> value, long allowed)
    {
        long[] values = [.. samples.Select(value)];
        int quarter = values.Length / 4;
        return values.Length < FewestSamples
            ? new(name, values.FirstOrDefault(), values.LastOrDefault(), values.DefaultIfEmpty().Max(), allowed)
            : new(name, Median(values[quarter..(2 * quarter)]), Median(values[(3 * quarter)..]), values.Max(), allowed);
    }

    private static long Median(long[] values)
    {
        Array.Sort(values);
        return values[values.Length / 2];
    }
}
