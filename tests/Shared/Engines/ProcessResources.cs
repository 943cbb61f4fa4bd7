// SPDX-License-Identifier: MIT

namespace Spead2.Testing.Engines;

/// <summary>What this process holds of the things that native streams use.</summary>
internal readonly record struct ProcessResources(ulong HeapBytes, int Descriptors, int NativeThreads)
{
    /// <summary>The state now. Where the system does not say it, the test is skipped.</summary>
    public static ProcessResources Now
    {
        get
        {
            if (!OperatingSystem.IsLinux())
            {
                Assert.Ignore("There is no /proc that says what a process holds.");
            }

            return new(
                EngineMemory.Bytes,
                Directory.GetFileSystemEntries("/proc/self/fd").Count(IsSocketOrEvent),
                Directory.GetDirectories("/proc/self/task").Count(IsNative));
        }
    }

    /// <summary>Waits until the process holds no more than this; runs finalizers for that.</summary>
    public void AwaitAgain()
    {
        ProcessResources before = this;
        ProcessResources after = this;
        Poll.Until(
            () =>
            {
                Garbage.Collect();
                after = Now;
                return after.IsWithin(before);
            },
            () => $"{after} is no more than {before}");
    }

    private bool IsWithin(ProcessResources other) =>
        HeapBytes <= other.HeapBytes && Descriptors <= other.Descriptors && NativeThreads <= other.NativeThreads;

    /// <summary>Leaves out the files that .NET has open for assemblies, which come and go.</summary>
    private static bool IsSocketOrEvent(string descriptor) =>
        new FileInfo(descriptor).LinkTarget is { } target &&
        (target.StartsWith("socket:", StringComparison.Ordinal) ||
            target.StartsWith("anon_inode:", StringComparison.Ordinal));

    private static bool IsNative(string task)
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
