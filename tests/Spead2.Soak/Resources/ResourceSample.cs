// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Spead2.Soak.Receiving;
using Spead2.Tools.Receive;

namespace Spead2.Soak.Resources;

/// <summary>What this process holds at one moment.</summary>
/// <param name="Seconds">Since the start of the run.</param>
/// <param name="Process">What the memory of the process is.</param>
/// <param name="Heaps">What the engine holds for heaps.</param>
/// <param name="Descriptors">Open sockets, pipes and events.</param>
/// <param name="EngineThreads">Threads of engines.</param>
/// <param name="Received">Datagrams received so far.</param>
/// <param name="IsQuiet">Whether there was no stream.</param>
internal readonly record struct ResourceSample(
    double Seconds,
    ProcessMemory Process,
    EngineMemory Heaps,
    int Descriptors,
    int EngineThreads,
    long Received,
    bool IsQuiet)
{
    private static readonly string[] Counted = ["socket:", "pipe:", "anon_inode:"];

    /// <summary>Takes a sample. Where it is quiet, garbage is collected first.</summary>
    public static ResourceSample Take(ReceiveEngine engine, long start, long received, bool isQuiet) => new(
        Stopwatch.GetElapsedTime(start).TotalSeconds,
        ProcessMemory.Now(isQuiet),
        EngineMemory.Of(engine),
        Directory.GetFileSystemEntries("/proc/self/fd").Count(IsCounted),
        Directory.GetDirectories("/proc/self/task").Count(IsOfEngine),
        received,
        isQuiet);

    // Not the files that .NET has open for assemblies, which come and go.
    private static bool IsCounted(string descriptor) =>
        new FileInfo(descriptor).LinkTarget is { } target
        && Counted.Any(start => target.StartsWith(start, StringComparison.Ordinal));

    private static bool IsOfEngine(string task)
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "comm")).StartsWith("spead2-", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            // The thread has ended in between.
            return false;
        }
    }
}
