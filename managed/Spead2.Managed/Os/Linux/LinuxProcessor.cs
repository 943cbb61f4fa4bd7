// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Spead2.Managed.Linux;

/// <summary>Binds threads to processors on Linux.</summary>
internal static unsafe class LinuxProcessor
{
    // Bits of cpu_set_t.
    private const int MostProcessors = 1024;

    private const int BitsPerWord = 64;
    private const int InvalidArgument = 22;

    /// <inheritdoc cref="Processor.BindThisThread"/>
    public static string? BindThisThread(int cpu)
    {
        if (cpu is < 0 or >= MostProcessors)
        {
            return Marshal.GetPInvokeErrorMessage(InvalidArgument);
        }

        ulong* mask = stackalloc ulong[MostProcessors / BitsPerWord];
        mask[cpu / BitsPerWord] = 1UL << (cpu % BitsPerWord);
        return Libc.sched_setaffinity(0, MostProcessors / 8, mask) == 0 ? null : Marshal.GetLastPInvokeErrorMessage();
    }
}
