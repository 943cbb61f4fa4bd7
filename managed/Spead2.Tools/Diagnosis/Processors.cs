// SPDX-License-Identifier: MIT

using Spead2.Tools.Output;

namespace Spead2.Tools.Diagnosis;

/// <summary>How processors are set: what costs packets only where much comes, so that it is a hint.</summary>
internal static class Processors
{
    private const string Folder = "/sys/devices/system/cpu";

    /// <summary>Governors, and processors that are kept free.</summary>
    public static IEnumerable<Fact> Facts(SystemFiles files)
    {
        string[] governors = [.. Governors(files)];
        yield return new("governor", governors.Length == 0 ? "the system does not say" : string.Join(", ", governors.Distinct()));
        string isolated = files.Line($"{Folder}/isolated") ?? "";
        string tickless = files.Line($"{Folder}/nohz_full") ?? "";
        yield return new(
            "processors",
            $"{Environment.ProcessorCount}; isolated: {(isolated.Length > 0 ? isolated : "none")}; without a tick: "
            + (tickless is { Length: > 0 } and not "(null)" ? tickless : "none"));
    }

    /// <summary>Hints.</summary>
    public static IEnumerable<Finding> Hints(SystemFiles files)
    {
        if (Governors(files).Any(governor => governor is not "performance"))
        {
            yield return new(
                "governor",
                Tone.Plain,
                "Processors save energy, and take their time to become fast when packets come.",
                "cpupower frequency-set -g performance");
        }
    }

    private static IEnumerable<string> Governors(SystemFiles files) =>
        Enumerable.Range(0, Environment.ProcessorCount)
            .Select(cpu => files.Line($"{Folder}/cpu{cpu}/cpufreq/scaling_governor"))
            .OfType<string>();
}
