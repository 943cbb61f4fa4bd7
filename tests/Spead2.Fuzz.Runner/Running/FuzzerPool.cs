// SPDX-License-Identifier: MIT

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace Spead2.Fuzz.Runner.Running;

/// <summary>Runs fuzzers, two at a time, with bars that show how far they are.</summary>
internal static class FuzzerPool
{
    /// <summary>How many run at a time.</summary>
    public const int FuzzersAtATime = 2;

    // Of a target; more would say the same.
    private const int MostFindings = 5;

    private const int LongestInput = 8192;
    private const int LongestSecondsOfAnInput = 30;

    /// <summary>
    /// Runs the targets. If there are more than run at a time, each runs in two parts, so that no processor is idle in the
    /// end; the second part begins with what the first has found.
    /// </summary>
    /// <param name="targets">What is run.</param>
    /// <param name="seconds">For how long, each.</param>
    /// <exception cref="FuzzFailureException">A fuzzer ended without a finding.</exception>
    public static IReadOnlyList<FuzzProgress> Run(IReadOnlyList<FuzzTarget> targets, double seconds)
    {
        FuzzProgress[] all = [.. targets.Select(target => new FuzzProgress(target))];
        int parts = targets.Count > FuzzersAtATime ? 2 : 1;
        ConcurrentQueue<FuzzProgress> waiting = new(Enumerable.Repeat(all, parts).SelectMany(one => one));

        // The table, or JSON, alone is on the standard output.
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        console.Progress()
            .Columns(
                new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn())
            .Start(context =>
            {
                Dictionary<FuzzProgress, ProgressTask> bars =
                    all.ToDictionary(of => of, of => context.AddTask(of.Target.Name, maxValue: seconds));
                Task[] workers = [.. Enumerable.Range(0, FuzzersAtATime).Select(_ => Task.Run(() =>
                {
                    while (waiting.TryDequeue(out FuzzProgress? next))
                    {
                        RunFor(next, seconds / parts, bars[next]);
                    }
                }))];
                Task.WhenAll(workers).GetAwaiter().GetResult();
            });
        return all;
    }

    // Runs a target until the time is over. A fuzzer ends at a finding; then it is started again.
    private static void RunFor(FuzzProgress of, double seconds, ProgressTask bar)
    {
        Stopwatch time = Stopwatch.StartNew();
        double before = of.Seconds;
        bool goesOn = true;
        while (goesOn && time.Elapsed.TotalSeconds < seconds && of.Target.Findings.Length < MostFindings)
        {
            int findings = of.Target.Findings.Length;
            int left = Math.Max(1, (int)(seconds - time.Elapsed.TotalSeconds));
            bool passed = RunOnce(of, left, () =>
            {
                of.Seconds = before + time.Elapsed.TotalSeconds;
                bar.Value = of.Seconds;
                bar.Description = string.Create(
                    CultureInfo.InvariantCulture, $"{of.Target.Name}: {of.Executions:N0} executions");
            });

            // The same finding would come again and again.
            goesOn = passed || of.Target.Findings.Length > findings;
        }

        of.Seconds = before + time.Elapsed.TotalSeconds;
        bar.Value = of.Seconds;
    }

    // Whether it ended without a finding.
    private static bool RunOnce(FuzzProgress of, int seconds, Action lineRead)
    {
        FuzzTarget target = of.Target;
        string[] options = target.IsCore
            ?
            [
                $"-max_total_time={seconds}", $"-max_len={LongestInput}", $"-timeout={LongestSecondsOfAnInput}",
                "-print_final_stats=1", $"-artifact_prefix={target.Work}/finding-",
            ]
            : ["guide", "--seconds", $"{seconds}", "--findings", $"{target.Work}/finding-"];
        string[] folders = [.. ((string[])[target.NewInputs, target.Corpus, target.Seeds]).Where(Directory.Exists)];
        using Process process = new()
        {
            StartInfo = new ProcessStartInfo(target.Program, [.. options, .. folders]) { RedirectStandardError = true },
        };
        using StreamWriter log = File.AppendText($"{target.Work}/log.txt");
        process.Start();
        long before = of.Executions;
        bool reported = false;
        while (process.StandardError.ReadLine() is string text)
        {
            log.WriteLine(text);
            FuzzerLine line = FuzzerLine.Parse(text);
            of.Add(line, before);
            reported |= line.IsFinding;
            lineRead();
        }

        process.WaitForExit();
        return process.ExitCode == 0 || reported
            ? process.ExitCode == 0
            : throw new FuzzFailureException(
                $"{target.Name} ended with exit code {process.ExitCode} and no finding; see {target.Work}/log.txt.");
    }
}
