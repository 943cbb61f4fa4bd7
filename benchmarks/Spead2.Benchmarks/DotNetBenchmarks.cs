// SPDX-License-Identifier: MIT

using System.Reflection;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Parameters;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace Spead2.Benchmarks;

/// <summary>Runs a class of benchmarks with BenchmarkDotNet, and gives its results as rows.</summary>
internal static class DotNetBenchmarks
{
    /// <summary>What can be run, by the name on the command line.</summary>
    public static IReadOnlyDictionary<string, Type> Classes { get; } = new Dictionary<string, Type>
    {
        ["facade"] = typeof(FacadeBenchmarks),
        ["items"] = typeof(ItemGroupBenchmarks),
        ["codecs"] = typeof(CodecBenchmarks),
    };

    /// <summary>Runs a class.</summary>
    /// <exception cref="InvalidOperationException">A benchmark failed.</exception>
    public static void Run(string name, bool isQuick, RowPrinter printer)
    {
        Console.Error.WriteLine($"{Classes[name].Name}: up to a minute and a half");
        Summary summary = BenchmarkRunner.Run(Classes[name], new BenchmarkConfig(NullLogger.Instance, isQuick));
        foreach (BenchmarkCase benchmark in summary.BenchmarksCases)
        {
            BenchmarkReport report = summary[benchmark]
                ?? throw new InvalidOperationException($"{benchmark.DisplayInfo} has no result.");
            if (!report.Success || report.ResultStatistics is not { } statistics)
            {
                throw new InvalidOperationException($"{benchmark.DisplayInfo} failed.");
            }

            List<(string Name, object Value)> fields =
                [("bench", name), ("method", benchmark.Descriptor.WorkloadMethod.Name)];
            foreach (ParameterInstance parameter in benchmark.Parameters.Items)
            {
                fields.Add((parameter.Name, parameter.Value));
            }

            fields.Add(("ns", statistics.Median));
            fields.Add(("min", statistics.Min));
            fields.Add(("max", statistics.Max));
            fields.Add(("allocated_bytes", report.GcStats.GetBytesAllocatedPerOperation(benchmark) ?? 0));
            if (benchmark.Descriptor.WorkloadMethod.GetCustomAttribute<ThroughputAttribute>() is { } throughput)
            {
                fields.Add(("gb_per_s", throughput.Bytes / statistics.Median));
            }

            printer.Print(Row.Of([.. fields]));
        }
    }
}
