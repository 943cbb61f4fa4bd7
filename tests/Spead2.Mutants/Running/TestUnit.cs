// SPDX-License-Identifier: MIT

namespace Spead2.Mutants.Running;

/// <summary>Tests that are run together, and what a run without a mutant has told of them.</summary>
/// <param name="Name">What they are called.</param>
/// <param name="Program">The program that has them.</param>
/// <param name="Duration">How long they take.</param>
/// <param name="Reached">The numbers of the mutants whose place they reach.</param>
/// <param name="Stage">Those of a later stage are run where those of the earlier ones notice nothing.</param>
/// <param name="IsMeasured">Whether they have run without a mutant, and passed.</param>
internal sealed record TestUnit(
    string Name, string Program, TimeSpan Duration, IReadOnlySet<int> Reached, int Stage = 0, bool IsMeasured = true);
