// SPDX-License-Identifier: MIT

using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using Spead2.Benchmarks;

// For example: dotnet run -c Release --project benchmarks/Spead2.Benchmarks -- all --quick
// Options without a command go to BenchmarkDotNet: ... -- --filter '*Codec*'
return args is [['-', ..] and not ("--help" or "-h"), ..] ? RunFiltered(args) : BenchmarkCommand.Run(args);

static int RunFiltered(string[] arguments)
{
    BenchmarkSwitcher.FromAssembly(typeof(BenchmarkConfig).Assembly)
        .Run(arguments, new BenchmarkConfig(ConsoleLogger.Default));
    return 0;
}
