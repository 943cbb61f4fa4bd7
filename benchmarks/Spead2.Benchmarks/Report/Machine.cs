// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Spead2.Benchmarks.Report;

/// <summary>What the numbers were measured on.</summary>
internal static partial class Machine
{
    /// <summary>The processor's name.</summary>
    public static string Processor => CpuInfo("model name");

    /// <summary>Names and values.</summary>
    public static IEnumerable<(string Name, string Value)> Facts =>
    [
        ("Processor", $"{Processor}, family {CpuInfo("cpu family")}, model {CpuInfo("model")}; "
            + $"{Environment.ProcessorCount} processors, cache {CpuInfo("cache size")}"
            + (File.ReadAllText("/proc/cpuinfo").Contains(" hypervisor", StringComparison.Ordinal)
                ? "; a virtual machine" : "")),
        ("Memory", $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30} GiB"),
        ("System", $"{RuntimeInformation.OSDescription}, kernel {FirstLineOf("/proc/sys/kernel/osrelease")}"),
        ("C compiler", OutputOf("gcc", "--version")),
        (".NET", $"{RuntimeInformation.FrameworkDescription}, SDK {OutputOf("dotnet", "--version")}"),
        ("Source", OutputOf("git", "describe", "--always", "--dirty")),
    ];

    /// <summary>The processor's name for files.</summary>
    public static string FileName =>
        NotInNames().Replace(Processor.ToLowerInvariant(), "-").Trim('-');

    private static string CpuInfo(string name) => File.ReadLines("/proc/cpuinfo")
        .FirstOrDefault(line => line.Split(':')[0].Trim() == name)?.Split(':', 2)[1].Trim() ?? "unknown";

    private static string FirstLineOf(string file) => File.ReadLines(file).First();

    private static string OutputOf(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(
                new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
            return process.StandardOutput.ReadLine() ?? "unknown";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "unknown";
        }
    }

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex NotInNames();
}
