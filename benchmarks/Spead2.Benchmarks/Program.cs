// SPDX-License-Identifier: MIT

using BenchmarkDotNet.Running;
using Spead2.Benchmarks;
using Spead2.Benchmarks.Assemble;

// For example: dotnet run -c Release --project benchmarks/Spead2.Benchmarks -- --filter '*Codec*'
// The receive path needs threads and measures itself: ... -- assemble
if (args is ["assemble", ..])
{
    AssembleBenchmark.Run(args[1..]);
}
else
{
    BenchmarkSwitcher.FromAssembly(typeof(BenchmarkConfig).Assembly).Run(args, new BenchmarkConfig());
}
