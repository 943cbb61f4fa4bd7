// SPDX-License-Identifier: MIT

using System.Globalization;
using Spead2.Fuzz.Runner.Reached;
using Spead2.Fuzz.Runner.Running;

namespace Spead2.Fuzz.Runner.Reports;

/// <summary>What came of all targets.</summary>
/// <param name="Results">Of each.</param>
/// <param name="Packet">Lines of native/src/packet that the inputs of all targets run.</param>
/// <param name="Heap">Lines of native/src/heap that the inputs of all targets run.</param>
/// <param name="Unreached">The lines that they do not, with the reason.</param>
/// <param name="FindingCommands">The commands that run the findings again.</param>
internal sealed record FuzzSummary(
    IReadOnlyList<FuzzResult> Results,
    string Packet,
    string Heap,
    IReadOnlyList<(string Line, string Reason)> Unreached,
    IReadOnlyList<string> FindingCommands)
{
    /// <summary>Replays the inputs to see which lines they run.</summary>
    public static FuzzSummary Of(IReadOnlyList<FuzzProgress> progress)
    {
        FuzzResult[] results = [.. progress.Select(ResultOf)];
        FuzzTarget[] core = [.. progress.Select(of => of.Target).Where(target => target.IsCore)];
        ReachedLines reached = core.Length == 0 ? ReachedLines.None : ReachedLines.By(core);
        return new(
            results, Percent(reached, "packet"), Percent(reached, "heap"), [.. UnreachedBy(reached)],
            [.. progress.SelectMany(of => of.Target.Findings.Select(of.Target.ReplayCommand))]);
    }

    private static FuzzResult ResultOf(FuzzProgress of)
    {
        ReachedLines reached = of.Target.IsCore ? ReachedLines.By(of.Target) : ReachedLines.None;
        return new(
            of.Target.Name, of.Executions, of.Seconds, of.Target.InputCount, of.NewInputs, Percent(reached, "packet"),
            Percent(reached, "heap"), of.Target.Findings);
    }

    private static string Percent(ReachedLines reached, string folder) =>
        reached.Percent(folder) is double percent && !double.IsNaN(percent)
            ? string.Create(CultureInfo.InvariantCulture, $"{percent:0.0} %")
            : "–";

    private static IEnumerable<(string Line, string Reason)> UnreachedBy(ReachedLines reached)
    {
        UnreachedReasons reasons = UnreachedReasons.Parse(File.ReadLines(UnreachedReasons.File));
        foreach ((string file, int number, _) in reached.Lines.Where(line => !line.HasRun))
        {
            string text = File.ReadLines(file).ElementAt(number - 1).Trim();
            yield return ($"{file}:{number}: {text}", reasons.Of(file, text));
        }
    }
}
