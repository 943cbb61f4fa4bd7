// SPDX-License-Identifier: MIT

using Spead2.Managed.Linux;
using Spead2.Managed.Windows;

namespace Spead2.Managed;

/// <summary>Binds threads to processors.</summary>
internal static class Processor
{
    /// <summary>Binds the calling thread to a processor; says why not if that fails.</summary>
    public static string? BindThisThread(int cpu)
    {
        if (OperatingSystem.IsLinux())
        {
            return LinuxProcessor.BindThisThread(cpu);
        }

        return OperatingSystem.IsWindows() ? WindowsProcessor.BindThisThread(cpu) : "not supported on this system";
    }
}
