// SPDX-License-Identifier: MIT

using System.CommandLine;
using Spead2.Tools.Output;
using Spead2.Tools.Top;

namespace Spead2.Tools.Commands;

/// <summary>The options of `spead2 top`.</summary>
internal static class TopCommand
{
    private const double DefaultInterval = 1;
    private const double LeastInterval = 0.1;
    private const double MostInterval = 3600;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        Option<double> interval = NumberOption.Real(
            "--interval", "SECONDS", "Time between two looks.", DefaultInterval, LeastInterval, MostInterval);
        Option<string?> folder = new("--folder")
        {
            HelpName = "FOLDER",
            Description = "Look for streams here only, not in the folders of memory.",
        };
        Option<bool> once = new("--once") { Description = "Show the streams once, after one interval, and end." };
        Option<bool> json = CommonOption.Json();
        var command = new Command("top", "Shows the streams that processes on this machine receive, while they change.")
        {
            folder,
            interval,
            once,
            json,
        };
        command.SetAction(parsed => new TopRun(
            parsed.GetValue(folder),
            TimeSpan.FromSeconds(parsed.GetValue(interval)),
            parsed.GetValue(once),
            parsed.GetValue(json),
            terminal).Run());
        return command;
    }
}
