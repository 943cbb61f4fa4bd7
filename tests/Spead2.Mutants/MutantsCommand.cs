// SPDX-License-Identifier: MIT

using System.ComponentModel;
using System.CommandLine;
using System.CommandLine.Help;
using Spead2.Mutants.Languages;
using Spead2.Mutants.Reports;
using Spead2.Mutants.Running;
using Spead2.Mutants.Sources;

namespace Spead2.Mutants;

/// <summary>The program: plants random mutants, runs the tests, and says which nobody noticed.</summary>
internal sealed class MutantsCommand
{
    private const int Good = 0;
    private const int TooFewKilled = 1;
    private const int UserError = 2;
    private const int Failure = 3;
    private const double LeastRate = 90;

    private readonly Option<string[]> _languages = new("--language")
    {
        HelpName = "NAME",
        Description = "Only c or csharp; otherwise both.",
        DefaultValueFactory = _ => ["c", "csharp"],
    };

    private readonly Option<int> _seed = new("--seed")
    {
        HelpName = "N",
        Description = "Decides which mutants are drawn.",
        DefaultValueFactory = _ => 1,
    };

    private readonly Option<int> _count = new("--count")
    {
        HelpName = "N",
        Description = "Mutants of each language.",
        DefaultValueFactory = _ => 200,
    };

    private readonly Option<string> _work = new("--work")
    {
        HelpName = "FOLDER",
        Description = "Where the sources are copied to; what is there from an earlier run is used again.",
        DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), "spead2-mutants"),
    };

    private readonly Option<bool> _survivors = new("--survivors")
    {
        Description = "Try again only those that survived the run before, with the same seed and count.",
    };

    private readonly Option<bool> _reuse = new("--reuse")
    {
        Description = "Use what an earlier run with the same seed and count has built, of the same sources.",
    };

    private readonly Option<bool> _json = new("--json") { Description = "Print JSON, one object for each language, instead of tables." };

    /// <summary>Runs the program and gives its exit code; --help says which there are.</summary>
    public static int Run(string[] arguments)
    {
        MutantsCommand options = new();
        Command command = options.Create();
        ParseResult parsed = command.Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            Console.Error.WriteLine(parsed.Errors[0].Message);
            return UserError;
        }

        Directory.SetCurrentDirectory(RepositoryRoot.Path);
        try
        {
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (AggregateException e) when (e.InnerException is MutantsFailureException inner)
        {
            // From one of several threads.
            Console.Error.WriteLine(inner.Message);
            return Failure;
        }
        catch (Exception e) when (e is MutantsFailureException or Win32Exception or IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine(e.Message);
            return Failure;
        }
    }

    private Command Create()
    {
        _languages.AcceptOnlyFromAmong("c", "csharp");
        _count.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or >= ReachedMutants.Capacity)
            {
                result.AddError($"--count must be from 1 to {ReachedMutants.Capacity - 1}.");
            }
        });
        Command command = new(
            "mutants",
            "Plants random mutants into copies of the C core and of the managed port, all into one build of each, runs the "
                + "tests that come to each of them until one fails, and names those that none noticed. Results are kept in "
                + "artifacts/mutants; reasons of survivors are in tests/Spead2.Mutants/survivors.txt. "
                + $"Exit code 0: of those that are not equivalent at least {LeastRate} % were killed, and every survivor has its "
                + "reason; 1: not so; 2: a wrong argument; 3: something failed.")
        {
            new HelpOption(), _languages, _seed, _count, _work, _survivors, _reuse, _json,
        };
        command.SetAction(Invoke);
        return command;
    }

    private int Invoke(ParseResult parsed)
    {
        bool good = true;
        foreach (string language in parsed.GetRequiredValue(_languages))
        {
            Summary summary = Try(language, parsed);
            good &= summary.Rate >= LeastRate && summary.Unexplained.Count == 0;
            if (parsed.GetValue(_json))
            {
                Console.WriteLine(summary.ToJson());
            }
            else
            {
                summary.Show();
            }
        }

        return good ? Good : TooFewKilled;
    }

    private Summary Try(string language, ParseResult parsed)
    {
        int seed = parsed.GetValue(_seed);
        int count = parsed.GetValue(_count);
        IReadOnlyList<Explanation> explanations = Explanation.ReadAll();
        IReadOnlyList<MutantResult> earlier = parsed.GetValue(_survivors) ? Summary.ReadKept(language) : [];
        string work = Path.Combine(Path.GetFullPath(parsed.GetRequiredValue(_work)), language);
        MutantTree tree = new(RepositoryRoot.Path, work, parsed.GetValue(_reuse));
        ITestBench bench = language == "c" ? new CBench(tree) : new CSharpBench(tree, RepositoryRoot.Path);
        List<MutantResult> results = [];
        Campaign campaign = new(bench, line => Console.Error.WriteLine($"{language}: {line}"));
        void Done(MutantResult result)
        {
            lock (results)
            {
                results.Add(result);
                Console.Error.WriteLine(
                    $"{language}: {results.Count} of {count}: {(result.IsKilled ? "killed" : "SURVIVES")} {result.File}:{result.Line} "
                    + $"{Explanation.ChangeOf(result)} ({result.How}, {result.Seconds:F1} s)");

                // What there is so far: a campaign that is interrupted goes on with --survivors.
                new Summary(language, seed, [.. results], explanations).Keep();
            }
        }

        Summary summary = new(
            language, seed, campaign.Run(new Sampler(bench.Files, seed), count, earlier, Done), explanations);
        summary.Keep();
        return summary;
    }
}
