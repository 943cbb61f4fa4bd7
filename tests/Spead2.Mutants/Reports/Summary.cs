// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text.Json;
using Spead2.Mutants.Running;
using Spectre.Console;

namespace Spead2.Mutants.Reports;

/// <summary>The results of a language's mutants, for people and for programs.</summary>
internal sealed class Summary
{
    private static readonly JsonSerializerOptions Indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private readonly IReadOnlyList<Explanation> _explanations;

    public Summary(string language, int seed, IReadOnlyList<MutantResult> results, IReadOnlyList<Explanation> explanations)
    {
        Language = language;
        Seed = seed;
        Results = results;
        _explanations = explanations;
    }

    public string Language { get; }

    public int Seed { get; }

    public IReadOnlyList<MutantResult> Results { get; }

    /// <summary>Those that no test noticed.</summary>
    public IReadOnlyList<MutantResult> Survivors => [.. Results.Where(one => !one.IsKilled)];

    /// <summary>Survivors of which nobody has said why.</summary>
    public IReadOnlyList<MutantResult> Unexplained => [.. Survivors.Where(one => ExplanationOf(one) is null)];

    public int Killed => Results.Count(one => one.IsKilled);

    public int Equivalent => Survivors.Count(one => ExplanationOf(one) is { IsEquivalent: true });

    /// <summary>Killed mutants among those that are not equivalent, in percent.</summary>
    public double Rate => Results.Count == Equivalent ? 100 : 100.0 * Killed / (Results.Count - Equivalent);

    /// <summary>Where a language's results are kept.</summary>
    public static string FileOf(string language) => $"artifacts/mutants/{language}.json";

    /// <summary>The results that are kept; none if there are none.</summary>
    public static IReadOnlyList<MutantResult> ReadKept(string language)
    {
        if (!File.Exists(FileOf(language)))
        {
            return [];
        }

        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(FileOf(language)));
        return document.RootElement.GetProperty("results").Deserialize<MutantResult[]>(Indented)!;
    }

    /// <summary>Keeps the results for a later run.</summary>
    public void Keep()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(FileOf(Language))!);
        File.WriteAllText(FileOf(Language), ToJson());
    }

    /// <summary>All of it as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(
        new
        {
            Language,
            Seed,
            Mutants = Results.Count,
            Killed,
            Equivalent,
            Rate = Math.Round(Rate, 1),
            Unexplained = Unexplained.Count,
            Results,
        },
        Indented);

    /// <summary>Prints a table by kind of change, and the survivors with their reasons.</summary>
    public void Show()
    {
        Table table = new Table().RoundedBorder().AddColumn($"{Language}, seed {Seed.ToString(CultureInfo.InvariantCulture)}");
        foreach (string column in (string[])["mutants", "killed", "by timeout", "equivalent", "survive", "killed of the rest"])
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        foreach (IGrouping<string, MutantResult> group in Results.GroupBy(one => one.Operator).OrderBy(group => group.Key))
        {
            AddRow(table, group.Key, new(Language, Seed, [.. group], _explanations));
        }

        AddRow(table, "all", this);
        AnsiConsole.Write(table);
        foreach (MutantResult survivor in Survivors)
        {
            Explanation? explanation = ExplanationOf(survivor);
            Console.WriteLine($"{survivor.File}:{survivor.Line}: {Explanation.ChangeOf(survivor)} ({survivor.How})");
            Console.WriteLine($"    {survivor.Source}");
            Console.WriteLine(explanation is null
                ? "    NOT EXPLAINED in tests/Spead2.Mutants/survivors.txt"
                : $"    {(explanation.IsEquivalent ? "equivalent: " : "")}{explanation.Reason}");
        }
    }

    private static void AddRow(Table table, string name, Summary of) => table.AddRow(
        name,
        Number(of.Results.Count),
        Number(of.Killed),
        Number(of.Results.Count(one => one.IsKilled && one.How == TestFailure.Timeout)),
        Number(of.Equivalent),
        Number(of.Survivors.Count - of.Equivalent),
        string.Create(CultureInfo.InvariantCulture, $"{of.Rate:F1} %"));

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private Explanation? ExplanationOf(MutantResult mutant) => _explanations.FirstOrDefault(one => one.Explains(mutant));
}
