// SPDX-License-Identifier: MIT

using BenchmarkDotNet.Running;
using Spead2.Benchmarks;

// For example: dotnet run -c Release --project benchmarks/Spead2.Benchmarks -- --filter '*Codec*'
BenchmarkSwitcher.FromAssembly(typeof(BenchmarkConfig).Assembly).Run(args, new BenchmarkConfig());
