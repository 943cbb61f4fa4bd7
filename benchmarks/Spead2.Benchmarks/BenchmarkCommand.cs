// SPDX-License-Identifier: MIT

using System.CommandLine;
using Spead2.Benchmarks.Assemble;
using Spead2.Benchmarks.Report;
using Spead2.Benchmarks.Udp;

namespace Spead2.Benchmarks;

/// <summary>The command line of the benchmarks.</summary>
internal static class BenchmarkCommand
{
    private const int MinimumRepeats = 3;

    private static readonly Option<bool> Quick = new("--quick") { Description = "Fewer repetitions." };

    private static readonly Option<bool> Json = new("--json") { Description = "Print JSON lines instead of tables." };

    /// <summary>Runs what the arguments ask for, and gives the exit code.</summary>
    public static int Run(string[] arguments)
    {
        RootCommand root = new("Benchmarks of the engines and of the .NET parts.")
        {
            All(), Report(), Assemble(), Start(), Udp(),
        };
        foreach ((string name, Type type) in DotNetBenchmarks.Classes)
        {
            Command command = new(name, $"Runs {type.Name} with BenchmarkDotNet.") { Quick, Json };
            command.SetAction(parsed => DotNetBenchmarks.Run(name, parsed.GetValue(Quick), Printer(parsed)));
            root.Subcommands.Add(command);
        }

        return root.Parse(arguments is [] ? ["--help"] : arguments).Invoke();
    }

    private static RowPrinter Printer(ParseResult parsed) => new(parsed.GetValue(Json));

    private static Command All()
    {
        Option<string[]> only = new("--only")
        {
            HelpName = "PART",
            Description = $"Only these parts; the others keep the results that they had: {string.Join(", ", Parts.Names)}.",
            AllowMultipleArgumentsPerToken = true,
        };
        only.AcceptOnlyFromAmong([.. Parts.Names]);
        Option<string> programs = ProgramsOption();
        Option<string> raw = RawOption();
        Option<string> results = ResultsOption();
        Command command = new("all", "Runs all benchmarks, also the C programs, and writes a report with plots.")
        {
            Quick, only, programs, raw, results,
        };
        command.SetAction(parsed =>
        {
            string folder = parsed.GetRequiredValue(raw);
            string[] chosen = parsed.GetValue(only) is { Length: > 0 } names ? names : [.. Parts.Names];
            Parts.Run(chosen, parsed.GetRequiredValue(programs), folder, parsed.GetValue(Quick));
            Console.WriteLine(MarkdownReport.Write(folder, parsed.GetRequiredValue(results)));
        });
        return command;
    }

    private static Command Report()
    {
        Option<string> raw = RawOption();
        Option<string> results = ResultsOption();
        Command command = new("report", "Writes the report anew from the JSON lines of the latest runs.") { raw, results };
        command.SetAction(parsed => Console.WriteLine(
            MarkdownReport.Write(parsed.GetRequiredValue(raw), parsed.GetRequiredValue(results))));
        return command;
    }

    private static Command Assemble()
    {
        Option<int[]> heaps = Numbers("--heap", "BYTES", "Heap sizes.", 64 << 10, 1 << 20);
        Option<int[]> payloads = Numbers("--payload", "BYTES", "Payloads per packet, divisors of the heap sizes.", 1 << 10, 8 << 10);
        Option<int> repeats = new("--repeats")
        {
            HelpName = "N",
            Description = "Repetitions of each method.",
            DefaultValueFactory = _ => 101,
        };
        Command command = new("assemble", "Receives from memory with both engines, next to a plain copy.")
        {
            heaps, payloads, repeats, Json,
        };
        command.Validators.Add(parsed =>
        {
            bool divides = parsed.GetRequiredValue(heaps).All(heap =>
                parsed.GetRequiredValue(payloads).All(payload => heap % payload == 0));
            if (!divides)
            {
                parsed.AddError("Each heap size must be a multiple of each --payload.");
            }
        });
        command.SetAction(parsed =>
        {
            AssembleBenchmark benchmark = new(Printer(parsed));
            foreach (int heap in parsed.GetRequiredValue(heaps))
            {
                foreach (int payload in parsed.GetRequiredValue(payloads))
                {
                    benchmark.Run(heap, payload, Math.Max(MinimumRepeats, parsed.GetValue(repeats)));
                }
            }
        });
        return command;
    }

    private static Command Start()
    {
        Command command = new("start", "Receives the first heap of a process with the managed port.") { Json };
        command.SetAction(parsed => StartBenchmark.Run(Printer(parsed)));
        return command;
    }

    private static Command Udp()
    {
        Option<int[]> payloads = Numbers("--payload", "BYTES", "Payloads per packet.", 1 << 10, 8 << 10);
        Option<int[]> rates = Numbers("--rates", "GBIT/S", "Gigabits of packets per second.", 2, 5, 10, 15, 20);
        Option<int> runs = new("--runs") { HelpName = "N", Description = "Runs of each.", DefaultValueFactory = _ => 5 };
        Option<double> seconds = new("--seconds")
        {
            HelpName = "S",
            Description = "Length of a run.",
            DefaultValueFactory = _ => 0.3,
        };
        Command command = new("udp", "Receives over loopback with both engines. Linux, two processors.")
        {
            payloads, rates, runs, seconds, Json,
        };
        command.SetAction(parsed =>
        {
            UdpBenchmark benchmark = new(Printer(parsed));
            foreach (int payload in parsed.GetRequiredValue(payloads))
            {
                benchmark.Run(
                    payload,
                    [.. parsed.GetRequiredValue(rates).Select(rate => (double)rate)],
                    parsed.GetValue(runs),
                    parsed.GetValue(seconds));
            }
        });
        return command;
    }

    private static Option<int[]> Numbers(string name, string helpName, string description, params int[] byDefault)
    {
        Option<int[]> option = new(name)
        {
            HelpName = helpName,
            Description = description,
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => byDefault,
        };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int[]>().Any(number => number < 1))
            {
                result.AddError($"{name} must be at least 1.");
            }
        });
        return option;
    }

    private static Option<string> ProgramsOption() => new("--programs")
    {
        HelpName = "FOLDER",
        Description = "Where the C programs are.",
        DefaultValueFactory = _ => "build/linux-x64/native/bench",
    };

    private static Option<string> RawOption() => new("--raw")
    {
        HelpName = "FOLDER",
        Description = "Where the JSON lines go.",
        DefaultValueFactory = _ => "artifacts/benchmarks",
    };

    private static Option<string> ResultsOption() => new("--results")
    {
        HelpName = "FOLDER",
        Description = "Where the report goes.",
        DefaultValueFactory = _ => "benchmarks/results",
    };
}
