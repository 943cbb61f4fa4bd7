// SPDX-License-Identifier: MIT

using System.CommandLine;
using Spead2.Tools.Demo;
using Spead2.Tools.Output;
using Spead2.Tools.Receive;

namespace Spead2.Tools.Commands;

/// <summary>The options of `spead2 demo`.</summary>
internal static class DemoCommand
{
    private const long DefaultHeaps = 1000;

    // Well below what loopback carries, so that a busy machine with little socket buffer loses nothing, either.
    private const double DefaultRate = 1;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        Option<long> heaps = CommonOption.Heaps(DefaultHeaps);
        Option<long> heapSize = CommonOption.HeapSize();
        Option<double> rate = CommonOption.Rate(DefaultRate);
        Option<ReceiveEngine> engine = CommonOption.Engine();
        Option<bool> json = CommonOption.Json();
        var command = new Command("demo", "Sends heaps from one process to another over loopback, and checks them.")
        {
            heaps,
            heapSize,
            rate,
            engine,
            json,
        };
        command.SetAction((parsed, _) => new DemoRun(
            new DemoSettings(
                parsed.GetValue(heaps),
                parsed.GetValue(heapSize),
                parsed.GetValue(rate),
                parsed.GetRequiredValue(engine).Name,
                parsed.GetValue(json)),
            terminal).RunAsync());
        return command;
    }
}
