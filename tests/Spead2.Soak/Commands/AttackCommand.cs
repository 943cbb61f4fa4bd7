// SPDX-License-Identifier: MIT

using System.CommandLine;
using Spead2.Receive;
using Spead2.Soak.Reports;
using Spead2.Tools;
using Spead2.Tools.Commands;
using Spead2.Tools.Receive;
using Spectre.Console;

namespace Spead2.Soak.Commands;

/// <summary>The command `attack`.</summary>
internal static class AttackCommand
{
    private const int DefaultHeaps = 1000;
    private const int MostHeaps = 1_000_000;
    private const int ManyHeaps = 64;

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        Option<long> heaps = NumberOption.Whole(
            "--heaps", "N", "How many good heaps, for each engine.", DefaultHeaps, 1, MostHeaps);
        Option<ReceiveEngine[]> engines = SoakProgram.Engines();
        Option<bool> json = CommonOption.Json();
        Command command = new(
            "attack",
            "Heaps of 1 MiB at 0.8 Gb/s, and to the same port 1,000 datagrams a second of each of three kinds that ask "
            + "for much memory: all good heaps arrive, and memory stays bounded.")
        {
            heaps, engines, json,
        };
        command.SetAction(parsed => Run(
            SoakProgram.EnginesOf(parsed, engines), (int)parsed.GetValue(heaps), parsed.GetValue(json)));
        return command;
    }

    private static int Run(IEnumerable<ReceiveEngine> engines, int heaps, bool json)
    {
        bool holds = true;
        foreach (ReceiveEngine engine in engines)
        {
            AttackSettings[] runs =
            [
                new() { Engine = engine, Heaps = heaps, MaxHeaps = ManyHeaps },
                new()
                {
                    Engine = engine,
                    Heaps = heaps,
                    MaxHeaps = ReceiveStreamOptions.DefaultMaxHeaps,
                    ReusesCnts = true,
                },
            ];
            foreach (AttackResult result in runs.Select(AttackRun.Run))
            {
                holds &= !result.Findings.Any();
                if (json)
                {
                    AttackReport.WriteJson(Console.Out, result);
                }
                else
                {
                    AttackReport.Show(AnsiConsole.Console, result);
                }
            }
        }

        return holds ? ExitCode.Success : ExitCode.Failure;
    }
}
