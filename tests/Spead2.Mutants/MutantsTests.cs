// SPDX-License-Identifier: MIT

using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Spead2.Mutants.Languages;
using Spead2.Mutants.Reports;
using Spead2.Mutants.Running;
using Spead2.Mutants.Sources;

namespace Spead2.Mutants;

/// <summary>What is changed, and how it is written. The campaign itself is ./build.sh mutants.</summary>
public sealed class MutantsTests
{
    private const string Source = """
        class C
        {
            const int Limit = 7;

            int M(int a, int b)
            {
                if (a < b)
                {
                    return 1;
                }

                while (!Ready(a) && b > 0)
                {
                    b -= a;
                    Ready(Math.Min(a, b));
                }

                return a + b;
            }

            bool Ready(int value) => value is 3 or 4;
        }
        """;

    [Test]
    public void Each_kind_of_change_is_found()
    {
        string[] changes = [.. Candidates().Select(one => $"{one.Operator}: {one.Was} > {one.Becomes}")];

        Assert.That(changes, Is.EquivalentTo((string[])
        [
            "early return removed: if (a < b) return > ",
            "relation negated: < > >=", "boundary moved: < > <=",
            "constant: 1 > 2", "constant: 1 > 0",
            "logic: && > ||", "negation removed: ! > ",
            "relation negated: > > <=", "boundary moved: > > >=", "constant: 0 > 1",
            "statement deleted: b -= a; > ", "assignment: -= > +=",
            "statement deleted: Ready(Math.Min(a, b)); > ", "minimum and maximum: Math.Min > Math.Max",
            "arithmetic: + > -",
        ]));
    }

    [Test]
    public void Mutants_within_each_other_have_their_switches()
    {
        Mutation[] nested = [.. Candidates()
            .Where(one => one.Line == 12 && one.Operator is "logic" or "negation removed")
            .Select((one, index) => one with { Number = index + 1 })];
        Assert.That(nested, Has.Length.EqualTo(2));
        Assert.That(nested[0].Admits(nested[1]), Is.True);

        string text = new MutatedFile(Source, nested, number => $"Is({number})").Text;

        Assert.That(text, Does.Contain(
            "while ((Is(1) ? ((Is(2) != !(Ready(a)))) || (b > 0) : (Is(2) != !(Ready(a))) && b > 0))"));
    }

    [Test]
    public void Error_in_a_mutant_is_told_from_others()
    {
        Mutation mutation = Candidates().First(one => one.Operator == "arithmetic") with { Number = 5 };
        MutatedFile file = new(Source, [mutation], number => $"Is({number})");

        Assert.That(file.At(file.Text.IndexOf("Is(5)", StringComparison.Ordinal)), Is.SameAs(mutation));
        Assert.That(file.At(0), Is.Null);
    }

    [Test]
    public void Seed_decides_what_is_drawn()
    {
        SourceFile[] files = [new("C.cs", Source, Candidates())];
        string[] first = Draw(1);

        Assert.That(first, Has.Length.EqualTo(5));
        Assert.That(Draw(1), Is.EqualTo(first));
        Assert.That(Draw(2), Is.Not.EqualTo(first));

        string[] Draw(int seed)
        {
            Sampler sampler = new(files, seed);
            sampler.Fill(5);
            return [.. sampler.Drawn.Select(one => $"{one.Line} {one.Operator} {one.Becomes}")];
        }
    }

    [Test]
    public void Given_up_mutants_are_replaced()
    {
        Sampler sampler = new([new("C.cs", Source, Candidates())], seed: 1);
        sampler.Fill(3);
        Mutation gone = sampler.Drawn[0];
        sampler.GiveUp(gone);
        sampler.Fill(3);

        Assert.That(sampler.Drawn, Has.Count.EqualTo(3));
        Assert.That(sampler.Drawn.Select(one => one.Number), Is.EqualTo((int[])[2, 3, 4]));
    }

    [Test]
    public void Equivalent_mutants_do_not_count()
    {
        MutantResult killed = new(1, "a.c", 3, "boundary moved", "<", "<=", "if (a < b) {", "ring", "failed", 1, 1);
        MutantResult survivor = killed with { Number = 2, KilledBy = "", Line = 4, Source = "while (a < b) {" };
        Summary summary = new("c", 1, [killed, survivor], Explanation.Parse("""
            # A comment.

            equivalent a.c
            boundary moved: < to <=
            while (a < b) {
            They are never the
            same.
            """));

        Assert.That((summary.Killed, summary.Equivalent, summary.Rate), Is.EqualTo((1, 1, 100.0)));
        Assert.That(summary.Unexplained, Is.Empty);
    }

    private static IReadOnlyList<Mutation> Candidates()
    {
        CSharpCompilation compilation = CSharpCompilation.Create(
            "C", [CSharpSyntaxTree.ParseText(Source)], [MetadataReference.CreateFromFile(typeof(object).Assembly.Location)]);
        return CSharpTree.Read("C.cs", compilation.GetSemanticModel(compilation.SyntaxTrees[0])).Candidates;
    }
}
