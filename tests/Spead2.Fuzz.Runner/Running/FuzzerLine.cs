// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text.RegularExpressions;

namespace Spead2.Fuzz.Runner.Running;

/// <summary>A line that libFuzzer, or the fuzzer of C#, which prints the same, writes to the standard error.</summary>
/// <param name="RunningCount">How many inputs have been run since its start.</param>
/// <param name="FinalCount">The same, at its end.</param>
/// <param name="NewInputs">How many inputs it has found, at its end.</param>
/// <param name="IsFinding">Whether it says where a finding is.</param>
internal readonly partial record struct FuzzerLine(long? RunningCount, long? FinalCount, long? NewInputs, bool IsFinding)
{
    /// <summary>Reads a line.</summary>
    public static FuzzerLine Parse(string line) => new(
        Number(Running().Match(line)),
        Number(Final().Match(line)),
        Number(Added().Match(line)),
        line.Contains("Test unit written to", StringComparison.Ordinal));

    private static long? Number(Match match) =>
        match.Success ? long.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : null;

    [GeneratedRegex(@"^#(\d+)\s")]
    private static partial Regex Running();

    [GeneratedRegex(@"^stat::number_of_executed_units: (\d+)")]
    private static partial Regex Final();

    [GeneratedRegex(@"^stat::new_units_added: +(\d+)")]
    private static partial Regex Added();
}
