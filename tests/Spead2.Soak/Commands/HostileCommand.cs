// SPDX-License-Identifier: MIT

using System.CommandLine;
using Spead2.Soak.Reports;
using Spead2.Tools;
using Spead2.Tools.Commands;
using Spead2.Tools.Receive;
using Spectre.Console;

namespace Spead2.Soak.Commands;

/// <summary>The command `hostile`.</summary>
internal static class HostileCommand
{
    private const int DefaultSeconds = 10;
    private const double LeastSeconds = 0.5;
    private const double MostSeconds = 24 * 60 * 60;

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        Option<double> seconds = NumberOption.Real(
            "--seconds", "N", "How long, for each engine.", DefaultSeconds, LeastSeconds, MostSeconds);
        Option<ReceiveEngine[]> engines = SoakProgram.Engines();
        Option<long> seed = SoakProgram.Seed();
        Option<bool> json = CommonOption.Json();
        Command command = new(
            "hostile",
            "A sender of random, damaged and malicious packets at full speed beside a good one: the good heaps arrive, "
            + "memory and log stay bounded.")
        {
            seconds, engines, seed, json,
        };
        command.SetAction(parsed => Run(
            SoakProgram.EnginesOf(parsed, engines),
            TimeSpan.FromSeconds(parsed.GetValue(seconds)),
            SoakProgram.SeedOf(parsed, seed),
            parsed.GetValue(json)));
        return command;
    }

    private static int Run(IEnumerable<ReceiveEngine> engines, TimeSpan time, int seed, bool json)
    {
        using CancellationTokenSource cancellation = new();
        using Interrupt interrupt = new(cancellation.Cancel);
        bool holds = true;
        foreach (ReceiveEngine engine in engines)
        {
            HostileResult result = HostileRun.Run(
                new HostileSettings { Engine = engine, Time = time, Seed = seed }, cancellation.Token);
            holds &= !result.Findings.Any();
            if (json)
            {
                HostileReport.WriteJson(Console.Out, result);
            }
            else
            {
                HostileReport.Show(AnsiConsole.Console, result);
            }
        }

        return holds ? ExitCode.Success : ExitCode.Failure;
    }
}
