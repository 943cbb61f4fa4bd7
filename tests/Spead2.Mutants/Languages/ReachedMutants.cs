// SPDX-License-Identifier: MIT

namespace Spead2.Mutants.Languages;

/// <summary>
/// A file that a program with mutants maps into its memory, where it marks those that it comes to: one byte each, by
/// their numbers. It holds what a program has marked however that ends.
/// </summary>
internal static class ReachedMutants
{
    /// <summary>Environment variable: the number of the mutant that is on.</summary>
    public const string Mutant = "SPEAD2_MUTANT";

    /// <summary>Environment variable: the file.</summary>
    public const string FileVariable = "SPEAD2_MUTANTS_REACHED";

    /// <summary>Most mutants that there may be.</summary>
    public const int Capacity = 65536;

    /// <summary>Makes a file in which nothing is marked.</summary>
    public static void Create(string path) => File.WriteAllBytes(path, new byte[Capacity]);

    /// <summary>The numbers that are marked.</summary>
    public static IReadOnlySet<int> Read(string path)
    {
        byte[] marks = File.ReadAllBytes(path);
        return Enumerable.Range(0, marks.Length).Where(number => marks[number] != 0).ToHashSet();
    }
}
