// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Spead2.Benchmarks.Assemble;
using Spead2.Benchmarks.Report;
using Spead2.Benchmarks.Udp;
using Spead2.Tools;
using Spead2.Tools.Commands;

namespace Spead2.Benchmarks;

/// <summary>The command line of the benchmarks.</summary>
internal static class BenchmarkCommand
{
    private const int MinimumRepeats = 3;
    private const int MaximumRepeats = 100_000;
    private const double LeastSeconds = 0.01;
    private const double MostSeconds = 3600;

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

        ParseResult parsed = root.Parse(arguments is [] ? ["--help"] : arguments);
        if (parsed.Errors is [.., { Message: string wrong }])
        {
            return Refuse(wrong);
        }

        try
        {
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (Exception e) when (
            e is UserErrorException or IOException or UnauthorizedAccessException or Spead2Exception)
        {
            return Refuse(e.Message);
        }
    }

    private static int Refuse(string message)
    {
        Console.Error.WriteLine(message);
        return ExitCode.UserError;
    }

    private static RowPrinter Printer(ParseResult parsed) => new(parsed.GetValue(Json));

    private static Command All()
    {
        Option<string[]> only = new("--only")
        {
            HelpName = "PART",
            Description =
                $"Only these parts; the others keep the results that they had: {string.Join(", ", Parts.Names)}.",
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
        Command command = new("report", "Writes the report again from the JSON lines of the latest runs.")
        {
            raw, results,
        };
        command.SetAction(parsed => Console.WriteLine(
            MarkdownReport.Write(parsed.GetRequiredValue(raw), parsed.GetRequiredValue(results))));
        return command;
    }

    private static Command Assemble()
    {
        Option<int[]> heaps = Numbers("--heap", "BYTES", "Heap sizes.", 64 << 10, 1 << 20);
        Option<int[]> payloads = Numbers(
            "--payload", "BYTES", "Payloads per packet, divisors of the heap sizes.", 1 << 10, 8 << 10);
        Option<long> repeats = NumberOption.Whole(
            "--repeats", "N", "Repetitions of each method.", 101, MinimumRepeats, MaximumRepeats);
        Command command = new("assemble", "Receives from memory with both engines, next to a plain copy.")
        {
            heaps, payloads, repeats, Json,
        };
        command.SetAction(parsed =>
        {
            if (parsed.GetRequiredValue(heaps).Any(
                heap => parsed.GetRequiredValue(payloads).Any(payload => heap % payload != 0)))
            {
                throw new UserErrorException("Each --heap must be a multiple of each --payload.");
            }

            AssembleBenchmark benchmark = new(Printer(parsed));
            foreach (int heap in parsed.GetRequiredValue(heaps))
            {
                foreach (int payload in parsed.GetRequiredValue(payloads))
                {
                    benchmark.Run(heap, payload, (int)parsed.GetValue(repeats));
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
        Option<long> runs = NumberOption.Whole("--runs", "N", "Runs of each.", 5, 1, MaximumRepeats);
        Option<double> seconds = NumberOption.Real(
            "--seconds", "S", "Length of a run.", 0.3, LeastSeconds, MostSeconds);
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
                    (int)parsed.GetValue(runs),
                    parsed.GetValue(seconds));
            }
        });
        return command;
    }

    private static Option<int[]> Numbers(string name, string helpName, string description, params int[] byDefault)
    {
        return new(name)
        {
            HelpName = helpName,
            Description = description,
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => byDefault,
            CustomParser = result => [.. result.Tokens.Select(token => Number(result, token.Value))],
        };

        int Number(ArgumentResult result, string text)
        {
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0)
            {
                return number;
            }

            result.AddError($"{name} must be whole numbers from 1 to {int.MaxValue}, not '{text}'.");
            return 1;
        }
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
