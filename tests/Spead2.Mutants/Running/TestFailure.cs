// SPDX-License-Identifier: MIT

namespace Spead2.Mutants.Running;

/// <summary>Tests that a mutant was noticed by.</summary>
/// <param name="Unit">The tests.</param>
/// <param name="How">What happened: the test that failed, a timeout, or a crash.</param>
/// <param name="IsCertain">Whether it happened in a way that need not be tried once more: the program hung.</param>
internal sealed record TestFailure(TestUnit Unit, string How, bool IsCertain);
