// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.CommandLine.Help;
using Spead2.Differential.Engines;

namespace Spead2.Differential;

/// <summary>The program: as many seeds as wanted, or one trace again.</summary>
internal sealed class DifferentialCommand
{
    private const int Agreement = 0;
    private const int Difference = 1;
    private const int UserError = 2;

    private readonly Option<ulong> _seed = new("--seed")
    {
        HelpName = "N",
        Description = $"The first seed; by default {Seeds.Variable}, or {Seeds.DefaultFirst} without that.",
        DefaultValueFactory = _ => Seeds.First,
    };

    private readonly Option<int> _seeds = new("--seeds")
    {
        HelpName = "N",
        Description = "How many seeds.",
        DefaultValueFactory = _ => Seeds.DefaultCount,
    };

    private readonly Option<string[]> _engines = new("--engine")
    {
        HelpName = "NAME",
        Description =
            $"Only this engine ({string.Join(", ", EngineList.All.Select(engine => engine.Name))}); may be repeated.",
        DefaultValueFactory = _ => [],
    };

    private readonly Option<string> _replay = new("--replay")
    {
        HelpName = "FILE",
        Description = "Instead of seeds, a trace that was saved.",
    };

    private readonly Option<string> _output = new("--output")
    {
        HelpName = "FOLDER",
        Description = "Where traces with a difference are saved.",
        DefaultValueFactory = _ => "artifacts/differential",
    };

    private readonly Option<bool> _chunks = new("--chunks")
    {
        Description = "Place the heaps in chunks, of one stream and of groups, and compare these.",
    };

    private readonly Option<bool> _answer = new(ChunkProgram.Argument) { Hidden = true };

    private readonly Option<bool> _json = new("--json") { Description = "Print JSON, one object per line." };

    /// <summary>Runs the program and gives its exit code: 0 agreement, 1 a difference, 2 wrong arguments.</summary>
    public static int Run(string[] arguments)
    {
        var options = new DifferentialCommand();
        var command = new Command(
            "differential", "Gives the same packets to each engine and to a naive model, and compares what comes out.")
        {
            new HelpOption(), options._seed, options._seeds, options._engines, options._chunks, options._replay,
            options._output, options._json, options._answer,
        };
        command.SetAction(options.Run);
        ParseResult parsed = command.Parse(arguments);
        try
        {
            return parsed.Errors.Count > 0
                ? Refuse(parsed.Errors[0].Message)
                : parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (Exception e)
            when (e is ArgumentException or FormatException or IOException or UnauthorizedAccessException)
        {
            return Refuse(e.Message);
        }
    }

    private static int Refuse(string message)
    {
        Console.Error.WriteLine(message);
        return UserError;
    }

    private int Run(ParseResult parsed)
    {
        if (parsed.GetValue(_answer))
        {
            ChunkProgram.Answer(ChunkEngineList.Named(["core"])[0], Console.In, Console.Out);
            return Agreement;
        }

        string[] names = parsed.GetRequiredValue(_engines);
        string folder = parsed.GetRequiredValue(_output);
        string? file = parsed.GetValue(_replay);
        if (parsed.GetValue(_chunks))
        {
            IReadOnlyList<IChunkEngine> chunkEngines = ChunkEngineList.Named(names);
            ChunkTrace? chunks = file is null ? null : ChunkTraceFile.Parse(File.ReadLines(file));
            return chunks is not null
                ? Replay(chunkEngines.Select(engine => (engine.Name, engine.Differences(chunks))))
                : Check(parsed, new ChunkSeedCheck(chunkEngines, folder), chunkEngines.Select(engine => engine.Name));
        }

        IReadOnlyList<IEngine> engines = EngineList.Named(names);
        Trace? trace = file is null ? null : TraceFile.Read(file);
        return trace is not null
            ? Replay(engines.Select(engine => (engine.Name, SeedCheck.Differences(engine, trace))))
            : Check(parsed, new SeedCheck(engines, folder), engines.Select(engine => engine.Name));
    }

    private int Check(ParseResult parsed, ISeedCheck check, IEnumerable<string> engines)
    {
        var run = new SeedRun(check, parsed.GetValue(_seed), parsed.GetValue(_seeds));
        string[] names = [.. engines];
        if (parsed.GetValue(_json))
        {
            new JsonSeedReport(Console.Out).Show(run, names);
        }
        else
        {
            TextSeedReport.Show(run, names);
        }

        return run.Disagreements.Count == 0 ? Agreement : Difference;
    }

    private static int Replay(IEnumerable<(string Engine, IReadOnlyList<string> Differences)> replays)
    {
        int exitCode = Agreement;
        foreach ((string engine, IReadOnlyList<string> differences) in replays)
        {
            Console.WriteLine($"{engine}: {(differences.Count == 0 ? "as the model" : "not as the model")}");
            foreach (string difference in differences)
            {
                Console.WriteLine($"  {difference}");
                exitCode = Difference;
            }
        }

        return exitCode;
    }
}
