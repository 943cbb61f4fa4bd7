// SPDX-License-Identifier: MIT

using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using Spead2.Benchmarks;

// For example: dotnet run -c Release --project benchmarks/Spead2.Benchmarks -- all --quick
// What is no command goes to BenchmarkDotNet: ... -- --filter '*Codec*'
return args is [] or ["all" or "assemble" or "udp" or "facade" or "items" or "codecs" or "report" or "--help" or "-h", ..]
    ? BenchmarkCommand.Run(args)
    : RunFiltered(args);

static int RunFiltered(string[] arguments)
{
    BenchmarkSwitcher.FromAssembly(typeof(BenchmarkConfig).Assembly)
        .Run(arguments, new BenchmarkConfig(ConsoleLogger.Default));
    return 0;
}
