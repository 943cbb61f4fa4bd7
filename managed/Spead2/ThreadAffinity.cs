// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Spead2;

/// <summary>Binds threads to processors, which .NET has no function for.</summary>
internal static unsafe partial class ThreadAffinity
{
    // Bits of Linux's cpu_set_t.
    private const int MostProcessors = 1024;

    private const int BitsPerWord = 64;
    private const int InvalidArgument = 22;

    /// <summary>Binds the calling thread to a processor; says why not if that fails.</summary>
    /// <param name="cpu">Not negative.</param>
    /// <param name="osCode">The operating system's number; 0 if it was not asked.</param>
    public static string? BindThisThread(int cpu, out int osCode)
    {
        osCode = 0;
        if (OperatingSystem.IsLinux())
        {
            osCode = BindOnLinux(cpu);
        }
        else if (!OperatingSystem.IsWindows())
        {
            return "not supported on this system";
        }
        else if (cpu >= nuint.Size * 8)
        {
            return "only the processors of the first group can be chosen";
        }
        else
        {
            bool done = SetThreadAffinityMask(GetCurrentThread(), (nuint)1 << cpu) != 0;
            osCode = done ? 0 : Marshal.GetLastPInvokeError();
        }

        return osCode == 0 ? null : Marshal.GetPInvokeErrorMessage(osCode);
    }

    private static int BindOnLinux(int cpu)
    {
        if (cpu >= MostProcessors)
        {
            return InvalidArgument;
        }

        ulong* mask = stackalloc ulong[MostProcessors / BitsPerWord];
        mask[cpu / BitsPerWord] = 1UL << (cpu % BitsPerWord);
        return sched_setaffinity(0, MostProcessors / 8, mask) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int sched_setaffinity(int pid, nuint size, ulong* mask);

    [LibraryImport("kernel32")]
    private static partial nint GetCurrentThread();

    [LibraryImport("kernel32", SetLastError = true)]
    private static partial nuint SetThreadAffinityMask(nint thread, nuint mask);
}
