// SPDX-License-Identifier: MIT

namespace Spead2.Soak.Resources;

/// <summary>
/// Whether a resource grew where there is no stream, by thirds of the time. The first third is what it takes to warm
/// up; then what grows forever is always more in the last third than it usually was in the second.
/// </summary>
/// <param name="Name">The resource.</param>
/// <param name="First">Median of the first third.</param>
/// <param name="Second">Median of the second third.</param>
/// <param name="Third">Median of the last third.</param>
/// <param name="LeastOfThird">Smallest value of the last third.</param>
/// <param name="Allowed">
/// How much more the smallest value may be than the median before; null if it is not judged.
/// </param>
internal readonly record struct Flatness(
    string Name, long First, long Second, long Third, long LeastOfThird, long? Allowed)
{
    // Of samples without a stream there should be a few in each third.
    private const int FewestSamples = 9;

    // The runtime compiles a method again now and then, and remembers threads; in a run that is shorter than this most
    // of it is still to come.
    private const long RuntimeBytes = 1 << 19;
    private const double LeastSeconds = 60;

    /// <summary>Whether the resource did not grow.</summary>
    public bool Holds => Allowed is not { } allowed || LeastOfThird - Second <= allowed;

    /// <summary>The resources of a run.</summary>
    public static IEnumerable<Flatness> Of(IReadOnlyList<ResourceSample> samples)
    {
        ResourceSample[] quiet = [.. samples.Where(sample => sample.IsQuiet)];
        long? ofRuntime = quiet[^1].Seconds < LeastSeconds ? null : RuntimeBytes;
        yield return Compare("heaps' memory", quiet, sample => sample.Heaps.Used, 0);
        yield return Compare("native memory in use", quiet, sample => sample.Process.NativeUsed, ofRuntime);
        yield return Compare("managed memory in use", quiet, sample => sample.Process.ManagedUsed, ofRuntime);
        yield return Compare("file descriptors", quiet, sample => sample.Descriptors, 0);
        yield return Compare("engine's threads", quiet, sample => sample.EngineThreads, 0);

        // malloc's arenas grow to what was ever needed at a time of each of them; what is in them is above.
        yield return Compare("native memory kept by malloc", quiet, sample => sample.Process.NativeKept, null);
        yield return Compare("memory of the process", quiet, sample => sample.Process.Resident, null);
    }

    private static Flatness Compare(
        string name, IReadOnlyList<ResourceSample> samples, Func<ResourceSample, long> value, long? allowed)
    {
        if (samples.Count < FewestSamples)
        {
            long first = value(samples[0]);
            long last = value(samples[^1]);
            return new(name, first, first, last, last, allowed);
        }

        int third = samples.Count / 3;
        long[] values = [.. samples.Select(value)];
        return new(
            name,
            Median(values[..third]),
            Median(values[third..(2 * third)]),
            Median(values[(2 * third)..]),
            values[(2 * third)..].Min(),
            allowed);
    }

    private static long Median(long[] values)
    {
        Array.Sort(values);
        return values[values.Length / 2];
    }
}
