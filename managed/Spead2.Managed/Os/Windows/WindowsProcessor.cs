// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Spead2.Managed.Windows;

/// <summary>Binds threads to processors on Windows.</summary>
[SupportedOSPlatform("windows")]
internal static partial class WindowsProcessor
{
    /// <inheritdoc cref="Processor.BindThisThread"/>
    public static string? BindThisThread(int cpu)
    {
        if (cpu >= nuint.Size * 8)
        {
            return "only the processors of the first group can be chosen";
        }

        return SetThreadAffinityMask(GetCurrentThread(), (nuint)1 << cpu) != 0
            ? null
            : Marshal.GetLastPInvokeErrorMessage();
    }

    [LibraryImport("kernel32")]
    private static partial nint GetCurrentThread();

    [LibraryImport("kernel32", SetLastError = true)]
    private static partial nuint SetThreadAffinityMask(nint thread, nuint mask);
}
