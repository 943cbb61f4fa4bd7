// SPDX-License-Identifier: MIT

using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;

namespace Spead2.Benchmarks;

/// <summary>
/// How all benchmarks run: within this process, so that none is built at run time, and short enough that a class is
/// done in less than a minute. Results also go to files in artifacts/benchmarks, below the working directory.
/// </summary>
internal sealed class BenchmarkConfig : ManualConfig
{
    private const int Warmups = 3;
    private const int Iterations = 7;
    private const int FewIterations = 3;
    private const double IterationMilliseconds = 200;
    private const double ShortMilliseconds = 60;

    /// <param name="logger">Where it says what it does.</param>
    /// <param name="isQuick">Whether less exact results will do.</param>
    public BenchmarkConfig(ILogger logger, bool isQuick = false)
    {
        AddJob(Job.Default
            .WithId("Short")
            .WithToolchain(InProcessEmitToolchain.Instance)
            .WithWarmupCount(Warmups)
            .WithIterationCount(isQuick ? FewIterations : Iterations)
            .WithIterationTime(TimeInterval.FromMilliseconds(isQuick ? ShortMilliseconds : IterationMilliseconds)));
        AddColumnProvider(DefaultColumnProviders.Instance);
        AddColumn(new ThroughputColumn());
        AddDiagnoser(MemoryDiagnoser.Default);
        AddLogger(logger);
        AddExporter(MarkdownExporter.GitHub);
        ArtifactsPath = Path.Combine("artifacts", "benchmarks");
    }
}
