// SPDX-License-Identifier: MIT

namespace Spead2.Mutants.Running;

/// <summary>What became of a mutant.</summary>
/// <param name="Number">Its number in the build.</param>
/// <param name="File">Where it is.</param>
/// <param name="Line">Where it is, from 1.</param>
/// <param name="Operator">The kind of change.</param>
/// <param name="Was">What the source says.</param>
/// <param name="Becomes">What it says with the mutant on.</param>
/// <param name="Source">The line, without the space before and behind it.</param>
/// <param name="KilledBy">The tests that noticed it; empty if none did.</param>
/// <param name="How">The test that failed, a timeout, or a crash; or why nothing noticed it.</param>
/// <param name="Reached">How many units of tests come to it.</param>
/// <param name="Seconds">How long the tests ran.</param>
internal sealed record MutantResult(
    int Number,
    string File,
    int Line,
    string Operator,
    string Was,
    string Becomes,
    string Source,
    string KilledBy,
    string How,
    int Reached,
    double Seconds)
{
    public bool IsKilled => KilledBy.Length > 0;

    /// <summary>What tells the mutant from others in the same place.</summary>
    public (string, int, string, string, string) Identity => (File, Line, Operator, Was, Becomes);
}
