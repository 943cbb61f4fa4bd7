// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.Globalization;
using Spead2.Soak.Reports;
using Spead2.Soak.Resources;
using Spead2.Tools;
using Spead2.Tools.Commands;
using Spead2.Tools.Output;
using Spead2.Tools.Receive;
using Spectre.Console;

namespace Spead2.Soak.Commands;

/// <summary>The options of a soak.</summary>
internal sealed class SoakCommand
{
    /// <summary>What it does.</summary>
    public const string Description =
        "Receives for a long time from an honest sender behind a bad network and from a hostile one, with streams that "
        + "stop and begin again. In the end every datagram is accounted for, and nothing has grown.";

    private const double BytesPerMegabit = 1e6 / 8;

    // Each engine gets a part of the time, in which a stream or two shall fit; a year is forever.
    private const double LeastMinutes = 0.05;
    private const double MostMinutes = 365 * 24 * 60;
    private const double LeastLife = 0.01;

    private readonly Option<double> _minutes = NumberOption.Real(
        "--minutes", "N", "How long, of all engines together.", 15, LeastMinutes, MostMinutes);

    private readonly Option<ReceiveEngine[]> _engines = SoakProgram.Engines();

    private readonly Option<long> _seed = SoakProgram.Seed();

    private readonly Option<double> _rate = NumberOption.Real(
        "--rate",
        "MBIT/S",
        "Megabits of packets per second of the honest sender; the hostile one has a quarter. 0: as fast as possible.",
        320);

    private readonly Option<double> _life = NumberOption.Real(
        "--life", "SECONDS", "Longest life of a stream.", SoakSettings.DefaultLongestLife.TotalSeconds, LeastLife);

    private readonly Option<bool> _chunks = new("--chunks")
    {
        Description = "Place heaps in chunks, with groups of three streams that stop and begin again; no hostile sender.",
    };

    private readonly Option<string> _output = new("--output")
    {
        HelpName = "FOLDER",
        Description = "Where the reports are saved.",
        DefaultValueFactory = _ => "artifacts/soak",
    };

    private readonly Option<bool> _json = CommonOption.Json();

    /// <summary>Makes it what a command does.</summary>
    public static void AddTo(Command command)
    {
        var options = new SoakCommand();
        foreach (Option option in (Option[])[
            options._minutes, options._engines, options._seed, options._rate, options._life,
            options._chunks, options._output, options._json])
        {
            command.Options.Add(option);
        }

        command.SetAction(options.Run);
    }

    private int Run(ParseResult parsed)
    {
        Terminal terminal = SoakProgram.NewTerminal();
        ReceiveEngine[] engines = SoakProgram.EnginesOf(parsed, _engines);
        double bytesPerSecond = parsed.GetValue(_rate) * BytesPerMegabit;
        bool json = parsed.GetValue(_json);
        using CancellationTokenSource cancellation = new();
        using Interrupt interrupt = new(cancellation.Cancel);
        bool holds = true;
        foreach (ReceiveEngine engine in engines)
        {
            SoakSettings settings = new()
            {
                Engine = engine,
                IsOfChunks = parsed.GetValue(_chunks),
                Time = TimeSpan.FromMinutes(parsed.GetValue(_minutes) / engines.Length),
                Seed = SoakProgram.SeedOf(parsed, _seed),
                LongestLife = TimeSpan.FromSeconds(parsed.GetValue(_life)),
                BytesPerSecond = bytesPerSecond,
                HostileBytesPerSecond = bytesPerSecond / 4,
            };
            SoakResult result = json || !terminal.IsWatched
                ? Run(settings, _ => { }, cancellation.Token)
                : RunWatched(AnsiConsole.Console, settings, cancellation.Token);
            holds &= result.Holds;
            string file = SoakReport.Save(result, parsed.GetRequiredValue(_output));
            if (json)
            {
                SoakReport.WriteJson(Console.Out, result);
            }
            else
            {
                SoakReport.Show(AnsiConsole.Console, result);
                AnsiConsole.Console.WriteLine($"{file} and its plot have been written.");
            }
        }

        return holds ? ExitCode.Success : ExitCode.Failure;
    }

    private static SoakResult Run(
        SoakSettings settings, Action<ResourceSample> progress, CancellationToken cancellation)
    {
        if (settings.IsOfChunks)
        {
            using ChunkSoakRun chunks = new(settings);
            return chunks.Run(progress, cancellation);
        }

        using SoakRun run = new(settings);
        return run.Run(progress, cancellation);
    }

    private static SoakResult RunWatched(
        IAnsiConsole console, SoakSettings settings, CancellationToken cancellation) =>
        console.Progress().AutoClear(true).Start(context =>
        {
            ProgressTask task = context.AddTask($"{settings.Engine}", maxValue: settings.Time.TotalSeconds);
            return Run(
                settings,
                sample =>
                {
                    task.Value = sample.Seconds;
                    task.Description = string.Create(
                        CultureInfo.InvariantCulture,
                        $"{settings.Engine}: {Readable.Number(sample.Received)} datagrams, "
                        + $"{Readable.Bytes(sample.Process.Resident)}");
                },
                cancellation);
        });
}
