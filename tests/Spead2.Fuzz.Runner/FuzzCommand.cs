// SPDX-License-Identifier: MIT

using System.ComponentModel;
using System.CommandLine;
using System.CommandLine.Help;
using Spead2.Fuzz.Runner.Reports;
using Spead2.Fuzz.Runner.Running;
using Spead2.Fuzz.Runner.Seeds;

namespace Spead2.Fuzz.Runner;

/// <summary>The program: builds the fuzz targets, runs them, and says what came of it.</summary>
internal sealed class FuzzCommand
{
    private const int NoFinding = 0;
    private const int Finding = 1;
    private const int UserError = 2;
    private const int Failure = 3;
    private const double SecondsPerMinute = 60;

    private readonly Option<double> _minutes = new("--minutes")
    {
        HelpName = "N",
        Description = $"How long each target runs; {FuzzerPool.FuzzersAtATime} run at a time.",
        DefaultValueFactory = _ => 1,
    };

    private readonly Option<string[]> _targets = new("--target")
    {
        HelpName = "NAME",
        Description = "Only this target; may be repeated.",
        DefaultValueFactory = _ => [],
    };

    private readonly Option<bool> _keep = new("--keep")
    {
        Description = $"Add inputs that reach new code to {FuzzTarget.CoreCorpus} and {FuzzTarget.ItemsCorpus}, "
            + "as few as will do.",
    };

    private readonly Option<bool> _json = new("--json") { Description = "Print a line of JSON for each target instead of a table." };

    /// <summary>
    /// Runs the program and gives its exit code: 0 no finding, 1 a finding, 2 wrong arguments, 3 it could not be done.
    /// </summary>
    public static int Run(string[] arguments)
    {
        FuzzCommand options = new();
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
        catch (Exception e) when (e is FuzzFailureException or Win32Exception or IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine(e.Message);
            return Failure;
        }
    }

    private Command Create()
    {
        _minutes.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is not > 0)
            {
                result.AddError("--minutes must be more than 0.");
            }
        });
        _targets.AcceptOnlyFromAmong([.. FuzzTarget.All.Select(target => target.Name)]);
        Command command = new(
            "fuzz",
            "Fuzzes the C core and the items in C#, guided by coverage. Findings are kept in "
                + $"{FuzzTarget.WorkRoot}/NAME, the commands that run them again in {FuzzTarget.WorkRoot}/findings.txt. "
                + "Exit code 0: no finding, 1: a finding, 2: a wrong argument, 3: something failed.")
        {
            new HelpOption(), _minutes, _targets, _keep, _json,
        };
        command.SetAction(Invoke);
        return command;
    }

    private int Invoke(ParseResult parsed)
    {
        string[] chosen = parsed.GetRequiredValue(_targets);
        FuzzTarget[] targets =
            [.. FuzzTarget.All.Where(target => chosen.Length == 0 || chosen.Contains(target.Name))];
        Builds.All(targets);
        SeedWriter.WriteAll();
        foreach (FuzzTarget target in targets)
        {
            Directory.CreateDirectory(target.NewInputs);
            ForgetEarlierRun(target);
        }

        IReadOnlyList<FuzzProgress> progress =
            FuzzerPool.Run(targets, parsed.GetValue(_minutes) * SecondsPerMinute);
        if (parsed.GetValue(_keep))
        {
            foreach (FuzzTarget target in targets)
            {
                KeepInputs(target);
            }
        }

        FuzzSummary summary = FuzzSummary.Of(progress);
        File.WriteAllLines($"{FuzzTarget.WorkRoot}/findings.txt", summary.FindingCommands);
        if (parsed.GetValue(_json))
        {
            FuzzReport.WriteJson(Console.Out, summary);
        }
        else
        {
            FuzzReport.Show(summary);
        }

        return summary.FindingCommands.Count > 0 ? Finding : NoFinding;
    }

    // Its findings, and what ran when it was interrupted.
    private static void ForgetEarlierRun(FuzzTarget target)
    {
        foreach (string old in (string[])[.. target.Findings, $"{target.Work}/running", $"{target.Work}/log.txt"])
        {
            File.Delete(old);
        }
    }

    // Which parts of the code are reached decides, not how often: few inputs do.
    private static void KeepInputs(FuzzTarget target)
    {
        Directory.CreateDirectory(target.Corpus);
        string[] options = target.IsCore ? ["-merge=1", "-use_counters=0"] : ["merge"];
        string[] folders = [.. ((string[])[target.NewInputs, target.Seeds]).Where(Directory.Exists)];
        ChildProcess.Run(target.Program, [.. options, target.Corpus, .. folders]);
    }
}
