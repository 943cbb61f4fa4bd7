// SPDX-License-Identifier: MIT

namespace Spead2.Testing.Engines;

/// <summary>Garbage collections, where a test wants them.</summary>
internal static class Garbage
{
    /// <summary>Collects and moves all that can be moved, and runs finalizers.</summary>
    public static void Collect()
    {
        Compact();
        GC.WaitForPendingFinalizers();
    }

    /// <summary>Collects and moves all that can be moved.</summary>
    public static void Compact() =>
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);

    /// <summary>Begins to do the same on another thread.</summary>
    public static Task CompactMeanwhile() => Task.Factory.StartNew(Compact, TaskCreationOptions.LongRunning);
}
