// SPDX-License-Identifier: MIT

using System.CommandLine;

namespace Spead2.Tools.Help;

/// <summary>What somebody may have meant who wrote a command or an option wrong.</summary>
internal static class NearestName
{
    // Wrong, missing or additional characters, for each of so many.
    private const int CharactersPerMistake = 3;

    /// <summary>The command or option that differs least from a word; null if none is like it.</summary>
    public static string? Of(string word, Command command) => command.Subcommands.Where(inner => !inner.Hidden)
        .Select(inner => inner.Name)
        .Concat(command.Options.Where(option => !option.Hidden).SelectMany(option => option.Aliases.Prepend(option.Name)))
        .Where(name => Math.Abs(name.Length - word.Length) < name.Length)
        .Select(name => (Name: name, Mistakes: Distance(word, name)))
        .Where(near => near.Mistakes * CharactersPerMistake <= near.Name.TrimStart('-').Length)
        .OrderBy(near => near.Mistakes)
        .FirstOrDefault().Name;

    // Levenshtein's distance, in which two neighbours that changed their places count once (Damerau, "optimal string
    // alignment").
    private static int Distance(string from, string to)
    {
        int[,] distances = new int[from.Length + 1, to.Length + 1];
        for (int i = 0; i <= from.Length; i++)
        {
            for (int j = 0; j <= to.Length; j++)
            {
                distances[i, j] = i == 0 || j == 0
                    ? i + j
                    : Math.Min(
                        Math.Min(distances[i - 1, j], distances[i, j - 1]) + 1,
                        distances[i - 1, j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                {
                    distances[i, j] = Math.Min(distances[i, j], distances[i - 2, j - 2] + 1);
                }
            }
        }

        return distances[from.Length, to.Length];
    }
}
