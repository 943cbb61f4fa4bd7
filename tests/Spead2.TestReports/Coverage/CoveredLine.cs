// SPDX-License-Identifier: MIT

namespace Spead2.TestReports.Coverage;

/// <summary>A line of code that tests may run.</summary>
/// <param name="File">Its file, below the repository's root.</param>
/// <param name="Number">Its number.</param>
/// <param name="HasRun">Whether a test has run it.</param>
/// <param name="Branches">How many ways it can go on; 0: only one.</param>
/// <param name="BranchesRun">How many of these tests have gone.</param>
internal sealed record CoveredLine(string File, int Number, bool HasRun, int Branches, int BranchesRun);
