// SPDX-License-Identifier: MIT

namespace Spead2.Mutants.Sources;

/// <summary>Characters of a source file: the first, and the one behind the last.</summary>
internal readonly record struct TextRange(int Start, int End)
{
    public bool Contains(TextRange other) => Start <= other.Start && other.End <= End;

    public bool Contains(int position) => Start <= position && position < End;

    public bool Overlaps(TextRange other) => Start < other.End && other.Start < End;

    public string Of(string text) => text[Start..End];
}
