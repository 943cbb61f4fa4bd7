// SPDX-License-Identifier: MIT

namespace Spead2.Mutants.Sources;

/// <summary>A file of the sources, and every change that could be made to it.</summary>
internal sealed record SourceFile(string Path, string Text, IReadOnlyList<Mutation> Candidates);
