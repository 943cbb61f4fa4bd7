// SPDX-License-Identifier: MIT

namespace Spead2.Mutants.Sources;

/// <summary>
/// A part of what stands in a mutated place: text, a range of the source (in which other mutants may be), or, if both
/// are missing, the question whether the mutant is on.
/// </summary>
internal readonly record struct Part(string? Text, TextRange? Source)
{
    /// <summary>Whether the mutant is on, as an expression.</summary>
    public static Part IsOn => default;

    public static implicit operator Part(string text) => new(text, null);

    public static implicit operator Part(TextRange source) => new(null, source);
}
