// SPDX-License-Identifier: MIT

namespace Spead2.Mutants.Sources;

/// <summary>A small change of one place, which a switch turns on while the program runs.</summary>
/// <param name="File">Path below the repository's root.</param>
/// <param name="Line">Line of the change, from 1.</param>
/// <param name="Operator">The kind of change, in words.</param>
/// <param name="Was">What the source says.</param>
/// <param name="Becomes">What it says with the mutant on.</param>
/// <param name="Place">What is replaced.</param>
/// <param name="Parts">What stands there instead: the original and the change, with the switch between them.</param>
internal sealed record Mutation(
    string File, int Line, string Operator, string Was, string Becomes, TextRange Place, IReadOnlyList<Part> Parts)
{
    /// <summary>The number by which the mutant is turned on, from 1; 0 while none has been given.</summary>
    public int Number { get; init; }

    /// <summary>Whether another mutant is untouched by this one, or lies within a part that this one keeps.</summary>
    public bool Admits(Mutation other) =>
        !Place.Overlaps(other.Place) ||
        (Place != other.Place && (Keeps(other.Place) || other.Keeps(Place)));

    private bool Keeps(TextRange place) => Parts.Any(part => part.Source is { } kept && kept.Contains(place));
}
