// SPDX-License-Identifier: MIT

using Spead2.Mutants.Running;

namespace Spead2.Mutants.Reports;

/// <summary>Why a mutant survives, as somebody has found out who looked at it.</summary>
/// <param name="IsEquivalent">Whether no caller could ever see a difference.</param>
/// <param name="File">Where the mutant is.</param>
/// <param name="Change">Its kind, what the source says, and what it says with the mutant on.</param>
/// <param name="Source">The line.</param>
/// <param name="Reason">Why.</param>
internal sealed record Explanation(bool IsEquivalent, string File, string Change, string Source, string Reason)
{
    private const string Name = "tests/Spead2.Mutants/survivors.txt";
    private const int HeadLines = 3;

    /// <summary>Reads all of them.</summary>
    /// <exception cref="MutantsFailureException">The file is not as its head says.</exception>
    public static IReadOnlyList<Explanation> ReadAll() => Parse(System.IO.File.ReadAllText(Name));

    /// <summary>Reads paragraphs: "equivalent" or "survives" and a file, the change, the line, and the reason.</summary>
    public static IReadOnlyList<Explanation> Parse(string text)
    {
        List<Explanation> all = [];
        foreach (string paragraph in text.ReplaceLineEndings("\n").Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            string[] lines = [.. paragraph.Split('\n').Select(line => line.Trim()).Where(line => line is not ("" or ['#', ..]))];
            if (lines.Length == 0)
            {
                continue;
            }

            string[] head = lines[0].Split(' ', 2);
            if (lines.Length <= HeadLines || head.Length != 2 || head[0] is not ("equivalent" or "survives"))
            {
                throw new MutantsFailureException($"{Name}: this says no mutant and reason: {paragraph}");
            }

            all.Add(new(head[0] == "equivalent", head[1], lines[1], lines[2], string.Join(' ', lines[HeadLines..])));
        }

        return all;
    }

    /// <summary>How a change is written here.</summary>
    public static string ChangeOf(MutantResult mutant) => mutant.Becomes.Length == 0
        ? $"{mutant.Operator}: {mutant.Was}"
        : $"{mutant.Operator}: {mutant.Was} to {mutant.Becomes}";

    /// <summary>Whether this is about a mutant.</summary>
    public bool Explains(MutantResult mutant) =>
        File == mutant.File && Change == ChangeOf(mutant) && Source == mutant.Source;
}
