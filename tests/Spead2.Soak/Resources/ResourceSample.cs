// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Spead2.Soak.Receiving;
using Spead2.Tools.Receive;

namespace Spead2.Soak.Resources;

/// <summary>What this process holds at one moment.</summary>
/// <param name="Seconds">Since the start of the run.</param>
/// <param name="Resident">Bytes in memory, of the whole process.</param>
/// <param name="Memory">What the engine holds for heaps.</param>
/// <param name="ManagedBytes">Bytes that the garbage collector has reserved.</param>
/// <param name="Descriptors">Open sockets, pipes and events.</param>
/// <param name="EngineThreads">Threads of engines.</param>
/// <param name="Received">Datagrams received so far.</param>
/// <param name="IsQuiet">Whether there was no stream.</param>
internal readonly partial record struct ResourceSample(
    double Seconds,
    long Resident,
    EngineMemory Memory,
    long ManagedBytes,
    int Descriptors,
    int EngineThreads,
    long Received,
    bool IsQuiet)
{
    private static readonly string[] Counted = ["socket:", "pipe:", "anon_inode:"];

    /// <summary>Takes a sample. Where it is quiet, malloc first gives back what it keeps for later.</summary>
    public static ResourceSample Take(ReceiveEngine engine, long start, long received, bool isQuiet)
    {
        if (isQuiet)
        {
            _ = malloc_trim(0);
        }

        return new(
            Stopwatch.GetElapsedTime(start).TotalSeconds,
            ResidentBytes(),
            EngineMemory.Of(engine),
            GC.GetTotalMemory(forceFullCollection: false),
            Directory.GetFileSystemEntries("/proc/self/fd").Count(IsCounted),
            Directory.GetDirectories("/proc/self/task").Count(IsOfEngine),
            received,
            isQuiet);
    }

    /// <summary>Bytes of the process that are in memory.</summary>
    public static long ResidentBytes() =>
        long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1], CultureInfo.InvariantCulture)
        * Environment.SystemPageSize;

    [LibraryImport("libc")]
    private static partial int malloc_trim(nuint pad);

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
